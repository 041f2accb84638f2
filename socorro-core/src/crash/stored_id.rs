use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CrashDate, CrashId, LegacyId};
use crate::error::Error;

/// The id of something that is already stored: what reading, listing and deleting go by.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StoredId {
    /// An id as they are made today.
    Crash(CrashId),
    /// An id that only old data bears.
    Legacy(LegacyId),
}

impl StoredId {
    /// The id as text: always 36 characters `[A-Za-z0-9-]`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Crash(id) => id.as_str(),
            Self::Legacy(id) => id.as_str(),
        }
    }

    /// Its day; an old id may have none.
    pub fn date(&self) -> Option<CrashDate> {
        match self {
            Self::Crash(id) => Some(id.date()),
            Self::Legacy(id) => id.date(),
        }
    }

    /// The seventh character from the end; an old id may have no digit there.
    pub fn digit(&self) -> Option<u8> {
        match self {
            Self::Crash(id) => Some(id.digit()),
            Self::Legacy(id) => id.digit(),
        }
    }

    /// The id for saving; an old one has none.
    pub fn crash_id(&self) -> Option<CrashId> {
        match self {
            Self::Crash(id) => Some(*id),
            Self::Legacy(_) => None,
        }
    }
}

impl FromStr for StoredId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.parse() {
            Ok(id) => Ok(Self::Crash(id)),
            Err(strict) => text.parse().map(Self::Legacy).map_err(|_| strict),
        }
    }
}

/// By day, then by text: the order of lists. Undated ids come first.
impl Ord for StoredId {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.date(), self.as_str()).cmp(&(other.date(), other.as_str()))
    }
}

impl PartialOrd for StoredId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for StoredId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for StoredId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<CrashId> for StoredId {
    fn from(id: CrashId) -> Self {
        Self::Crash(id)
    }
}

impl From<&CrashId> for StoredId {
    fn from(id: &CrashId) -> Self {
        Self::Crash(*id)
    }
}

impl From<&StoredId> for StoredId {
    fn from(id: &StoredId) -> Self {
        id.clone()
    }
}

impl TryFrom<String> for StoredId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<StoredId> for String {
    fn from(id: StoredId) -> Self {
        id.as_str().to_owned()
    }
}
