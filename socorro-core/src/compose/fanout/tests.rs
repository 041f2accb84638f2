use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::*;
use crate::crash::{CrashDate, Limits};

/// Keeps raw crashes, or fails with a given error.
#[derive(Default)]
struct Fake {
    crashes: Mutex<BTreeMap<StoredId, RawCrash>>,
    fails: Option<Error>,
    able: Capabilities,
}

#[async_trait]
impl CrashStorage for Fake {
    fn capabilities(&self) -> Capabilities {
        self.able
    }

    async fn save_raw_crash(
        &self,
        _: &Context,
        id: &CrashId,
        raw: &RawCrash,
        _: &Dumps,
    ) -> Result<()> {
        self.failure()?;
        self.crashes.lock().unwrap().insert(id.into(), raw.clone());
        Ok(())
    }

    async fn get_raw_crash(&self, _: &Context, id: &StoredId) -> Result<RawCrash> {
        self.failure()?;
        let found = self.crashes.lock().unwrap().get(id).cloned();
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, "not here"))
    }

    async fn list(&self, _: &Context, request: &ListRequest) -> Result<ListPage> {
        self.failure()?;
        let crashes = self.crashes.lock().unwrap();
        let mut ids: Vec<StoredId> = crashes
            .keys()
            .filter(|id| request.after.as_ref().is_none_or(|after| *id > after))
            .cloned()
            .collect();
        let more = ids.len() > request.limit as usize;
        ids.truncate(request.limit as usize);
        Ok(ListPage { ids, more })
    }
}

impl Fake {
    fn working() -> Self {
        Self {
            able: Capabilities::FULL,
            ..Self::default()
        }
    }

    fn failing(kind: ErrorKind) -> Self {
        Self {
            fails: Some(Error::new(kind, "broken")),
            ..Self::working()
        }
    }

    fn failure(&self) -> Result<()> {
        self.fails.clone().map_or(Ok(()), Err)
    }
}

fn fanout(stores: &[(&str, &Arc<Fake>)]) -> Fanout {
    Fanout::new(
        stores
            .iter()
            .map(|(name, fake)| StorageHandle::fixed(name, (*fake).clone()))
            .collect(),
    )
}

fn id(entropy: u8) -> CrashId {
    CrashId::new(CrashDate::new(2026, 11, 21).unwrap(), [entropy; 16])
}

fn raw() -> RawCrash {
    RawCrash::new(&b"{}"[..], &Limits::default()).unwrap()
}

#[tokio::test]
async fn every_store_gets_what_is_saved() {
    let (a, b) = (Arc::new(Fake::working()), Arc::new(Fake::working()));
    let both = fanout(&[("a", &a), ("b", &b)]);
    both.save_raw_crash(&Context::new(), &id(1), &raw(), &Dumps::new())
        .await
        .unwrap();
    assert_eq!(
        (
            a.crashes.lock().unwrap().len(),
            b.crashes.lock().unwrap().len()
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn all_are_tried_and_the_error_tells_each() {
    let first = Arc::new(Fake::failing(ErrorKind::Unavailable));
    let (second, third) = (Arc::new(Fake::working()), Arc::new(Fake::working()));
    let all = fanout(&[("first", &first), ("second", &second), ("third", &third)]);
    let error = all
        .save_raw_crash(&Context::new(), &id(1), &raw(), &Dumps::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_retryable());
    assert_eq!(error.applied(), Applied::Unknown, "two stores have it");
    let outcomes: Vec<(&str, bool)> = error
        .children()
        .iter()
        .map(|child| (child.storage.as_str(), child.error.is_none()))
        .collect();
    assert_eq!(
        outcomes,
        [("first", false), ("second", true), ("third", true)]
    );
    assert_eq!(
        (
            second.crashes.lock().unwrap().len(),
            third.crashes.lock().unwrap().len()
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn what_does_not_pass_by_itself_decides() {
    let (passes, stays) = (
        Arc::new(Fake::failing(ErrorKind::Timeout)),
        Arc::new(Fake::failing(ErrorKind::InvalidInput)),
    );
    let error = fanout(&[("passes", &passes), ("stays", &stays)])
        .save_raw_crash(&Context::new(), &id(1), &raw(), &Dumps::new())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable(), error.applied()),
        (ErrorKind::InvalidInput, false, Applied::No)
    );
}

#[tokio::test]
async fn only_stores_that_can_are_asked() {
    let (queue, store) = (
        Arc::new(Fake {
            able: Capabilities::GET_RAW,
            ..Fake::default()
        }),
        Arc::new(Fake::working()),
    );
    let both = fanout(&[("queue", &queue), ("store", &store)]);
    both.save_raw_crash(&Context::new(), &id(1), &raw(), &Dumps::new())
        .await
        .unwrap();
    assert!(queue.crashes.lock().unwrap().is_empty());
    let none = fanout(&[("queue", &queue)]);
    let error = none
        .save_raw_crash(&Context::new(), &id(1), &raw(), &Dumps::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn reads_come_from_whoever_has_it() {
    let (a, b) = (Arc::new(Fake::working()), Arc::new(Fake::working()));
    b.crashes.lock().unwrap().insert(id(1).into(), raw());
    let both = fanout(&[("a", &a), ("b", &b)]);
    assert_eq!(
        both.get_raw_crash(&Context::new(), &id(1).into())
            .await
            .unwrap(),
        raw()
    );
    let missing = both
        .get_raw_crash(&Context::new(), &id(2).into())
        .await
        .unwrap_err();
    assert_eq!(
        (missing.kind(), missing.children().len()),
        (ErrorKind::NotFound, 2)
    );
}

#[tokio::test]
async fn an_outage_is_not_mistaken_for_absence() {
    let (down, empty) = (
        Arc::new(Fake::failing(ErrorKind::Unavailable)),
        Arc::new(Fake::working()),
    );
    let both = fanout(&[("down", &down), ("empty", &empty)]);
    let error = both
        .get_raw_crash(&Context::new(), &id(1).into())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn lists_are_merged_page_by_page() {
    let (a, b) = (Arc::new(Fake::working()), Arc::new(Fake::working()));
    for entropy in 0..20 {
        for (fake, has) in [
            (&a, entropy % 2 == 0 || entropy > 15),
            (&b, entropy % 3 == 0),
        ] {
            if has {
                fake.crashes
                    .lock()
                    .unwrap()
                    .insert(id(entropy).into(), raw());
            }
        }
    }
    let both = fanout(&[("a", &a), ("b", &b)]);
    let day = id(0).date();
    let whole = both
        .list(&Context::new(), &ListRequest::day(day))
        .await
        .unwrap();
    assert!(!whole.more && whole.ids.is_sorted());
    for limit in [1, 2, 7] {
        let mut request = Some(ListRequest {
            limit,
            ..ListRequest::day(day)
        });
        let mut ids = Vec::new();
        while let Some(wanted) = request {
            let page = both.list(&Context::new(), &wanted).await.unwrap();
            assert!(page.ids.len() <= limit as usize && (!page.more || !page.ids.is_empty()));
            request = wanted.next(&page);
            ids.extend(page.ids);
        }
        assert_eq!(ids, whole.ids, "in pages of {limit}");
    }
}

#[test]
fn together_they_guarantee_only_what_each_does() {
    let both = [
        Capabilities::SAVE_RAW | Capabilities::DURABLE,
        Capabilities::GET_RAW,
    ];
    assert_eq!(
        union(both.into_iter()),
        Capabilities::SAVE_RAW | Capabilities::GET_RAW
    );
}
