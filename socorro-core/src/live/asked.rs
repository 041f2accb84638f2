//! Why the next attempt is made.

use std::sync::Arc;

use super::report::Trigger;
use crate::config::Look;

/// Who asked for an attempt, and for which files.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) trigger: Trigger,
    /// What has to be read, or else the attempt is refused; none to take whatever is there.
    pub(super) look: Option<Arc<Look>>,
}

impl Asked {
    /// To read whatever is there.
    pub(super) fn by(trigger: Trigger) -> Self {
        Self {
            trigger,
            look: None,
        }
    }

    /// To read what the watch saw.
    pub(super) fn for_what_was_seen(look: Arc<Look>) -> Self {
        Self {
            trigger: Trigger::Watch,
            look: Some(look),
        }
    }

    /// One attempt for this and for who asks `later`. Somebody who wants whatever is there has to get it, so
    /// he wins over the watch.
    pub(super) fn and(self, later: Self) -> Self {
        if self.look.is_none() && later.look.is_some() {
            self
        } else {
            later
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layers, SystemSecrets};

    #[test]
    fn a_person_wins_over_the_watch_and_the_later_over_the_earlier() {
        let look = Arc::new(Look::take(&Layers::new(), &SystemSecrets::default()));
        let watch = || Asked::for_what_was_seen(look.clone());
        let both = |first: Asked, later: Asked| {
            let both = first.and(later);
            (both.trigger, both.look.is_some())
        };
        let hangup = || Asked::by(Trigger::Hangup);
        assert_eq!(both(watch(), hangup()), (Trigger::Hangup, false));
        assert_eq!(both(hangup(), watch()), (Trigger::Hangup, false));
        assert_eq!(both(watch(), watch()), (Trigger::Watch, true));
        let request = Asked::by(Trigger::Request);
        assert_eq!(both(hangup(), request), (Trigger::Request, false));
    }
}
