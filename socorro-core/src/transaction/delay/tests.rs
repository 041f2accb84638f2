use super::*;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn first(count: usize, mut delays: impl Backoff) -> Vec<Option<Duration>> {
    (0..count).map(|_| delays.next_backoff()).collect()
}

#[test]
fn a_list_once_ends_after_its_last_delay() {
    let delays = FixedDelays::once([secs(1), secs(2)]);
    assert_eq!(first(4, delays), [Some(secs(1)), Some(secs(2)), None, None]);
}

#[test]
fn the_last_of_a_repeating_list_goes_on() {
    let delays = FixedDelays::repeating_last([secs(10), secs(30)]);
    assert_eq!(
        first(4, delays),
        [secs(10), secs(30), secs(30), secs(30)].map(Some)
    );
    assert_eq!(first(2, FixedDelays::repeating_last([])), [None, None]);
}

#[test]
fn a_reset_and_a_new_copy_start_at_the_first_delay() {
    let mut delays = FixedDelays::once([secs(1), secs(2)]);
    delays.next_backoff();
    delays.reset();
    assert_eq!(delays.next_backoff(), Some(secs(1)));

    let factory = FixedDelays::once([secs(7)]).into_factory();
    assert_eq!(factory().next_backoff(), Some(secs(7)));
    assert_eq!(factory().next_backoff(), Some(secs(7)));
}

#[cfg(feature = "backoff")]
#[tokio::test]
async fn a_policy_of_the_backoff_crate_drives_an_executor() {
    use crate::transaction::{BackoffExecutor, Call, ManualClock, NoJitter, Quit, run};
    use crate::{Error, ErrorKind};

    let clock = ManualClock::automatic();
    let executor = BackoffExecutor::new(Arc::new(clock.clone()), Quit::new()).with_delays(
        Arc::new(|| {
            Box::new(backoff::ExponentialBackoff {
                initial_interval: secs(1),
                multiplier: 2.0,
                randomization_factor: 0.0,
                ..Default::default()
            })
        }),
        Arc::new(NoJitter),
    );
    let outcome = run(
        &executor,
        &Call::new("save_raw_crash"),
        async |attempt| match attempt {
            4 => Ok(()),
            _ => Err(Error::new(ErrorKind::Unavailable, "connection refused")),
        },
    )
    .await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(clock.sleeps().len(), 3);
    for (slept, expected) in clock.sleeps().into_iter().zip([1.0, 2.0, 4.0]) {
        assert!((slept.as_secs_f64() - expected).abs() < 1e-6, "{slept:?}");
    }
}
