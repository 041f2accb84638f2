//! The injected parts: clocks, jitter, quit.

use std::pin::pin;

use proptest::prelude::*;

use super::*;

#[test]
fn a_quit_is_seen_by_every_clone() {
    let quit = Quit::new();
    let other = quit.clone();
    assert!(!other.is_requested());
    assert!(!other.wait(Some(Duration::ZERO)));
    quit.request();
    quit.request();
    assert!(other.is_requested());
    assert!(other.wait(None));
}

#[test]
fn a_quit_ends_a_blocking_sleep_of_the_system_clock_at_once() {
    let quit = Quit::new();
    std::thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            // An hour would be noticed.
            SystemClock.sleep_blocking(secs(3600), pin!(quit.requested()));
            quit.is_requested()
        });
        quit.request();
        assert!(sleeper.join().unwrap());
    });
}

#[test]
fn the_system_clock_sleeps_no_less_than_asked() {
    let began = SystemClock.now();
    let asked = Duration::from_millis(2);
    SystemClock.sleep_blocking(asked, pin!(std::future::pending()));
    assert!(SystemClock.now().duration_since(began) >= asked);
}

#[tokio::test(start_paused = true)]
async fn the_system_clock_agrees_with_paused_time() {
    let began = SystemClock.now();
    SystemClock.sleep(secs(3600)).await;
    let slept = SystemClock.now().duration_since(began);
    assert!((secs(3600)..secs(3601)).contains(&slept), "{slept:?}");
}

#[test]
fn sleeps_beyond_what_a_clock_can_express_are_not_refused() {
    let quit = Quit::new();
    quit.request();
    SystemClock.sleep_blocking(Duration::MAX, pin!(quit.requested()));
    assert_eq!(SeededJitter::new(3).part_of(Duration::ZERO), Duration::ZERO);
    assert!(SystemJitter.part_of(Duration::MAX) <= Duration::MAX);
}

#[test]
fn full_jitter_reaches_every_part_of_the_delay() {
    let jitter = SeededJitter::new(42);
    let mut tenths = [0_u32; 10];
    for _ in 0..10_000 {
        let part = jitter.part_of(secs(10)).as_secs_f64();
        tenths[(part as usize).min(9)] += 1;
    }
    assert!(
        tenths.iter().all(|count| (850..1150).contains(count)),
        "{tenths:?}"
    );
}

#[test]
fn the_same_seed_draws_the_same() {
    let draw = |seed| {
        let jitter = SeededJitter::new(seed);
        [0; 4].map(|_| jitter.part_of(secs(300)))
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

proptest! {
    #[test]
    fn no_part_is_more_than_the_whole(nanos: u64, seed: u64) {
        let delay = Duration::from_nanos(nanos);
        prop_assert!(SeededJitter::new(seed).part_of(delay) <= delay);
        prop_assert!(SystemJitter.part_of(delay) <= delay);
        prop_assert_eq!(NoJitter.part_of(delay), delay);
    }
}
