//! The end of the program, and of what a commit lets go.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::attempt::Attempt;
use super::driver::Driver;
use super::generation::Generation;
use super::leaving::{Departures, Terms};
use super::reaper::within;
use crate::error::{Error, ErrorKind, Result};

/// How long after the drain deadline crashes may be settled. At the shutdown, how much longer than its deadline
/// everything may take together.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// At the shutdown, the part of it for settling.
const SETTLE: Duration = Duration::from_secs(1);

impl Driver {
    /// Lets pipelines see through what they have, then everything end, all within the shutdown timeout and
    /// [`GRACE`]. *What hangs* is given up and reported.
    ///
    /// Whether everything has ended.
    pub(super) async fn stop(
        mut self,
        attempts: &mut JoinSet<Attempt>,
        pipelines: &mut JoinSet<Result<()>>,
    ) -> bool {
        attempts.shutdown().await;
        let timeout = self.reload.shutdown_timeout;
        let clock = self.environment.clock.clone();
        // An exchange that was given up goes back first, so that what waits for it is seen through.
        if self.environment.exchanges.try_lock().is_err() {
            let _ = within(&*clock, timeout, self.environment.exchanges.lock()).await;
        }
        let drained = clock.now() + timeout;
        let last = self.shared.pin();
        let terms = Terms {
            generation: last.number(),
            drained,
            grace: SETTLE,
            close: last.settings.plugins.timeout.0,
            // A little earlier than nobody waits any more, so that what is given up is reported.
            end: Some(drained + GRACE.saturating_sub(SETTLE)),
        };
        let departures = self.reaper.departures().clone();
        // Bounds what pipelines still do, and what earlier reloads let go.
        departures.hasten(terms);
        let_go(&departures, &last, &Generation::default(), terms);
        drop(last);
        let patience = timeout + SETTLE + SETTLE;
        let outcome = match within(&*clock, patience, pipelines.join_next()).await {
            Some(None) => Ok(()),
            Some(Some(Ok(outcome))) => outcome,
            Some(Some(Err(_))) => Err(Error::new(ErrorKind::Internal, "the pipelines panicked")),
            None => Err(Error::new(
                ErrorKind::Timeout,
                "the pipelines did not end: something that they called never came back",
            )),
        };
        // The pipelines may have ended before.
        self.finished.send_if_modified(|finished| {
            let is_open = !matches!(finished, Some(Err(_)));
            if is_open {
                *finished = Some(outcome);
            }
            is_open
        });
        drop(self.shared.commit(Arc::new(Generation::default())));
        let reaper = self.reaper;
        drop((self.environment, self.shared));
        let (_, all_ended) =
            tokio::join!(self.keeper.finish(timeout), reaper.finish(drained + GRACE));
        if !all_ended {
            tracing::warn!("not everything had ended at the shutdown deadline");
        }
        if let Some(control) = self.control {
            control.finish().await;
        }
        self.messages.close();
        all_ended
    }
}

/// Lets go of every instance that the next generation does not have.
pub(super) fn let_go(
    departures: &Arc<Departures>,
    previous: &Generation,
    next: &Generation,
    terms: Terms,
) {
    for (name, entry) in &previous.storages {
        let next = next.storages.get(name);
        if !next.is_some_and(|next| Arc::ptr_eq(&next.instance, &entry.instance)) {
            departures.leave(&entry.instance, terms);
        }
    }
    for (name, entry) in &previous.sources {
        let next = next.sources.get(name);
        if !next.is_some_and(|next| Arc::ptr_eq(&next.instance, &entry.instance)) {
            departures.leave(&entry.instance, terms);
        }
    }
}
