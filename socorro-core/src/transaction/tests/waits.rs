use super::*;

fn throttled(after: u64) -> Error {
    Error::new(ErrorKind::Throttled, "slow down").with_retry_after(secs(after))
}

#[tokio::test]
async fn no_wait_is_shorter_than_what_the_backend_asked_for() {
    for (asked, slept) in [(7, [7, 7, 10]), (1, [2, 5, 10]), (60, [60, 60, 60])] {
        let bench = Bench::limited(&[2, 5, 10]);
        let outcome = run(&*bench.executor, &SAVE, async |_| {
            Err::<(), _>(throttled(asked))
        })
        .await;
        assert!(outcome.is_err());
        assert_eq!(bench.clock.sleeps(), seconds(&slept), "asked for {asked} s");
    }
}

#[tokio::test]
async fn jitter_does_not_undercut_what_the_backend_asked_for() {
    let bench = Bench::new(
        ManualClock::automatic(),
        serde_json::json!({ "policy": "limited_backoff", "delays": ["10s", "10s", "10s", "10s"] }),
    );
    let outcome = run(&*bench.executor, &SAVE, async |_| {
        Err::<(), _>(throttled(9))
    })
    .await;
    assert!(outcome.is_err());
    let slept = bench.clock.sleeps();
    assert!(
        slept
            .iter()
            .all(|slept| (secs(9)..=secs(10)).contains(slept)),
        "{slept:?}"
    );
}

#[tokio::test]
async fn no_wait_begins_that_leaves_no_time_before_the_policys_deadline() {
    let bench = Bench::new(
        ManualClock::automatic(),
        serde_json::json!({
            "policy": "infinite_backoff", "delays": ["10s", "30s"], "jitter": "none", "deadline": "1min",
        }),
    );
    let error = bench.failing(u32::MAX).await.unwrap_err();
    assert_eq!(bench.clock.sleeps(), seconds(&[10, 30]));
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        error.message(),
        "connection refused (gave up after 3 attempts in 40s: the deadline leaves no time for another attempt)"
    );
}

#[tokio::test]
async fn attempts_that_take_time_count_against_the_deadline() {
    let bench = Bench::new(
        ManualClock::automatic(),
        serde_json::json!({
            "policy": "infinite_backoff", "delays": ["10s"], "jitter": "none", "deadline": "1min",
        }),
    );
    let error = run(&*bench.executor, &SAVE, async |_| {
        bench.clock.advance(secs(25));
        Err::<(), _>(unavailable())
    })
    .await
    .unwrap_err();
    assert_eq!(bench.clock.sleeps(), seconds(&[10]));
    assert!(error.message().contains("2 attempts in 1min"), "{error}");
}

#[tokio::test]
async fn the_deadline_of_a_call_binds_every_policy_that_waits() {
    let bench = Bench::limited(&[10, 10, 10]);
    let call = SAVE.with_deadline(Some(bench.clock.now() + secs(15)));
    let error = run(&*bench.executor, &call, async |_| {
        Err::<(), _>(unavailable())
    })
    .await
    .unwrap_err();
    assert_eq!(bench.clock.sleeps(), seconds(&[10]));
    assert!(
        error.message().contains("after 2 attempts in 10s"),
        "{error}"
    );

    let passed = SAVE.with_deadline(Some(bench.clock.now()));
    let error = run_blocking(&*bench.executor, &passed, |_| Err::<(), _>(unavailable()));
    assert!(
        error
            .unwrap_err()
            .message()
            .contains("after 1 attempt in 0s")
    );
}

#[tokio::test]
async fn quit_cuts_a_wait_short_and_the_last_error_returns() {
    let bench = Bench::with_delays(ManualClock::new(), "infinite_backoff", &[300]);
    let (outcome, ()) = tokio::join!(bench.failing(u32::MAX), async {
        bench.clock.asked(1).await;
        bench.clock.advance(secs(100));
        bench.quit.request();
    });
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        error.message(),
        "connection refused (gave up after 1 attempt in 100s: the program was asked to quit)"
    );
    assert_eq!(bench.clock.elapsed(), secs(100));
}

#[tokio::test]
async fn quit_lets_an_attempt_finish_and_begins_no_wait() {
    let bench = Bench::infinite(&[10]);
    let saved = run(&*bench.executor, &SAVE, async |_| {
        bench.quit.request();
        tokio::task::yield_now().await;
        Ok(())
    });
    assert_eq!(saved.await, Ok(()));
    assert!(bench.failing(1).await.is_err());
    assert_eq!(bench.failing(0).await, Ok(1));
    assert_eq!(bench.clock.sleeps(), []);
}

#[test]
fn quit_cuts_a_blocking_wait_short() {
    let bench = Bench::with_delays(ManualClock::new(), "infinite_backoff", &[300]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        let waiting =
            scope.spawn(|| run_blocking(&*bench.executor, &SAVE, |_| Err::<(), _>(unavailable())));
        runtime.block_on(bench.clock.asked(1));
        bench.quit.request();
        let error = waiting.join().unwrap().unwrap_err();
        assert!(error.message().contains("asked to quit"), "{error}");
    });
}

#[tokio::test]
async fn a_wait_is_over_when_its_time_has_come_and_not_before() {
    let bench = Bench::with_delays(ManualClock::new(), "limited_backoff", &[10]);
    let count = Count::default();
    let operation = run(&*bench.executor, &SAVE, async |attempt| {
        count.up();
        if attempt == 1 {
            Err(unavailable())
        } else {
            Ok(())
        }
    });
    let mut operation = std::pin::pin!(operation);
    for moment in [secs(0), secs(9), Duration::from_millis(999)] {
        bench.clock.advance(moment);
        assert!(futures_util::poll!(operation.as_mut()).is_pending());
        assert_eq!(count.get(), 1);
    }
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(operation.await, Ok(()));
    assert_eq!(count.get(), 2);
}
