//! A source in memory with one defect.
#![allow(clippy::unwrap_used, reason = "help for tests")]

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement, Token};
use socorro_core::{Context, Error, ErrorKind, Result, async_trait};

/// One way in which a source is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    None,
    IgnoresMax,
    HandsOutTwice,
    WaitsForever,
    NeedsAWait,
    RepeatsTokens,
    ForgetsAcks,
    LosesNacked,
    LosesGivenBack,
    CloseForgets,
    RefusesUnknownTokens,
    LosesAbandoned,
    ReceivesOnATask,
    CloseFails,
}

pub(crate) struct Broken {
    inner: Arc<dyn NewCrashSource>,
    defect: Defect,
    out: Mutex<HashSet<Token>>,
}

impl Broken {
    pub(crate) fn new(inner: Arc<dyn NewCrashSource>, defect: Defect) -> Self {
        Self {
            inner,
            defect,
            out: Mutex::default(),
        }
    }

    async fn finish(&self, cx: &Context, deliveries: &mut [Delivery]) -> Result<()> {
        for delivery in deliveries.iter_mut() {
            match self.defect {
                Defect::HandsOutTwice => {
                    self.inner
                        .settle(cx, delivery.token, Settlement::GiveBack)
                        .await?;
                }
                Defect::RepeatsTokens => {
                    self.inner
                        .settle(cx, delivery.token, Settlement::Ack)
                        .await?;
                    delivery.token = Token(1);
                }
                _ => {}
            }
            self.out.lock().unwrap().insert(delivery.token);
        }
        Ok(())
    }
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "a broken source")
}

#[async_trait]
impl NewCrashSource for Broken {
    async fn receive(&self, cx: &Context, mut request: Receive) -> Result<Vec<Delivery>> {
        match self.defect {
            Defect::IgnoresMax => request.max = NonZeroUsize::MAX,
            Defect::NeedsAWait if request.wait == Duration::ZERO => return Ok(Vec::new()),
            Defect::WaitsForever => {
                request.wait = Duration::from_secs(3600);
                return self.inner.receive(&Context::new(), request).await;
            }
            Defect::ReceivesOnATask => {
                let (inner, cx) = (self.inner.clone(), cx.clone());
                let task = tokio::spawn(async move { inner.receive(&cx, request).await });
                return task.await.unwrap();
            }
            _ => {}
        }
        let mut deliveries = self.inner.receive(cx, request).await?;
        if self.defect == Defect::LosesAbandoned {
            tokio::task::yield_now().await;
        }
        self.finish(cx, &mut deliveries).await?;
        Ok(deliveries)
    }

    async fn settle(&self, cx: &Context, token: Token, settlement: Settlement) -> Result<()> {
        let is_out = self.out.lock().unwrap().remove(&token);
        if self.defect == Defect::RefusesUnknownTokens && !is_out {
            return Err(error(ErrorKind::InvalidInput));
        }
        let settlement = match (self.defect, settlement) {
            (Defect::ForgetsAcks, Settlement::Ack) => Settlement::GiveBack,
            (Defect::LosesNacked, Settlement::Nack { .. })
            | (Defect::LosesGivenBack, Settlement::GiveBack) => Settlement::Ack,
            (_, settlement) => settlement,
        };
        self.inner.settle(cx, token, settlement).await
    }

    async fn close(&self, cx: &Context) -> Result<()> {
        if self.defect == Defect::CloseFails {
            return Err(error(ErrorKind::Internal));
        }
        if self.defect == Defect::CloseForgets {
            let out: Vec<_> = self.out.lock().unwrap().drain().collect();
            for token in out {
                self.inner.settle(cx, token, Settlement::Ack).await?;
            }
        }
        self.inner.close(cx).await
    }
}
