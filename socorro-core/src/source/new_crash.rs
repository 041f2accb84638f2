use std::fmt;
use std::sync::Arc;

use super::{NewCrashSource, Receive, Settlement, Token};
use crate::context::Context;
use crate::crash::StoredId;
use crate::error::{Error, ErrorKind, Result};
use crate::live::{LiveSource, SourceEntry};
use crate::transaction::{Call, run};

/// A new crash and the duty to settle it: [`ack`](Self::ack) it, [`nack`](Self::nack) it, or drop it, which
/// gives it back to its source.
pub(crate) struct NewCrash {
    id: StoredId,
    token: Token,
    /// Taken when settled. It keeps open where the crash came from.
    source: Option<Origin>,
}

/// A source, and what was open of it when the crash was handed out.
struct Origin {
    entry: Arc<SourceEntry>,
    live: Arc<LiveSource>,
}

impl NewCrash {
    /// Receives from what is open of `source` through its executor; see
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
        let deliveries = run(source.executor(), &call, |_| async {
            // The source may wait, and then needs its time to answer.
            let cx = Context::new().with_timeout(source.timeout() + request.wait);
            open(live)?.receive(&cx, request).await
        })
        .await
        .map_err(|error| place(error, "receive", source))?;
        Ok(deliveries
            .into_iter()
            .map(|delivery| Self {
                id: delivery.id,
                token: delivery.token,
                source: Some(Origin {
                    entry: source.clone(),
                    live: live.clone(),
                }),
            })
            .collect())
    }

    /// Which crash.
    pub(crate) fn id(&self) -> &StoredId {
        &self.id
    }

    /// Waits until a reload takes its source out of service, which then waits for the crash to be settled.
    pub(crate) async fn recalled(&self) {
        match &self.source {
            Some(source) => source.entry.left(&source.live).await,
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
        let Some(source) = self.source.take() else {
            return Ok(());
        };
        settle(source, self.token, settlement)
            .await
            .map_err(|error| error.for_crash(&self.id))
    }
}

fn open(live: &LiveSource) -> Result<&dyn NewCrashSource> {
    match live.open() {
        Some(open) => Ok(open),
        // Nobody sees it: only what is being dropped has nothing open.
        None => Err(Error::new(ErrorKind::Cancelled, "the source has ended")),
    }
}

async fn settle(from: Origin, token: Token, settlement: Settlement) -> Result<()> {
    let Origin {
        entry: source,
        live,
    } = from;
    let call = Call {
        operation: "settle",
        deadline: None,
        drain: Some(source.drain()),
    };
    run(source.executor(), &call, |_| async {
        let cx = Context::new().with_timeout(source.timeout());
        open(&live)?.settle(&cx, token, settlement.clone()).await
    })
    .await
    .map_err(|error| place(error, "settle", &source))
}

fn place(error: Error, operation: &str, source: &SourceEntry) -> Error {
    error.in_operation(operation).at_storage(source.name())
}

impl Drop for NewCrash {
    fn drop(&mut self) {
        let Some(source) = self.source.take() else {
            return;
        };
        let (id, token) = (self.id.clone(), self.token);
        // Without a runtime the program is ending, and the source's close gives everything back.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = settle(source, token, Settlement::GiveBack).await {
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
