use super::{ProcessedCrash, json};
use crate::error::{Error, ErrorKind, Result};

/// The fields that are removed from a processed crash before it is handed to a reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    /// Dotted paths, split at the dots; none is empty.
    paths: Vec<Vec<String>>,
}

impl Redaction {
    /// Forbids these dotted paths. A path through something that is no object, or to a key that is not
    /// there, removes nothing.
    ///
    /// `InvalidConfig` when a path is empty or has an empty part.
    pub fn new<S: AsRef<str>>(forbidden_keys: impl IntoIterator<Item = S>) -> Result<Self> {
        let paths = forbidden_keys
            .into_iter()
            .map(|key| split(key.as_ref()))
            .collect::<Result<_>>()?;
        Ok(Self { paths })
    }

    /// The forbidden paths, dotted, as they were given.
    pub fn forbidden_keys(&self) -> impl Iterator<Item = String> + '_ {
        self.paths.iter().map(|path| path.join("."))
    }

    /// A copy without the forbidden fields; every other byte stays.
    ///
    /// `Corrupt` when the document is not what it was checked to be.
    pub fn apply(&self, processed: &ProcessedCrash) -> Result<ProcessedCrash> {
        if self.paths.is_empty() {
            return Ok(processed.clone());
        }
        let redacted = json::without(processed.as_bytes(), &self.paths)
            .map_err(|why| Error::new(ErrorKind::Corrupt, format!("the processed crash {why}")))?;
        Ok(ProcessedCrash::assume_checked(redacted))
    }
}

fn split(key: &str) -> Result<Vec<String>> {
    let parts: Vec<String> = key.trim().split('.').map(str::to_owned).collect();
    if parts.iter().any(String::is_empty) {
        return Err(Error::new(
            ErrorKind::InvalidConfig,
            format!(
                "redaction.forbidden_keys: {key:?} is not a dotted path such as json_dump.sensitive"
            ),
        ));
    }
    Ok(parts)
}
