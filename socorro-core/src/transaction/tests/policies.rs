use proptest::prelude::*;

use super::*;
use crate::error::{Applied, Scope};

#[tokio::test]
async fn v77_limited_makes_one_attempt_more_than_it_has_delays() {
    let bench = Bench::limited(&[2, 4, 6, 10, 15]);
    assert_eq!(bench.failing(5).await, Ok(6));
    assert_eq!(bench.clock.sleeps(), seconds(&[2, 4, 6, 10, 15]));
}

#[tokio::test]
async fn v77_limited_does_not_sleep_before_it_gives_up() {
    let bench = Bench::limited(&[2, 4, 6, 10, 15]);
    let count = Count::default();
    let error = run(&*bench.executor, &SAVE, async |_| {
        count.up();
        Err::<(), _>(unavailable())
    })
    .await
    .unwrap_err();
    assert_eq!(count.get(), 6);
    assert_eq!(bench.clock.sleeps(), seconds(&[2, 4, 6, 10, 15]));
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        "archive: save_raw_crash: connection refused (gave up after 6 attempts in 37s: every delay of the \
         policy has been waited for)"
    );
}

#[tokio::test]
async fn v78_infinite_repeats_its_last_delay() {
    let bench = Bench::infinite(&[10, 30]);
    assert_eq!(bench.failing(5).await, Ok(6));
    assert_eq!(bench.clock.sleeps(), seconds(&[10, 30, 30, 30, 30]));
}

#[tokio::test]
async fn v79_an_error_that_does_not_pass_returns_at_once() {
    for bench in [Bench::limited(&[1]), Bench::infinite(&[1])] {
        let count = Count::default();
        let refused = Error::new(ErrorKind::PermissionDenied, "access denied");
        let outcome = run(&*bench.executor, &SAVE, async |_| {
            count.up();
            Err::<(), _>(refused.clone())
        })
        .await;
        assert_eq!(outcome, Err(refused.in_operation("save_raw_crash")));
        assert_eq!(count.get(), 1);
        assert_eq!(bench.clock.sleeps(), []);
    }
}

#[tokio::test]
async fn v81_delays_and_attempts_of_todays_retry() {
    let bench = Bench::limited(&[2, 2, 2, 2, 2]);
    assert!(bench.failing(u32::MAX).await.is_err());
    assert_eq!(bench.clock.sleeps(), seconds(&[2, 2, 2, 2, 2]));

    let crashmover = Bench::limited(&[2, 2, 2, 2]);
    assert!(crashmover.failing(5).await.is_err());
    assert_eq!(crashmover.clock.sleeps().len(), 4);
    assert_eq!(Bench::limited(&[2, 2, 2, 2]).failing(4).await, Ok(5));
}

#[tokio::test]
async fn once_makes_one_attempt_and_leaves_the_error_as_it_is() {
    let bench = Bench::new(ManualClock::automatic(), serde_json::json!({}));
    assert_eq!(
        bench.failing(1).await,
        Err(unavailable().in_operation("save_raw_crash"))
    );
    assert_eq!(bench.failing(0).await, Ok(1));
    assert_eq!(bench.clock.sleeps(), []);
}

#[tokio::test]
async fn the_default_delays_are_those_of_the_original() {
    let bench = Bench::new(
        ManualClock::automatic(),
        serde_json::json!({ "policy": "infinite_backoff", "jitter": "none" }),
    );
    assert_eq!(bench.failing(6).await, Ok(7));
    assert_eq!(bench.clock.sleeps(), seconds(&[10, 30, 60, 120, 300, 300]));
}

#[test]
fn blocking_keeps_to_the_same_delays() {
    let bench = Bench::limited(&[2, 4]);
    let outcome = run_blocking(&*bench.executor, &SAVE, |attempt| match attempt {
        3 => Ok(attempt),
        _ => Err(unavailable()),
    });
    assert_eq!(outcome, Ok(3));
    assert_eq!(bench.clock.sleeps(), seconds(&[2, 4]));

    let outcome = run_blocking(&*bench.executor, &SAVE, |_| Err::<(), _>(unavailable()));
    assert!(outcome.unwrap_err().message().contains("3 attempts in 6s"));
}

#[tokio::test]
async fn what_an_earlier_attempt_may_have_changed_is_not_denied() {
    use Applied::{No, Unknown, Yes};
    for (attempts, expected) in [
        ([Unknown, No, No], Unknown),
        ([No, Yes, Unknown], Yes),
        ([No, No, No], No),
    ] {
        let bench = Bench::limited(&[1, 1]);
        let error = run(&*bench.executor, &SAVE, async |attempt| {
            let applied = attempts[attempt as usize - 1];
            Err::<(), _>(unavailable().with_applied(applied))
        })
        .await
        .unwrap_err();
        assert_eq!(error.applied(), expected, "{attempts:?}");
    }
}

#[tokio::test]
async fn the_last_error_keeps_its_facts() {
    let bench = Bench::limited(&[1]);
    let error = run(&*bench.executor, &SAVE, async |attempt| {
        Err::<(), _>(match attempt {
            1 => unavailable(),
            _ => Error::new(ErrorKind::Throttled, "slow down")
                .with_retry_after(secs(7))
                .with_scope(Scope::Item)
                .for_crash("some id")
                .caused_by(&std::io::Error::other("status 503")),
        })
    })
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert!(error.is_retryable());
    assert_eq!(error.retry_after(), Some(secs(7)));
    assert_eq!(error.scope(), Scope::Item);
    assert_eq!(error.crash_id(), Some("some id"));
    assert_eq!(error.causes(), ["status 503"]);
}

/// Decides nothing by itself and counts how often it is asked to.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn TransactionExecutor>,
    begun: Count,
}

impl TransactionExecutor for Watched {
    fn begin(&self) -> Box<dyn Decider> {
        self.begun.up();
        self.inner.begin()
    }

    fn clock(&self) -> &dyn Clock {
        self.inner.clock()
    }

    fn quit(&self) -> &Quit {
        self.inner.quit()
    }
}

#[tokio::test]
async fn a_decider_is_made_at_the_first_failure_and_only_then() {
    let bench = Bench::limited(&[1, 1]);
    let begun = Count::default();
    let executor = Watched {
        inner: bench.executor.clone(),
        begun: begun.clone(),
    };
    run(&executor, &SAVE, async |_| Ok(())).await.unwrap();
    assert_eq!(begun.get(), 0);
    let outcome = run(&executor, &SAVE, async |_| Err::<(), _>(unavailable())).await;
    assert!(outcome.is_err());
    assert_eq!(begun.get(), 1);
}

proptest! {
    #[test]
    fn attempts_and_sleeps_stay_within_the_delays(
        delays in prop::collection::vec(0_u64..100_000, 1..=64),
        seed: u64,
    ) {
        let clock = ManualClock::automatic();
        let texts: Vec<String> = delays.iter().map(|delay| format!("{delay}ms")).collect();
        let policy: Policy = serde_json::from_value(serde_json::json!({
            "policy": "limited_backoff", "delays": texts,
        })).unwrap();
        let executor = policy.build(
            Arc::new(clock.clone()), Arc::new(SeededJitter::new(seed)), Quit::new(),
        );
        let count = Count::default();
        let outcome = run_blocking(&*executor, &SAVE, |_| {
            count.up();
            Err::<(), _>(unavailable())
        });
        prop_assert!(outcome.is_err());
        prop_assert_eq!(count.get() as usize, delays.len() + 1);
        prop_assert_eq!(clock.sleeps().len(), delays.len());
        for (slept, delay) in clock.sleeps().into_iter().zip(&delays) {
            prop_assert!(slept <= Duration::from_millis(*delay));
        }
        prop_assert!(clock.elapsed() <= Duration::from_millis(delays.iter().sum()));
    }

    #[test]
    fn an_infinite_policy_goes_on_as_long_as_it_must(failures in 0_u32..500, seed: u64) {
        let clock = ManualClock::automatic();
        let policy: Policy = serde_json::from_value(serde_json::json!({
            "policy": "infinite_backoff", "delays": ["1s", "2s"],
        })).unwrap();
        let executor = policy.build(
            Arc::new(clock.clone()), Arc::new(SeededJitter::new(seed)), Quit::new(),
        );
        let outcome = run_blocking(&*executor, &SAVE, |attempt| {
            if attempt > failures { Ok(attempt) } else { Err(unavailable()) }
        });
        prop_assert_eq!(outcome, Ok(failures + 1));
        prop_assert!(clock.sleeps().iter().all(|slept| *slept <= secs(2)));
    }
}
