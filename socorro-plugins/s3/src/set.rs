//! Which parts belong together.
//!
//! S3 has no transactions, so every object that a save writes says in its metadata which set it is of: a digest of
//! the raw crash and all dumps. A reader that finds parts of different sets knows it, and equal saves, at the same
//! time or one after another, write equal parts.

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use socorro_core::crash::DumpName;
use socorro_core::error::{Error, ErrorKind, Result};

use crate::body::{Body, blocking};
use crate::layout::thing_of;

/// The metadata key of a [`SetId`].
const SET: &str = "socorro-set";
/// The metadata key of the dumps' names, on the raw crash.
const DUMPS: &str = "socorro-dumps";
/// S3 keeps 2048 bytes of metadata; longer lists are read from `dump_names`.
const LONGEST_LIST: usize = 1600;
/// More bytes than this are hashed on a thread of their own.
const HASH_INLINE: u64 = 1 << 20;

/// A digest of a raw crash and all its dumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SetId(u128);

/// Metadata of an object.
pub(crate) type Metadata = HashMap<String, String>;

impl SetId {
    pub(crate) async fn of(raw: &Bytes, dumps: &[(DumpName, Body)]) -> Result<Self> {
        let size: u64 = dumps.iter().map(|(_, body)| body.len()).sum();
        if size <= HASH_INLINE && !dumps.iter().any(|(_, body)| body.is_file()) {
            return Self::hash(raw, dumps);
        }
        let (raw, dumps) = (raw.clone(), dumps.to_vec());
        blocking(move || Self::hash(&raw, &dumps)).await
    }

    fn hash(raw: &Bytes, dumps: &[(DumpName, Body)]) -> Result<Self> {
        let mut hash = blake3::Hasher::new();
        // Lengths in front, so that no two different sets feed the same bytes.
        hash.update(&(raw.len() as u64).to_be_bytes());
        hash.update(raw);
        for (name, body) in dumps {
            hash.update(&(name.as_str().len() as u64).to_be_bytes());
            hash.update(name.as_str().as_bytes());
            hash.update(&body.len().to_be_bytes());
            body.hash(&mut hash)?;
        }
        let digest = hash.finalize();
        let half = digest
            .as_bytes()
            .iter()
            .take(16)
            .fold(0, |half: u128, byte| half << 8 | u128::from(*byte));
        Ok(Self(half))
    }

    /// What an object says it is of.
    pub(crate) fn in_metadata(metadata: &Metadata) -> Option<Self> {
        let text = metadata.get(SET)?;
        (text.len() == 32)
            .then(|| u128::from_str_radix(text, 16).ok().map(Self))
            .flatten()
    }

    /// What a part says.
    pub(crate) fn metadata(self) -> Metadata {
        HashMap::from([(SET.to_owned(), self.to_string())])
    }

    /// What the raw crash says: it names the dumps too, which saves a reader a request.
    pub(crate) fn metadata_of_raw(self, names: &[DumpName]) -> Metadata {
        let list: Vec<&str> = names.iter().map(thing_of).collect();
        let list = list.join(",");
        let mut metadata = self.metadata();
        if list.len() <= LONGEST_LIST {
            metadata.insert(DUMPS.to_owned(), list);
        }
        metadata
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for SetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The names of the dumps that a raw crash's metadata has, if it has them.
pub(crate) fn names_in_metadata(metadata: &Metadata) -> Option<Vec<DumpName>> {
    let list = metadata.get(DUMPS)?;
    if list.is_empty() {
        return Some(Vec::new());
    }
    list.split(',').map(|name| name.parse().ok()).collect()
}

/// The `dump_names` object: a JSON list, in the form the originals write, with the names that keys have.
pub(crate) fn write_names(names: &[DumpName]) -> Bytes {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("\"{}\"", thing_of(name)))
        .collect();
    format!("[{}]", quoted.join(", ")).into()
}

/// The names in a `dump_names` object. The originals wrote the default dump's as `upload_file_minidump`, `dump`,
/// empty or null; a name that can be no part of a key is left out.
///
/// `Corrupt` when it is no list of names.
pub(crate) fn read_names(bytes: &[u8]) -> Result<Vec<DumpName>> {
    let names: Vec<Option<String>> = serde_json::from_slice(bytes).map_err(|error| {
        let message = "the stored dump_names is not a list of names";
        Error::new(ErrorKind::Corrupt, message).caused_by(&error)
    })?;
    let mut known: Vec<DumpName> = names
        .into_iter()
        .filter_map(|name| name.unwrap_or_default().parse().ok())
        .collect();
    known.sort();
    known.dedup();
    Ok(known)
}
