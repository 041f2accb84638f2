use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use socorro_core::error::ErrorKind;

use super::*;

#[derive(Default)]
struct Fake {
    opened: AtomicUsize,
    broken: AtomicBool,
}

#[async_trait]
impl Open for Arc<Fake> {
    type Opened = AtomicBool;

    async fn open(&self, _: Limit) -> Result<AtomicBool> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "broken"));
        }
        Ok(AtomicBool::new(true))
    }

    fn is_alive(&self, opened: &AtomicBool) -> bool {
        opened.load(Ordering::SeqCst)
    }

    fn late(&self) -> Error {
        Error::new(ErrorKind::Timeout, "late")
    }
}

async fn many(slot: &Slot<Arc<Fake>>) -> Vec<Result<Arc<AtomicBool>>> {
    let limit = Limit::after(Duration::from_secs(5));
    futures_util::future::join_all((0..1000).map(|_| slot.get(limit))).await
}

#[tokio::test]
async fn all_share_one_attempt_and_its_outcome() {
    let fake = Arc::new(Fake::default());
    let slot = Slot::new(Arc::clone(&fake));
    fake.broken.store(true, Ordering::SeqCst);
    assert!(many(&slot).await.iter().all(Result::is_err));
    assert_eq!(fake.opened.load(Ordering::SeqCst), 1);
    fake.broken.store(false, Ordering::SeqCst);
    let opened: Vec<_> = many(&slot)
        .await
        .into_iter()
        .map(|one| one.expect("opened"))
        .collect();
    assert_eq!(fake.opened.load(Ordering::SeqCst), 2);
    // Lost: the next who ask share another.
    opened[0].store(false, Ordering::SeqCst);
    assert!(many(&slot).await.iter().all(Result::is_ok));
    assert_eq!(fake.opened.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn only_what_is_in_use_is_let_go() {
    let fake = Arc::new(Fake::default());
    let slot = Slot::new(Arc::clone(&fake));
    let limit = Limit::after(Duration::from_secs(5));
    let first = slot.get(limit).await.expect("opened");
    slot.drop_current(&first).await;
    let second = slot.get(limit).await.expect("opened");
    slot.drop_current(&first).await;
    assert!(Arc::ptr_eq(
        &second,
        &slot.get(limit).await.expect("opened")
    ));
    assert_eq!(fake.opened.load(Ordering::SeqCst), 2);
}
