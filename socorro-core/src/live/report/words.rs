//! The words of reports, the same in JSON, in metrics and in text.

use std::fmt;

use super::{Outcome, Refusal, Trigger};

impl Trigger {
    /// Every one there is.
    pub const ALL: [Self; 5] = [
        Self::Start,
        Self::Hangup,
        Self::Watch,
        Self::Control,
        Self::Request,
    ];

    /// The word for it, such as `hangup`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Hangup => "hangup",
            Self::Watch => "watch",
            Self::Control => "control",
            Self::Request => "request",
        }
    }
}

impl Outcome {
    /// Every one there is.
    pub const ALL: [Self; 3] = [Self::Applied, Self::Unchanged, Self::Refused];

    /// The word for it, such as `applied`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

impl Refusal {
    /// Every one there is.
    pub const ALL: [Self; 3] = [Self::Invalid, Self::Failed, Self::TimedOut];

    /// The word for it, such as `timed_out`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
