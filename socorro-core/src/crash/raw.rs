use bytes::Bytes;
use serde_json::Value;

use super::{Limits, json};
use crate::error::{Error, ErrorKind, Result};

/// The JSON document that came with a crash, kept as its exact bytes.
///
/// One tolerant scan at construction checks that it is an object within the limits and accepts what real
/// collectors stored: `NaN`, `Infinity`, lone surrogates, duplicate keys. It is parsed only when a field is
/// asked for. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct RawCrash(Bytes);

impl RawCrash {
    /// A document from a caller. `InvalidInput` when it is not a JSON object or over a limit.
    pub fn new(document: impl Into<Bytes>, limits: &Limits) -> Result<Self> {
        let document = document.into();
        json::check_object(&document, limits)
            .map_err(|why| Error::new(ErrorKind::InvalidInput, format!("the raw crash {why}")))?;
        Ok(Self(document))
    }

    /// A document that a store gave back. `Corrupt` when it is not a JSON object.
    pub fn from_stored(document: impl Into<Bytes>) -> Result<Self> {
        let document = document.into();
        json::check_object(&document, &json::STORED)
            .map_err(|why| Error::new(ErrorKind::Corrupt, format!("the stored raw crash {why}")))?;
        Ok(Self(document))
    }

    /// A document that was checked on the other side of the plugin boundary.
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

    /// The value of a top-level field, the last one if the key is there twice. Scans the document.
    ///
    /// What JSON proper cannot say reads as the nearest it can: `NaN` and the infinities as null, a lone
    /// surrogate as U+FFFD.
    pub fn field(&self, name: &str) -> Option<Value> {
        json::field(&self.0, name)
    }
}

/// Shows the size, never the content, which is personal.
impl std::fmt::Debug for RawCrash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawCrash({} bytes)", self.0.len())
    }
}
