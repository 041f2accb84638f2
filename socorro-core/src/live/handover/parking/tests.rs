use std::time::Duration;

use futures_util::FutureExt;

use super::*;
use crate::transaction::ManualClock;

fn parking(clock: &Arc<ManualClock>) -> Arc<Parking> {
    Parking::new(
        Part::Storage("a".into()),
        Capabilities::empty(),
        clock.now() + Duration::from_secs(10),
        clock.clone(),
    )
}

#[tokio::test]
async fn waits_until_it_is_released() {
    let clock = Arc::new(ManualClock::new());
    let parking = parking(&clock);
    let mut waiting = Box::pin(parking.wait(None));
    assert!((&mut waiting).now_or_never().is_none());
    clock.advance(Duration::from_secs(9));
    assert!((&mut waiting).now_or_never().is_none());
    parking.release();
    waiting.await.unwrap();
    // Who comes later does not wait, whatever the time is.
    clock.advance(Duration::from_secs(9));
    parking.wait(None).await.unwrap();
}

#[tokio::test]
async fn waits_no_longer_than_the_reload_may_take() {
    let clock = Arc::new(ManualClock::new());
    let parking = parking(&clock);
    let mut waiting = Box::pin(parking.wait(Some(clock.now() + Duration::from_secs(11))));
    assert!((&mut waiting).now_or_never().is_none());
    clock.advance(Duration::from_secs(10));
    let error = waiting.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable(), error.applied()),
        (ErrorKind::Unavailable, true, Applied::No)
    );
    assert!(error.message().contains("storage.a"), "{error}");
}

#[tokio::test]
async fn waits_no_longer_than_the_operation_may_take() {
    let clock = Arc::new(ManualClock::new());
    let parking = parking(&clock);
    let mut waiting = Box::pin(parking.wait(Some(clock.now() + Duration::from_secs(1))));
    assert!((&mut waiting).now_or_never().is_none());
    clock.advance(Duration::from_secs(1));
    let error = waiting.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Timeout, Applied::No)
    );
}
