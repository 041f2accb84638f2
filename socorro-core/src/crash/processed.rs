use bytes::Bytes;
use serde_json::{Map, Value};

use super::{Limits, json};
use crate::error::{Error, ErrorKind, Result};

/// The JSON document that a processor made of a crash, kept as its exact bytes. See
/// [`RawCrash`](super::RawCrash) for what the scan at construction accepts. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct ProcessedCrash(Bytes);

impl ProcessedCrash {
    /// A document from a caller. `InvalidInput` when it is not a JSON object or over a limit.
    pub fn new(document: impl Into<Bytes>, limits: &Limits) -> Result<Self> {
        let document = document.into();
        json::check_object(&document, limits).map_err(|why| {
            Error::new(
                ErrorKind::InvalidInput,
                format!("the processed crash {why}"),
            )
        })?;
        Ok(Self(document))
    }

    /// A document that a store gave back. `Corrupt` when it is not a JSON object.
    pub fn from_stored(document: impl Into<Bytes>) -> Result<Self> {
        let document = document.into();
        json::check_object(&document, &json::STORED).map_err(|why| {
            Error::new(
                ErrorKind::Corrupt,
                format!("the stored processed crash {why}"),
            )
        })?;
        Ok(Self(document))
    }

    /// A document that was checked already.
    pub(crate) fn assume_checked(document: Bytes) -> Self {
        Self(document)
    }

    /// The exact bytes.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// The exact bytes, without sharing them.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The value of a top-level field; see [`RawCrash::field`](super::RawCrash::field).
    pub fn field(&self, name: &str) -> Option<Value> {
        json::field(&self.0, name)
    }

    /// All fields at once, each as [`field`](Self::field) gives it; one scan, and memory of several times the
    /// document's size.
    pub fn fields(&self) -> Map<String, Value> {
        let document = self.0.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.0);
        match json::parse(document) {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }
}

/// Shows the size, never the content, which is personal.
impl std::fmt::Debug for ProcessedCrash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProcessedCrash({} bytes)", self.0.len())
    }
}
