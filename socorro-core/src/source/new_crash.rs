use std::fmt;
use std::sync::Arc;

use super::{Receive, Settlement, Token};
use crate::context::Context;
use crate::crash::StoredId;
use crate::error::{Error, ErrorKind, Result};
use crate::live::{Live, LiveSource, OpenSource, SourceEntry, Within};
use crate::transaction::{Call, run};

/// A new crash and the duty to settle it: [`ack`](Self::ack) it, [`nack`](Self::nack) it, or drop it, which
/// gives it back to its source.
pub(crate) struct NewCrash {
    id: StoredId,
    /// Taken when settled.
    out: Option<Out>,
}

/// A crash that is out, and where it came from. It keeps that open until it is settled, and is settled there
/// whatever is in service now: nobody else knows the token.
struct Out {
    token: Token,
    source: Arc<SourceEntry>,
    within: Within<dyn OpenSource>,
}

impl NewCrash {
    /// Receives from what is in service of `source`, through its executor; see
    /// [`NewCrashSource::receive`](super::NewCrashSource::receive).
    pub(crate) async fn receive(
        source: &Arc<SourceEntry>,
        live: &Arc<LiveSource>,
        request: Receive,
    ) -> Result<Vec<Self>> {
        let call = Call {
            operation: "receive",
            deadline: None,
            drain: Some(source.drain()),
        };
        let within = Live::enter(live).ok_or_else(|| {
            let ended = Error::new(
                ErrorKind::Cancelled,
                "the source was replaced and has ended",
            );
            place(ended.retryable(true), "receive", source)
        })?;
        let deliveries = run(source.executor(), &call, |_| async {
            // The source may wait, and then needs its time to answer.
            let cx = Context::new().with_timeout(source.timeout() + request.wait);
            within.live().open().receive(&cx, request).await
        })
        .await
        .map_err(|error| place(error, "receive", source))?;
        Ok(deliveries
            .into_iter()
            .map(|delivery| Self {
                id: delivery.id,
                out: Some(Out {
                    token: delivery.token,
                    source: source.clone(),
                    within: within.again(),
                }),
            })
            .collect())
    }

    /// Which crash.
    pub(crate) fn id(&self) -> &StoredId {
        &self.id
    }

    /// Waits until its source is taken out of service, which then waits for the crash to be settled.
    pub(crate) async fn recalled(&self) {
        match &self.out {
            Some(out) => out.within.live().out().await,
            None => std::future::pending().await,
        }
    }

    /// It is durable wherever it has to be: the source forgets it.
    pub(crate) async fn ack(self) -> Result<()> {
        self.settle(Settlement::Ack).await
    }

    /// It could not be dealt with, and why: the source keeps it.
    pub(crate) async fn nack(self, reason: String) -> Result<()> {
        self.settle(Settlement::Nack { reason }).await
    }

    async fn settle(mut self, settlement: Settlement) -> Result<()> {
        let Some(out) = self.out.take() else {
            return Ok(());
        };
        out.settle(settlement)
            .await
            .map_err(|error| error.for_crash(&self.id))
    }
}

impl Out {
    async fn settle(self, settlement: Settlement) -> Result<()> {
        let Self {
            token,
            source,
            within,
        } = self;
        let call = Call {
            operation: "settle",
            deadline: None,
            // A crash that is delivered at the drain deadline is acknowledged after it.
            drain: Some(source.settling()),
        };
        run(source.executor(), &call, |_| async {
            let cx = Context::new().with_timeout(source.timeout());
            within
                .live()
                .open()
                .settle(&cx, token, settlement.clone())
                .await
        })
        .await
        .map_err(|error| place(error, "settle", &source))
    }
}

fn place(error: Error, operation: &str, source: &SourceEntry) -> Error {
    error.in_operation(operation).at_storage(source.name())
}

impl Drop for NewCrash {
    fn drop(&mut self) {
        let Some(out) = self.out.take() else { return };
        let id = self.id.clone();
        // Without a runtime the program is ending, and the source's close gives everything back.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = out.settle(Settlement::GiveBack).await {
                    tracing::warn!(%id, %error, "a crash could not be given back; its source hands it out again later");
                }
            });
        }
    }
}

impl fmt::Debug for NewCrash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewCrash({})", self.id)
    }
}
