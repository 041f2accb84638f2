use std::fmt;
use std::str::FromStr;

use super::CrashDate;
use crate::error::{Error, ErrorKind};

/// An id that old data bears and [`CrashId`](super::CrashId) refuses: upper case, a date that is none, a
/// letter for the digit. Good for reading and deleting, never for saving.
///
/// Five groups of 8, 4, 4, 4 and 12 ASCII letters or digits, so that it is always a plain file name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LegacyId {
    text: Box<str>,
    date: Option<CrashDate>,
}

impl LegacyId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The day at its end, if there is one.
    pub fn date(&self) -> Option<CrashDate> {
        self.date
    }

    /// The seventh character from the end, if it is a digit.
    pub fn digit(&self) -> Option<u8> {
        let digit = self.text.as_bytes()[29];
        digit.is_ascii_digit().then(|| digit - b'0')
    }
}

impl FromStr for LegacyId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let fits = text.len() == 36
            && text.bytes().enumerate().all(|(place, byte)| match place {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_alphanumeric(),
            });
        if !fits {
            let shown: String = text.chars().take(48).collect();
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!(
                    "{shown:?} is not a crash id, not even an old one: it has not the shape of a UUID"
                ),
            ));
        }
        Ok(Self {
            text: text.into(),
            date: CrashDate::at_end_of(text),
        })
    }
}

impl fmt::Display for LegacyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for LegacyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
