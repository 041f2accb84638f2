//! Why an attempt was refused.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::plan::Part;
use crate::config::{ConfigError, ConfigErrors};
use crate::error::{Error, ErrorKind};
use crate::step::Injected;

/// One reason why an attempt was refused. Its [`Display`](fmt::Display) is one line.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The configuration is wrong.
    Config(ConfigError),
    /// A storage or source could not be opened.
    Backend {
        /// Which one.
        part: Part,
        /// What it said.
        error: Error,
    },
    /// It would not do what the plan says that was reviewed.
    Unexpected(String),
    /// Something that is neither the configuration's nor a backend's.
    Other(String),
}

/// Why nothing was started: every reason that was found, never none.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Refused {
    /// The reasons.
    pub reasons: Vec<Reason>,
}

impl Reason {
    /// Does editing the configuration have to cure it?
    pub(super) fn is_invalid(&self) -> bool {
        match self {
            Self::Config(_) => true,
            Self::Backend { error, .. } => error.kind() == ErrorKind::InvalidConfig,
            Self::Unexpected(_) | Self::Other(_) => false,
        }
    }
}

impl Refused {
    pub(super) fn new(reasons: Vec<Reason>) -> Self {
        Self { reasons }
    }

    /// `InvalidConfig` when editing the configuration has to cure it, `Unavailable` when it is a backend that
    /// is not there.
    pub fn kind(&self) -> ErrorKind {
        if self.reasons.iter().any(Reason::is_invalid) {
            ErrorKind::InvalidConfig
        } else {
            ErrorKind::Unavailable
        }
    }

    /// Every reason, a line each.
    pub fn message(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Backend { part, error } => write!(f, "{part}: {error}"),
            Self::Unexpected(why) | Self::Other(why) => f.write_str(why),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, reason) in self.reasons.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            reason.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

impl From<ConfigError> for Reason {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<String> for Reason {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

impl From<&str> for Reason {
    fn from(why: &str) -> Self {
        Self::Other(why.to_owned())
    }
}

impl From<Injected> for Vec<Reason> {
    fn from(injected: Injected) -> Self {
        vec![injected.message().into()]
    }
}

impl From<ConfigErrors> for Refused {
    fn from(errors: ConfigErrors) -> Self {
        Self::new(errors.into_iter().map(Reason::Config).collect())
    }
}

/// With every reason in its message, a line each.
impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::new(refused.kind(), refused.to_string())
    }
}

/// What is wrong in the configuration as [`ConfigError`] says it; the code of the rest is `backend`, `unexpected` or
/// `other`.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let map = match self {
            Self::Config(error) => return error.serialize(serializer),
            Self::Backend { part, error } => {
                let mut map = serializer.serialize_map(Some(4))?;
                map.serialize_entry("code", "backend")?;
                map.serialize_entry("key", &part.to_string())?;
                map.serialize_entry("message", &error.to_string())?;
                map.serialize_entry("kind", &error.kind())?;
                map
            }
            Self::Unexpected(why) => plain(serializer, "unexpected", why)?,
            Self::Other(why) => plain(serializer, "other", why)?,
        };
        map.end()
    }
}

fn plain<S: Serializer>(
    serializer: S,
    code: &str,
    message: &str,
) -> Result<S::SerializeMap, S::Error> {
    let mut map = serializer.serialize_map(Some(2))?;
    map.serialize_entry("code", code)?;
    map.serialize_entry("message", message)?;
    Ok(map)
}
