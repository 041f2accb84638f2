use bytes::Bytes;
use serde_json::Value;

use super::{Limits, json};
use crate::error::{Error, ErrorKind, Result};

/// The JSON document that came with a crash, kept as its exact bytes.
///
/// One tolerant scan at construction checks that it is an object within the limits and accepts what real
/// collectors stored: `NaN`, `Infinity`, lone surrogates, duplicate keys. It is parsed only when a field is
/// asked for. Cheap to clone.
///
/// ```
/// use serde_json::json;
/// use socorro_core::crash::{Limits, RawCrash};
///
/// let document = r#"{"ProductName": "Firefox", "UptimeTS": NaN, "Version": "\ud83e\udd8a", "Version": "133.0"}"#;
/// let raw = RawCrash::new(document, &Limits::default())?;
/// assert_eq!(raw.as_bytes(), document);
/// assert_eq!(raw.field("Version"), Some(json!("133.0")));
/// assert_eq!(raw.field("UptimeTS"), Some(json!(null)));
/// assert_eq!(raw.field("BuildID"), None);
///
/// let refused = RawCrash::new("[1, 2]", &Limits::default()).unwrap_err();
/// assert_eq!(
///     refused.message(),
///     "the raw crash is not a JSON object: it starts with '[' at byte 0; \
///      put its content into one, as in {\"key\": value}"
/// );
/// # Ok::<(), socorro_core::Error>(())
/// ```
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
    #[cfg(feature = "plugin")]
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
    /// surrogate as U+FFFD, an integer beyond 64 bits as a float, a float beyond `f64` as null.
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
