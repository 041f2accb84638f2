//! What the program is at: for whoever tells others, as a service manager wants to be told.

use std::time::Instant;

use tokio::sync::watch;

use super::coordinator::Phase;

/// What the program is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// What it is at.
    pub phase: Phase,
    /// The last attempt to reload that began, counted from 1; 0 before there is any.
    pub attempt: u64,
    /// When that attempt began, or else the program: a moment before it read anything, so that it has seen
    /// whatever was written, and answers whatever was asked for, until then.
    pub since: Instant,
}

/// Tells everybody.
#[derive(Debug)]
pub(super) struct Teller(watch::Sender<Activity>);

impl Teller {
    pub(super) fn new() -> (Self, watch::Receiver<Activity>) {
        let (teller, activity) = watch::channel(Activity {
            phase: Phase::Idle,
            attempt: 0,
            since: Instant::now(),
        });
        (Self(teller), activity)
    }

    /// That it is at this now. To be told before anything of an attempt is done, and after what came of it can be
    /// seen.
    pub(super) fn tell(&self, phase: Phase) {
        self.0.send_if_modified(|activity| {
            if activity.phase == phase {
                return false;
            }
            activity.phase = phase;
            if let Phase::Reloading { attempt, .. } = phase
                && attempt != activity.attempt
            {
                (activity.attempt, activity.since) = (attempt, Instant::now());
            }
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_began_when_it_began_whatever_follows() {
        let (teller, activity) = Teller::new();
        let is = || *activity.borrow();
        let reloading = |attempt, pending| Phase::Reloading { attempt, pending };
        teller.tell(reloading(1, false));
        let first = is();
        assert_eq!((first.phase, first.attempt), (reloading(1, false), 1));
        for phase in [reloading(1, true), Phase::Idle] {
            teller.tell(phase);
            assert_eq!(is(), Activity { phase, ..first });
        }
        let before = Instant::now();
        teller.tell(reloading(2, false));
        assert_eq!(is().attempt, 2);
        assert!(is().since >= before);
    }
}
