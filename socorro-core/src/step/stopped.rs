use std::fmt;

use serde::Serialize;

use super::Step;

/// A step in which an attempt came to its end before it was adopted. Shown as `construct of storage.archive`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoppedIn {
    /// Which step.
    pub step: Step,
    /// What it was about, such as `storage.archive`; none for a step of the whole configuration.
    pub about: Option<String>,
    /// What became of it.
    pub how: How,
}

/// What became of a step in which an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It returned an error.
    Failed,
    /// It panicked.
    Panicked,
    /// It had not returned when the time was up.
    Hung,
}

impl fmt::Display for StoppedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.step.fmt(f)?;
        match &self.about {
            Some(about) => write!(f, " of {about}"),
            None => Ok(()),
        }
    }
}

/// `construct of storage.a, health of storage.b`, for a message.
pub(crate) fn listed(stopped: &[StoppedIn]) -> String {
    let each: Vec<String> = stopped.iter().map(StoppedIn::to_string).collect();
    each.join(", ")
}
