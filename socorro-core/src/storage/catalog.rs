use std::fmt;

use serde::{Deserialize, Serialize};

use crate::crash::DumpName;

/// What there is of one crash, as [`CrashStorage::catalog`](super::CrashStorage::catalog) found it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// One entry a part: the raw crash, each dump by name, the processed crash.
    pub entries: Vec<CatalogEntry>,
}

/// One part of a crash that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogEntry {
    /// Which part.
    pub part: Part,
    /// Its size in bytes as stored, where the store knows it without reading the part.
    pub size: Option<u64>,
}

/// A part of a crash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The JSON document that came with the crash.
    RawCrash,
    /// The dump with this name.
    Dump(DumpName),
    /// The JSON document that a processor made.
    ProcessedCrash,
}

impl Catalog {
    /// Nothing is there.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Is the raw crash there? It is written last: where it is, all dumps are.
    pub fn has_raw_crash(&self) -> bool {
        self.has(&Part::RawCrash)
    }

    /// Is the processed crash there?
    pub fn has_processed_crash(&self) -> bool {
        self.has(&Part::ProcessedCrash)
    }

    /// The names of the dumps that are there, in the store's order.
    pub fn dump_names(&self) -> impl Iterator<Item = &DumpName> {
        self.entries.iter().filter_map(|entry| match &entry.part {
            Part::Dump(name) => Some(name),
            Part::RawCrash | Part::ProcessedCrash => None,
        })
    }

    /// Is this part there?
    pub fn has(&self, part: &Part) -> bool {
        self.entries.iter().any(|entry| entry.part == *part)
    }
}

/// `raw_crash`, `processed_crash`, or the dump's name; these two are reserved and no dump's name.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RawCrash => f.write_str("raw_crash"),
            Self::Dump(name) => name.fmt(f),
            Self::ProcessedCrash => f.write_str("processed_crash"),
        }
    }
}
