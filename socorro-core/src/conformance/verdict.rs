use std::fmt;

/// How a case ended.
pub type Verdict = Result<(), Stop>;

/// Why a case ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The subject did something else than what the case proves: what was expected and what was seen.
    Failed(String),
    /// The case cannot be put to this subject, and why.
    NotApplicable(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => f.write_str(why),
            Self::NotApplicable(why) => write!(f, "not applicable: {why}"),
        }
    }
}

impl std::error::Error for Stop {}

/// Says in a failure what was being done.
pub(crate) trait Doing<T> {
    /// `what` is the operation that should have succeeded, as in `get_dump of ID`.
    fn doing(self, what: impl fmt::Display) -> Result<T, Stop>;
}

impl<T, E: fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: impl fmt::Display) -> Result<T, Stop> {
        self.map_err(|error| Stop::Failed(format!("{what} should succeed; it failed: {error}")))
    }
}
