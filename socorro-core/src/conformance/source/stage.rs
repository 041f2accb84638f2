//! What a case works with: the source, its queue, and what a pipeline would do with them.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::conformance::check::{ensure, equal, same_set};
use crate::conformance::data::Maker;
use crate::conformance::subject::SourceSubject;
use crate::conformance::verdict::{Doing, Stop, Verdict};
use crate::context::Context;
use crate::crash::{CrashDate, StoredId};
use crate::source::{Delivery, NewCrashSource, Receive, Settlement, Token};

/// The surroundings of one case.
pub(super) struct Stage<'a> {
    subject: &'a dyn SourceSubject,
    case: &'static str,
    source: Mutex<Arc<dyn NewCrashSource>>,
    is_closed: AtomicBool,
    maker: Mutex<Maker>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(
        subject: &'a dyn SourceSubject,
        case: &'static str,
        source: Arc<dyn NewCrashSource>,
    ) -> Self {
        let name = case
            .bytes()
            .fold(0, |hash: u64, byte| hash.wrapping_mul(31) ^ u64::from(byte));
        Self {
            subject,
            case,
            source: Mutex::new(source),
            is_closed: AtomicBool::new(false),
            maker: Mutex::new(Maker::new(name ^ subject.seed().rotate_left(32))),
        }
    }

    pub(super) fn source(&self) -> Arc<dyn NewCrashSource> {
        Arc::clone(&self.source.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The circumstances of an operation that is to succeed.
    pub(super) fn cx(&self) -> Context {
        Context::new().with_timeout(self.subject.patience())
    }

    /// How long to wait for what has to come: long, yet over before the case is.
    pub(super) fn long(&self) -> Duration {
        self.subject.patience() / 2
    }

    /// Puts so many new crashes into the queue; gives their ids. They are of several days and digits.
    pub(super) async fn feed(&self, count: usize) -> Result<Vec<StoredId>, Stop> {
        let mut ids = Vec::new();
        for number in 0..count {
            let year = if number % 3 == 0 { 2014 } else { 2015 };
            let day = CrashDate::new(year, 6, 15).unwrap_or(CrashDate::FIRST);
            let digit = u8::try_from(number % 10).unwrap_or_default();
            let mut maker = self.maker.lock().unwrap_or_else(PoisonError::into_inner);
            ids.push(maker.id_with_digit(day, digit).doing("making an id")?);
        }
        self.subject
            .feed(self.case, &ids)
            .await
            .doing("feeding the queue")?;
        Ok(ids.into_iter().map(StoredId::from).collect())
    }

    pub(super) fn shuffle<T>(&self, items: &mut [T]) {
        let mut maker = self.maker.lock().unwrap_or_else(PoisonError::into_inner);
        maker.shuffle(items);
    }

    /// Receives once.
    pub(super) async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, Stop> {
        receive(&*self.source(), &self.cx(), max, wait).await
    }

    /// Receives until as many are there as are expected, and checks that they are those, each once.
    pub(super) async fn take(&self, expected: &[StoredId]) -> Result<Vec<Delivery>, Stop> {
        let mut taken: Vec<Delivery> = Vec::new();
        while taken.len() < expected.len() {
            let more = self
                .receive(expected.len() - taken.len(), self.long())
                .await?;
            ensure(!more.is_empty(), || {
                let missing = missing(expected, &taken);
                format!("receive: {missing:?} did not come within {:?}", self.long())
            })?;
            taken.extend(more);
        }
        let ids = taken.iter().map(|delivery| &delivery.id);
        same_set("receive", ids, expected)?;
        Ok(taken)
    }

    /// There is nothing to receive at this instant.
    pub(super) async fn expect_empty(&self) -> Verdict {
        let more = self.receive(100, Duration::ZERO).await?;
        let ids: Vec<_> = more.into_iter().map(|delivery| delivery.id).collect();
        equal(
            "receive of what should be settled or out",
            &ids,
            &Vec::new(),
        )
    }

    pub(super) async fn settle(&self, token: Token, settlement: Settlement) -> Verdict {
        let what = format!("settle with {settlement:?}");
        let settled = self.source().settle(&self.cx(), token, settlement).await;
        settled.doing(what)
    }

    pub(super) async fn ack_all(&self, deliveries: &[Delivery]) -> Verdict {
        for delivery in deliveries {
            self.settle(delivery.token, Settlement::Ack).await?;
        }
        Ok(())
    }

    /// Closes the instance and opens another on the same queue.
    pub(super) async fn reopen(&self) -> Verdict {
        self.close().await?;
        let source = self
            .subject
            .open(self.case)
            .await
            .doing("opening the source again")?;
        *self.source.lock().unwrap_or_else(PoisonError::into_inner) = source;
        self.is_closed.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Another instance on the same queue, beside the first; the case closes it.
    pub(super) async fn second(&self) -> Result<Arc<dyn NewCrashSource>, Stop> {
        if !self.subject.is_shared() {
            return Err(Stop::NotApplicable(
                "two instances cannot share its queue".to_owned(),
            ));
        }
        self.subject
            .open(self.case)
            .await
            .doing("opening a second source")
    }

    /// Closes the instance unless that was done.
    pub(super) async fn close(&self) -> Verdict {
        if self.is_closed.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        self.source().close(&self.cx()).await.doing("close")
    }
}

/// Receives once, and checks that no more came than were asked for.
pub(super) async fn receive(
    source: &dyn NewCrashSource,
    cx: &Context,
    max: usize,
    wait: Duration,
) -> Result<Vec<Delivery>, Stop> {
    let max = NonZeroUsize::new(max).unwrap_or(NonZeroUsize::MIN);
    let deliveries = source
        .receive(cx, Receive { max, wait })
        .await
        .doing("receive")?;
    ensure(deliveries.len() <= max.get(), || {
        format!("receive of at most {max}: {} came", deliveries.len())
    })?;
    Ok(deliveries)
}

fn missing<'a>(expected: &'a [StoredId], taken: &[Delivery]) -> BTreeSet<&'a StoredId> {
    let is_missing = |id: &&StoredId| taken.iter().all(|delivery| delivery.id != **id);
    expected.iter().filter(is_missing).collect()
}
