use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::CrashDate;
use crate::error::{Error, ErrorKind};

/// The identity of a crash, parsed once: 36 lower-case characters in the shape of a UUID whose last six are
/// the day `YYMMDD`, and whose seventh from the end is a digit (storage depth or throttle result).
///
/// Source: Socorro's and antenna's crash ids; unlike theirs the date is a real one and nothing may follow it.
///
/// ```
/// use socorro_core::crash::CrashId;
///
/// let id: CrashId = "0bba929f-8721-460c-dead-a43c20071025".parse()?;
/// assert_eq!(id.date().to_string(), "2007-10-25");
/// assert_eq!(id.digit(), 0);
/// # Ok::<(), socorro_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CrashId {
    /// ASCII only, so that [`CrashId::as_str`] cannot fail.
    text: [u8; Self::LEN],
    date: CrashDate,
}

impl CrashId {
    /// The length of an id in bytes.
    pub const LEN: usize = 36;

    /// A new id of `date` from 16 bytes of entropy: a version 4 UUID, the last seven characters replaced by
    /// the digit 0 and the date.
    pub fn new(date: CrashDate, mut entropy: [u8; 16]) -> Self {
        entropy[6] = entropy[6] & 0x0f | 0x40;
        entropy[8] = entropy[8] & 0x3f | 0x80;
        let mut text = [b'-'; Self::LEN];
        let mut place = 0;
        for byte in entropy {
            if matches!(place, 8 | 13 | 18 | 23) {
                place += 1;
            }
            for nibble in [byte >> 4, byte & 0xf] {
                text[place] = b"0123456789abcdef"[usize::from(nibble)];
                place += 1;
            }
        }
        text[29] = b'0';
        text[30..].copy_from_slice(&date.compact().as_bytes()[2..]);
        Self { text, date }
    }

    /// A new id of `date` with the operating system's randomness.
    ///
    /// `Internal` when the operating system has none to give.
    pub fn random(date: CrashDate) -> Result<Self, Error> {
        let mut entropy = [0; 16];
        getrandom::fill(&mut entropy).map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                "the operating system gives no randomness for a crash id",
            )
            .caused_by(&error)
        })?;
        Ok(Self::new(date, entropy))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The day the crash was submitted, as the id says.
    pub fn date(&self) -> CrashDate {
        self.date
    }

    /// The seventh character from the end as a number, 0 to 9.
    pub fn digit(&self) -> u8 {
        self.text[29] - b'0'
    }
}

impl FromStr for CrashId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes: [u8; Self::LEN] = text
            .as_bytes()
            .try_into()
            .map_err(|_| refuse(text, "has not 36 characters"))?;
        for (place, byte) in bytes.iter().enumerate() {
            let fits = match place {
                8 | 13 | 18 | 23 => *byte == b'-',
                29..=35 => byte.is_ascii_digit(),
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            };
            if !fits {
                return Err(refuse(
                    text,
                    &format!("has a wrong character at position {}", place + 1),
                ));
            }
        }
        let date = CrashDate::from_yymmdd(&bytes[30..])
            .ok_or_else(|| refuse(text, "does not end in a date YYMMDD"))?;
        Ok(Self { text: bytes, date })
    }
}

fn refuse(text: &str, why: &str) -> Error {
    let shown: String = text.chars().take(48).collect();
    Error::new(
        ErrorKind::InvalidInput,
        format!(
            "{shown:?} is not a crash id: it {why}; one looks like 0bba929f-8721-460c-dead-a43c20071025"
        ),
    )
}

/// By day, then by text: the order of lists.
impl Ord for CrashId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.date, self.text).cmp(&(other.date, other.text))
    }
}

impl PartialOrd for CrashId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for CrashId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CrashId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AsRef<str> for CrashId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl TryFrom<String> for CrashId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<CrashId> for String {
    fn from(id: CrashId) -> Self {
        id.as_str().to_owned()
    }
}
