//! Ids and days as PostgreSQL has them: `uuid` and `date`, which take 16 and 4 bytes.
//!
//! A crash id is a UUID by its form, and UUIDs are ordered as the text of ids is.

use std::error::Error as StdError;

use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use socorro_core::crash::{CrashDate, CrashId};

type Boxed = Box<dyn StdError + Sync + Send>;

/// A crash id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(pub(crate) [u8; 16]);

/// A day, counted from 2000-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(pub(crate) i32);

impl From<&CrashId> for Id {
    fn from(id: &CrashId) -> Self {
        Self(hex(id.as_str()))
    }
}

impl Id {
    /// The id as text.
    pub(crate) fn text(self) -> String {
        let mut text = String::with_capacity(CrashId::LEN);
        for (place, byte) in self.0.into_iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for nibble in [byte >> 4, byte & 0xf] {
                text.extend(char::from_digit(u32::from(nibble), 16));
            }
        }
        text
    }
}

/// The hexadecimal digits of `text`; what is none counts as 0.
fn hex(text: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    let digits = text.chars().filter(|c| *c != '-');
    for (place, digit) in digits.take(32).enumerate() {
        let value = digit.to_digit(16).unwrap_or_default() as u8;
        bytes[place / 2] |= if place % 2 == 0 { value << 4 } else { value };
    }
    bytes
}

/// The greatest UUID whose text is not greater than `text`, which has the shape of an id but may be one that
/// only old data has; `None` when all are greater.
pub(crate) fn lower_bound(text: &str) -> Option<Id> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    let Some(place) = digits.find(|c| !is_digit(c)) else {
        return Some(Id(hex(&digits)));
    };
    let (before, strange) = digits.split_at(place);
    // Capitals stand between the digits and the letters, other letters behind both.
    let nearest = if strange.starts_with(|c: char| c.is_ascii_uppercase()) {
        '9'
    } else {
        'f'
    };
    let mut nearest = format!("{before}{nearest}");
    nearest.extend(std::iter::repeat_n(
        'f',
        32usize.saturating_sub(nearest.len()),
    ));
    Some(Id(hex(&nearest)))
}

impl From<CrashDate> for Day {
    /// Days of the civil calendar, counted by its cycle of 400 years, which began with 2000-03-01.
    fn from(date: CrashDate) -> Self {
        let (year, month, day) = (
            i32::from(date.year()),
            i32::from(date.month()),
            i32::from(date.day()),
        );
        // Years begin with March, so that the day that is sometimes there comes last.
        let year = if month <= 2 { year - 1 } else { year } - 2000;
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        // January and February of 2000 are 31 and 29 days.
        Self(days + day_of_year + 60)
    }
}

impl Day {
    /// The first day of the partition of so many days that holds this one. Weeks begin with Monday, as
    /// 2000-01-03 was one.
    pub(crate) fn partition_start(self, days: i32) -> Self {
        Self(2 + (self.0 - 2).div_euclid(days) * days)
    }
}

impl ToSql for Id {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Id {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        Ok(Self(raw.try_into()?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }
}

impl ToSql for Day {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        out.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::DATE
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests;
