use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

/// A day, UTC, in the years 2000 to 2099: all that six digits in a crash id can say.
///
/// Text form `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CrashDate(Date);

impl CrashDate {
    /// The day with these numbers, if there is one between 2000 and 2099.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        if !(2000..=2099).contains(&year) {
            return None;
        }
        let (year, month, day) = (
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        );
        Date::new(year, month, day).ok().map(Self)
    }

    /// The day that six digits `YYMMDD` name.
    pub(crate) fn from_yymmdd(digits: &[u8]) -> Option<Self> {
        let [a, b, c, d, e, f] = digits else {
            return None;
        };
        let two = |tens: &u8, ones: &u8| {
            (tens.is_ascii_digit() && ones.is_ascii_digit())
                .then(|| (tens - b'0') * 10 + (ones - b'0'))
        };
        Self::new(2000 + u16::from(two(a, b)?), two(c, d)?, two(e, f)?)
    }

    /// The day in the last six characters of anything: the original systems read the date of ids that they
    /// themselves call invalid.
    pub fn at_end_of(text: &str) -> Option<Self> {
        let start = text.len().checked_sub(6)?;
        Self::from_yymmdd(&text.as_bytes()[start..])
    }

    /// The day, UTC, of a moment; moments outside the years 2000 to 2099 read as the nearest day.
    pub fn of(moment: std::time::SystemTime) -> Self {
        let beyond = if moment < std::time::SystemTime::UNIX_EPOCH {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        let timestamp = jiff::Timestamp::try_from(moment).unwrap_or(beyond);
        let date = jiff::tz::TimeZone::UTC.to_datetime(timestamp).date();
        Self(date.clamp(Self::FIRST.0, Self::LAST.0))
    }

    /// 2000-01-01.
    pub const FIRST: Self = Self(jiff::civil::date(2000, 1, 1));
    /// 2099-12-31.
    pub const LAST: Self = Self(jiff::civil::date(2099, 12, 31));

    /// The year, 2000 to 2099.
    pub fn year(self) -> u16 {
        self.0.year().unsigned_abs()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.0.month().unsigned_abs()
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    /// `YYYYMMDD`, as paths and keys have it.
    pub fn compact(self) -> String {
        format!("{:04}{:02}{:02}", self.year(), self.month(), self.day())
    }

    /// The day that `YYYYMMDD` names.
    pub fn from_compact(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        (digits.len() == 8 && digits.starts_with(b"20")).then(|| Self::from_yymmdd(&digits[2..]))?
    }

    /// The next day; `None` after the last one.
    pub fn tomorrow(self) -> Option<Self> {
        let next = Self(self.0.tomorrow().ok()?);
        (next <= Self::LAST).then_some(next)
    }

    /// Every day from this one to `last`, both included.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |day| day.tomorrow()).take_while(move |day| *day <= last)
    }
}

impl fmt::Display for CrashDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.year(),
            self.month(),
            self.day()
        )
    }
}

impl fmt::Debug for CrashDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CrashDate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || {
            let shown: String = text.chars().take(40).collect();
            Error::new(
                ErrorKind::InvalidInput,
                format!("{shown:?} is not a day of the years 2000 to 2099; write YYYY-MM-DD"),
            )
        };
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' || !text.is_ascii() {
            return Err(invalid());
        }
        Self::from_compact(&text.replace('-', "")).ok_or_else(invalid)
    }
}

impl TryFrom<String> for CrashDate {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<CrashDate> for String {
    fn from(date: CrashDate) -> Self {
        date.to_string()
    }
}
