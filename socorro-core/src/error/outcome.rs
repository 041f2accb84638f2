use std::fmt;

use serde::{Deserialize, Serialize};

use super::Error;

/// How one child of a composite fared in an operation that failed as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChildOutcome {
    /// The child's configured name.
    pub storage: String,
    /// `None` when the child succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

impl fmt::Display for ChildOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            None => write!(f, "{}: done", self.storage),
            // The error names the storage itself when a handle made it.
            Some(error) if error.storage() == Some(&self.storage) => error.fmt(f),
            Some(error) => write!(f, "{}: {error}", self.storage),
        }
    }
}
