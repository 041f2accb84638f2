use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether a backend can be used, its three preconditions told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Something answers at the other end.
    pub reachable: Check,
    /// It accepts who we say we are.
    pub authenticated: Check,
    /// It lets us write where we are configured to.
    pub writable: Check,
}

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Holds.
    Ok,
    /// Does not hold, and why.
    Failed(String),
    /// Was not or could not be checked.
    Unknown,
}

impl Health {
    /// All three hold.
    pub fn ok() -> Self {
        Self {
            reachable: Check::Ok,
            authenticated: Check::Ok,
            writable: Check::Ok,
        }
    }

    /// Nothing was checked.
    pub fn unknown() -> Self {
        Self {
            reachable: Check::Unknown,
            authenticated: Check::Unknown,
            writable: Check::Unknown,
        }
    }

    /// Nothing answers; the other two could not be checked.
    pub fn unreachable(why: impl Into<String>) -> Self {
        Self {
            reachable: Check::Failed(why.into()),
            ..Self::unknown()
        }
    }

    /// No check failed.
    pub fn is_usable(&self) -> bool {
        self.failure().is_none()
    }

    /// The first check that failed: its name and why.
    pub fn failure(&self) -> Option<(&'static str, &str)> {
        let checks = [
            ("reachable", &self.reachable),
            ("authenticated", &self.authenticated),
            ("writable", &self.writable),
        ];
        checks.into_iter().find_map(|(name, check)| match check {
            Check::Failed(why) => Some((name, why.as_str())),
            Check::Ok | Check::Unknown => None,
        })
    }
}

/// `ok`, `unknown` or `not writable: why`.
impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failure() {
            Some((name, why)) => write!(f, "not {name}: {why}"),
            None if *self == Self::unknown() => f.write_str("unknown"),
            None => f.write_str("ok"),
        }
    }
}
