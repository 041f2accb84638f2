use std::task::Poll;

use futures_util::poll;

use super::*;
use crate::error::Applied;

fn leaving(bench: &Bench, drain: &Drain, after: u64) {
    drain.start(bench.clock.now() + secs(after));
}

#[tokio::test]
async fn a_wait_is_woken_once_and_the_ones_after_it_last() {
    let bench = Bench::with_delays(ManualClock::new(), "infinite_backoff", &[300, 5]);
    let drain = Drain::new();
    let call = SAVE.with_drain(&drain);
    let count = Count::default();
    let operation = run(&*bench.executor, &call, async |_| {
        count.up();
        Err::<(), _>(unavailable())
    });
    let mut operation = std::pin::pin!(operation);

    assert!(poll!(operation.as_mut()).is_pending());
    assert_eq!(count.get(), 1);
    leaving(&bench, &drain, 12);
    assert!(poll!(operation.as_mut()).is_pending());
    assert_eq!(count.get(), 2, "tried at once");
    bench.clock.advance(secs(4));
    assert!(poll!(operation.as_mut()).is_pending());
    assert_eq!(count.get(), 2, "and is not woken again");
    bench.clock.advance(secs(1));
    assert!(poll!(operation.as_mut()).is_pending());
    assert_eq!(count.get(), 3);
    bench.clock.advance(secs(5));
    // 2 s are left, and the next wait would take 5.
    let error = operation.await.unwrap_err();
    assert_eq!(count.get(), 4);
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(error.applied(), Applied::No);
    assert!(error.is_retryable());
    assert!(
        error.message().contains("after 4 attempts in 10s"),
        "{error}"
    );
    assert_eq!(error.causes(), ["archive: connection refused"]);
}

#[tokio::test]
async fn an_attempt_in_which_the_drain_starts_is_followed_by_one_at_once() {
    let bench = Bench::with_delays(ManualClock::new(), "infinite_backoff", &[300]);
    let drain = Drain::new();
    let call = SAVE.with_drain(&drain);
    let outcome = run(&*bench.executor, &call, async |attempt| {
        leaving(&bench, &drain, 30);
        if attempt == 1 {
            Err(unavailable())
        } else {
            Ok(attempt)
        }
    });
    assert_eq!(outcome.await, Ok(2));
    assert_eq!(bench.clock.elapsed(), secs(0));
}

/// Says when it is dropped.
struct Dropped(Count);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.up();
    }
}

#[tokio::test]
async fn the_drain_deadline_drops_an_attempt_under_way() {
    let bench = Bench::with_delays(ManualClock::new(), "limited_backoff", &[1]);
    let drain = Drain::new();
    let call = SAVE.with_drain(&drain);
    let dropped = Count::default();
    let operation = run(&*bench.executor, &call, async |_| {
        let _guard = Dropped(dropped.clone());
        std::future::pending::<Result<()>>().await
    });
    let mut operation = std::pin::pin!(operation);

    assert!(poll!(operation.as_mut()).is_pending());
    leaving(&bench, &drain, 30);
    assert!(poll!(operation.as_mut()).is_pending());
    bench.clock.advance(secs(29));
    assert!(poll!(operation.as_mut()).is_pending());
    assert_eq!(dropped.get(), 0);
    bench.clock.advance(secs(1));
    let Poll::Ready(Err(error)) = poll!(operation.as_mut()) else {
        panic!("still going on");
    };
    assert_eq!(dropped.get(), 1);
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(error.applied(), Applied::Unknown);
    assert_eq!(error.operation(), Some("save_raw_crash"));
}

#[tokio::test]
async fn an_earlier_deadline_replaces_a_later_one_and_not_the_reverse() {
    let bench = Bench::with_delays(ManualClock::new(), "limited_backoff", &[1]);
    let drain = Drain::new();
    let call = SAVE.with_drain(&drain);
    let operation = run(&*bench.executor, &call, async |_| {
        std::future::pending::<Result<()>>().await
    });
    let mut operation = std::pin::pin!(operation);
    leaving(&bench, &drain, 30);
    assert!(poll!(operation.as_mut()).is_pending());
    leaving(&bench, &drain, 10);
    leaving(&bench, &drain, 60);
    assert_eq!(drain.deadline(), Some(bench.clock.now() + secs(10)));
    assert!(poll!(operation.as_mut()).is_pending());
    bench.clock.advance(secs(10));
    assert_eq!(operation.await.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn an_answer_that_comes_with_the_deadline_counts() {
    let bench = Bench::with_delays(ManualClock::new(), "limited_backoff", &[1]);
    let drain = Drain::new();
    leaving(&bench, &drain, 5);
    let call = SAVE.with_drain(&drain);
    let outcome = run(&*bench.executor, &call, async |_| {
        bench.clock.advance(secs(5));
        Ok(())
    });
    assert_eq!(outcome.await, Ok(()));
}

#[tokio::test]
async fn what_the_attempts_left_is_told_when_the_drain_ends_a_wait() {
    let bench = Bench::with_delays(ManualClock::new(), "infinite_backoff", &[60]);
    let drain = Drain::new();
    leaving(&bench, &drain, 30);
    let error = run(
        &*bench.executor,
        &SAVE.with_drain(&drain),
        async |attempt| {
            Err::<(), _>(match attempt {
                1 => unavailable().with_applied(Applied::Unknown),
                _ => unavailable(),
            })
        },
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(error.applied(), Applied::Unknown);
    assert!(error.message().contains("2 attempts"), "{error}");
}

#[tokio::test]
async fn an_operation_that_comes_after_the_deadline_makes_no_attempt() {
    let bench = Bench::limited(&[1]);
    let drain = Drain::new();
    leaving(&bench, &drain, 0);
    let count = Count::default();
    let call = SAVE.with_drain(&drain);
    for outcome in [
        run(&*bench.executor, &call, async |_| {
            count.up();
            Ok(())
        })
        .await,
        run_blocking(&*bench.executor, &call, |_| {
            count.up();
            Ok(())
        }),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert_eq!(error.applied(), Applied::No);
    }
    assert_eq!(count.get(), 0);
}

#[tokio::test]
async fn an_error_that_does_not_pass_returns_as_it_is_while_draining() {
    let bench = Bench::limited(&[1]);
    let drain = Drain::new();
    leaving(&bench, &drain, 30);
    let missing = Error::new(ErrorKind::NotFound, "no such crash");
    let call = SAVE.with_drain(&drain);
    let outcome = run(&*bench.executor, &call, async |_| {
        Err::<(), _>(missing.clone())
    });
    assert_eq!(
        outcome.await,
        Err(missing.clone().in_operation("save_raw_crash"))
    );
}

#[tokio::test]
async fn quit_wins_over_a_drain() {
    let bench = Bench::with_delays(ManualClock::new(), "infinite_backoff", &[300]);
    let drain = Drain::new();
    let call = SAVE.with_drain(&drain);
    let operation = run(&*bench.executor, &call, async |_| {
        Err::<(), _>(unavailable())
    });
    let mut operation = std::pin::pin!(operation);
    assert!(poll!(operation.as_mut()).is_pending());
    leaving(&bench, &drain, 30);
    bench.quit.request();
    let error = operation.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("after 1 attempt"), "{error}");
}

#[test]
fn a_drain_wakes_a_blocking_wait() {
    let bench = Bench::with_delays(ManualClock::new(), "infinite_backoff", &[300]);
    let drain = Drain::new();
    let call = SAVE.with_drain(&drain);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            run_blocking(&*bench.executor, &call, |attempt| match attempt {
                1 => Err(unavailable()),
                _ => Ok(attempt),
            })
        });
        runtime.block_on(bench.clock.asked(1));
        leaving(&bench, &drain, 30);
        assert_eq!(waiting.join().unwrap(), Ok(2));
    });
}

#[tokio::test]
async fn an_instance_in_service_cuts_nothing() {
    let bench = Bench::limited(&[1, 2]);
    let drain = Drain::new();
    let call = SAVE.with_drain(&drain);
    let outcome = run(&*bench.executor, &call, async |attempt| {
        if attempt == 3 {
            Ok(())
        } else {
            Err(unavailable())
        }
    });
    assert_eq!(outcome.await, Ok(()));
    assert_eq!(bench.clock.sleeps(), seconds(&[1, 2]));
    assert_eq!(drain.deadline(), None);
}
