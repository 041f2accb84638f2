use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

/// The name of a dump: 1 to 64 of `[A-Za-z0-9_.-]`, no dot in front, none of the reserved words.
///
/// The default dump is `upload_file_minidump`; `dump` and the empty name, as older systems wrote it, read as
/// the default.
///
/// ```
/// use socorro_core::crash::DumpName;
///
/// assert_eq!(DumpName::try_from("dump")?, DumpName::default());
/// assert!(DumpName::try_from("../escape").is_err());
/// # Ok::<(), socorro_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DumpName(Arc<str>);

/// Names that layouts and keys use for something else.
const RESERVED: [&str; 6] = [
    "raw_crash",
    "dump_names",
    "processed_crash",
    "crash_report",
    "raw",
    "processed",
];

impl DumpName {
    /// The name of the default dump.
    pub const DEFAULT: &'static str = "upload_file_minidump";
    /// The most bytes a name may have.
    pub const MAX_LEN: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is this the default dump?
    pub fn is_default(&self) -> bool {
        &*self.0 == Self::DEFAULT
    }
}

impl Default for DumpName {
    fn default() -> Self {
        Self(Self::DEFAULT.into())
    }
}

impl FromStr for DumpName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            let shown: String = text.chars().take(80).collect();
            Err(Error::new(
                ErrorKind::InvalidInput,
                format!(
                    "{shown:?} is not a dump name: {why}; use 1 to 64 of A-Z a-z 0-9 _ . - without a leading dot"
                ),
            ))
        };
        match text {
            "" | "dump" => return Ok(Self::default()),
            _ if RESERVED.contains(&text) => return refuse("it is reserved"),
            _ if text.len() > Self::MAX_LEN => return refuse("it is longer than 64 bytes"),
            _ if text.starts_with('.') => return refuse("it starts with a dot"),
            _ => {}
        }
        match text
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')))
        {
            Some(wrong) => refuse(&format!("{wrong:?} is not allowed in it")),
            None => Ok(Self(text.into())),
        }
    }
}

impl TryFrom<&str> for DumpName {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

impl TryFrom<String> for DumpName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<DumpName> for String {
    fn from(name: DumpName) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for DumpName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DumpName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
