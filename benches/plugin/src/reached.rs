use std::time::{SystemTime, UNIX_EPOCH};

use socorro_core::{Bytes, Error, ErrorKind, Result};

/// The moment at which the plugin was reached, in nanoseconds of the system's clock: host and plugin read the
/// same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached(pub u64);

impl Reached {
    /// This moment.
    pub fn now() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    /// As a JSON document, which is what a raw crash is.
    pub fn to_json(self) -> Bytes {
        format!("{{\"reached\":{}}}", self.0).into()
    }

    /// Out of such a document.
    ///
    /// # Errors
    /// `Corrupt` when it is no such document.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        std::str::from_utf8(json)
            .ok()
            .and_then(|text| text.strip_prefix("{\"reached\":")?.strip_suffix('}'))
            .and_then(|nanos| nanos.parse().ok())
            .map(Self)
            .ok_or_else(|| Error::new(ErrorKind::Corrupt, "this does not say when it was reached"))
    }
}
