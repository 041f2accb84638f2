use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::Look;

/// So many looks in a row have to see the same before it counts.
const SETTLED: u32 = 2;

/// So many when a file said something before, and is empty.
pub(super) const EMPTIED: u32 = 30;

/// Until what was refused is asked for again, doubled each time.
const AGAIN: Duration = Duration::from_secs(5);
const AGAIN_AT_MOST: Duration = Duration::from_secs(300);

/// Decides when what is seen is worth a reload. Does nothing itself, and asks no clock.
#[derive(Debug)]
pub(super) struct Settling {
    /// What a reload was asked for last; what was there before the start.
    asked: Arc<Look>,
    last: Arc<Look>,
    /// How often in a row the last look was seen.
    seen: u32,
    refused: u32,
    /// When to ask again for the same.
    again: Option<Instant>,
}

impl Settling {
    /// With what was there before the start.
    pub(super) fn new(first: Look) -> Self {
        let first = Arc::new(first);
        Self {
            asked: first.clone(),
            last: first,
            seen: 1,
            refused: 0,
            again: None,
        }
    }

    /// What to ask a reload for, now that this is seen.
    pub(super) fn saw(&mut self, look: Look, now: Instant) -> Option<Arc<Look>> {
        if look == *self.last {
            self.seen = self.seen.saturating_add(1);
        } else {
            (self.last, self.seen) = (Arc::new(look), 1);
        }
        let emptied = self.last.lost_content_since(&self.asked);
        let settled = self.seen >= if emptied { EMPTIED } else { SETTLED };
        let changed = self.last != self.asked;
        if changed && settled {
            (self.refused, self.again) = (0, None);
            self.asked = self.last.clone();
            return Some(self.asked.clone());
        }
        let due = self.again.is_some_and(|again| again <= now);
        (due && settled && !changed).then(|| {
            self.again = None;
            self.asked.clone()
        })
    }

    /// The reload that was asked for was refused for a reason that may pass.
    pub(super) fn was_refused(&mut self, now: Instant) -> Duration {
        let delay = AGAIN.saturating_mul(2_u32.saturating_pow(self.refused));
        let delay = delay.min(AGAIN_AT_MOST);
        self.refused = self.refused.saturating_add(1);
        self.again = Some(now + delay);
        delay
    }
}

#[cfg(test)]
mod tests;
