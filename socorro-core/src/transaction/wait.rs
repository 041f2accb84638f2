use std::pin::{Pin, pin};

use super::tally::Tally;
use super::{Drain, Quit};
use crate::Result;

/// What ended a wait between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woke {
    Slept,
    Quit,
    Draining,
}

impl Tally<'_> {
    /// Makes an attempt and, if it failed, waits for the time of the next: `None` when that has come.
    ///
    /// Takes the attempt pinned, so that it is not kept in memory once more at each level.
    pub(super) async fn attempt<T, F>(&mut self, attempt: Pin<&mut F>) -> Result<Option<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let clock = self.executor.clock();
        let outcome = tokio::select! {
            biased;
            outcome = attempt => outcome,
            () = expired(self.call.drain, clock) => return Err(self.cut_short()),
        };
        let delay = match outcome {
            Ok(done) => return Ok(Some(done)),
            Err(error) => self.failed(error)?,
        };
        let woke = tokio::select! {
            biased;
            woke = alarm(self.executor.quit(), self.drain_to_wake()) => woke,
            () = clock.sleep(delay) => Woke::Slept,
        };
        self.waited(woke).map(|()| None)
    }

    /// [`Tally::attempt`] for code that blocks; the attempt has been made.
    pub(super) fn attempt_blocking<T>(&mut self, outcome: Result<T>) -> Result<Option<T>> {
        let delay = match outcome {
            Ok(done) => return Ok(Some(done)),
            Err(error) => self.failed(error)?,
        };
        let mut woke = Woke::Slept;
        {
            let alarm = alarm(self.executor.quit(), self.drain_to_wake());
            let wake = pin!(async { woke = alarm.await });
            self.executor.clock().sleep_blocking(delay, wake);
        }
        self.waited(woke).map(|()| None)
    }

    fn drain_to_wake(&self) -> Option<&Drain> {
        self.call.drain.filter(|_| !self.woken)
    }
}

/// Ready when a wait must end before its time. Needs no runtime.
async fn alarm(quit: &Quit, drain: Option<&Drain>) -> Woke {
    let draining = async {
        match drain {
            Some(drain) => drain.started().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = quit.requested() => Woke::Quit,
        () = draining => Woke::Draining,
    }
}

/// Ready when an attempt under way must be dropped.
async fn expired(drain: Option<&Drain>, clock: &dyn super::Clock) {
    match drain {
        Some(drain) => drain.expired(clock).await,
        None => std::future::pending().await,
    }
}
