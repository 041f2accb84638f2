//! Ends instances that nothing uses any more, off everybody's path.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::instance::{Retired, Retiree};
use crate::context::Context;
use crate::plugin::host::Destroyed;

/// Flushes and destroys instances as they retire, each in a task of its own, so that one that hangs keeps
/// nothing else from ending.
#[derive(Debug)]
pub(crate) struct Reaper {
    retired: Retired,
    /// Every instance that did not end cleanly: its name, and what is left of it.
    stragglers: watch::Receiver<Vec<Straggler>>,
    work: TaskTracker,
    /// Ends when the last way to retire is gone.
    arrivals: JoinHandle<()>,
}

/// An instance that did not end cleanly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Straggler {
    /// Its configured name.
    pub name: Arc<str>,
    /// What went wrong, for a person.
    pub why: String,
}

/// How many stragglers are remembered; the oldest make room.
const REMEMBERED: usize = 100;

impl Reaper {
    /// Starts on the current tokio runtime. An instance has `timeout` to flush and as much to be destroyed.
    pub(crate) fn start(timeout: Duration) -> Self {
        let (retired, mut retirees) = mpsc::unbounded_channel::<Retiree>();
        let (found, stragglers) = watch::channel(Vec::new());
        let work = TaskTracker::new();
        let tasks = work.clone();
        let arrivals = tokio::spawn(async move {
            while let Some(retiree) = retirees.recv().await {
                let found = found.clone();
                tasks.spawn(async move {
                    let name = retiree.name.clone();
                    if let Some(why) = end(retiree, timeout).await {
                        tracing::warn!(name = &*name, why, "an instance did not end cleanly");
                        found.send_modify(|all: &mut Vec<Straggler>| {
                            if all.len() == REMEMBERED {
                                all.remove(0);
                            }
                            all.push(Straggler { name, why });
                        });
                    }
                });
            }
        });
        Self {
            retired,
            stragglers,
            work,
            arrivals,
        }
    }

    /// Where instances go.
    pub(crate) fn retired(&self) -> Retired {
        self.retired.clone()
    }

    /// What did not end cleanly since the start, the youngest last; at most 100.
    pub(crate) fn watch_stragglers(&self) -> watch::Receiver<Vec<Straggler>> {
        self.stragglers.clone()
    }

    /// Waits until every instance has retired and ended, at most until `deadline`; tells whether they have.
    pub(crate) async fn finish(self, deadline: Instant) -> bool {
        drop(self.retired);
        let all = async {
            // Ends when the last instance is dropped.
            let _ = self.arrivals.await;
            self.work.close();
            self.work.wait().await;
        };
        tokio::time::timeout_at(deadline.into(), all).await.is_ok()
    }
}

/// Flushes and destroys; tells what is left, if anything.
async fn end(retiree: Retiree, timeout: Duration) -> Option<String> {
    let (claim, ended) = (retiree.claim, retiree.open.ended());
    let cx = Context::new().with_timeout(timeout);
    let flushed = match tokio::time::timeout(timeout, retiree.open.flush(&cx)).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("could not flush: {error}")),
        Err(_) => Some(format!("did not flush within {timeout:?}")),
    };
    let destroyed = retiree.open.destroy(timeout).await;
    if let Some(claim) = claim {
        claim.settle(destroyed, ended);
    }
    match destroyed {
        Destroyed::Clean => flushed,
        Destroyed::Leaked => Some("something of it still runs after it was destroyed".to_owned()),
        Destroyed::TimedOut => Some(format!("was not destroyed within {timeout:?}")),
    }
}
