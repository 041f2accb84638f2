//! What the program is at: for whoever tells others, as a service manager wants to be told.

use std::time::Instant;

use tokio::sync::watch;

use super::coordinator::Phase;

/// What the program is at, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// What it is at.
    pub phase: Phase,
    /// Since when. Of an attempt: a moment before it read anything, so that whatever was written or asked for
    /// until then is seen by it.
    pub since: Instant,
}

impl Activity {
    /// This, from now on.
    pub fn now(phase: Phase) -> Self {
        let since = Instant::now();
        Self { phase, since }
    }

    /// Is it still the same, although another attempt may have to follow now?
    fn goes_on_as(&self, phase: Phase) -> bool {
        match (self.phase, phase) {
            (Phase::Reloading { attempt, .. }, Phase::Reloading { attempt: next, .. }) => {
                attempt == next
            }
            (phase, next) => phase == next,
        }
    }
}

/// Tells everybody.
#[derive(Debug)]
pub(super) struct Teller(watch::Sender<Activity>);

impl Teller {
    pub(super) fn new() -> (Self, watch::Receiver<Activity>) {
        let (teller, activity) = watch::channel(Activity::now(Phase::Idle));
        (Self(teller), activity)
    }

    /// Before anything of it is done.
    pub(super) fn tell(&self, phase: Phase) {
        self.0.send_if_modified(|activity| {
            if activity.phase == phase {
                return false;
            }
            let next = Activity::now(phase);
            *activity = if activity.goes_on_as(phase) {
                Activity { phase, ..*activity }
            } else {
                next
            };
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_that_another_follows_began_when_it_began() {
        let (teller, activity) = Teller::new();
        let reloading = |attempt, pending| Phase::Reloading { attempt, pending };
        teller.tell(reloading(1, false));
        let first = *activity.borrow();
        teller.tell(reloading(1, true));
        assert_eq!(activity.borrow().phase, reloading(1, true));
        assert_eq!(activity.borrow().since, first.since);
        teller.tell(reloading(2, false));
        assert!(activity.borrow().since >= first.since);
        let second = *activity.borrow();
        teller.tell(reloading(2, false));
        assert_eq!(*activity.borrow(), second);
        teller.tell(Phase::Idle);
        assert_eq!(activity.borrow().phase, Phase::Idle);
    }
}
