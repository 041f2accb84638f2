//! Names of indices: a template with the week, month or day of a crash id's own date.
//!
//! A crash goes to the index of the date in its id and of nothing else, so that saving it again, or processing
//! it again years later, replaces its document and never makes a second one.

use jiff::civil::{Date, Weekday};
use socorro_core::crash::CrashDate;
use socorro_core::{Error, ErrorKind, Result};

/// A template such as `socorro%Y%W`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexTemplate {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// `%Y`, four digits.
    Year,
    /// `%m`, two digits.
    Month,
    /// `%d`, two digits.
    Day,
    /// `%W`, two digits: weeks begin on Monday, and 00 are the days before the year's first Monday.
    Week,
}

impl IndexTemplate {
    /// `InvalidConfig` when the template can make a name that the server refuses, has no year, by which indices
    /// of different years would be one, or nothing in front of the year, by which it would take others' indices
    /// for its own.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let refuse = |why: &str| {
            Error::new(
                ErrorKind::InvalidConfig,
                format!("index = {text:?} {why}; the default is \"socorro%Y%W\""),
            )
        };
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text.chars();
        while let Some(letter) = rest.next() {
            if letter != '%' {
                if !matches!(letter, 'a'..='z' | '0'..='9' | '-' | '_' | '.') {
                    return Err(refuse(
                        "is no name of an index: only a to z, 0 to 9, '-', '_', '.' and the codes %Y, %m, %d, %W may be in it",
                    ));
                }
                literal.push(letter);
                continue;
            }
            let part = match rest.next() {
                Some('Y') => Part::Year,
                Some('m') => Part::Month,
                Some('d') => Part::Day,
                Some('W') => Part::Week,
                _ => return Err(refuse("has a code that is none of %Y, %m, %d, %W")),
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(part);
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        let Some(Part::Literal(first)) = parts.first() else {
            return Err(refuse("does not begin with a name of its own"));
        };
        if !first.starts_with(|letter: char| letter.is_ascii_lowercase()) {
            return Err(refuse("does not begin with a letter"));
        }
        if !parts.contains(&Part::Year) {
            return Err(refuse("has no %Y, so that years would share indices"));
        }
        if parts.contains(&Part::Day) && !parts.contains(&Part::Month) {
            return Err(refuse(
                "has %d without %m, so that months would share indices",
            ));
        }
        if text.len() > 200 {
            return Err(refuse("is longer than 200 bytes"));
        }
        Ok(Self { parts })
    }

    /// The index of the crashes of this day.
    pub(crate) fn name(&self, day: CrashDate) -> String {
        let mut name = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => name.push_str(text),
                Part::Year => name.push_str(&format!("{:04}", day.year())),
                Part::Month => name.push_str(&format!("{:02}", day.month())),
                Part::Day => name.push_str(&format!("{:02}", day.day())),
                Part::Week => name.push_str(&format!("{:02}", week(day))),
            }
        }
        name
    }

    /// The first and the last day whose crashes go to the index of this name; `None` when no day's do, which
    /// makes it somebody else's index.
    pub(crate) fn days(&self, name: &str) -> Option<(CrashDate, CrashDate)> {
        let year = self.year_in(name)?;
        let first = CrashDate::new(year, 1, 1)?;
        let last = CrashDate::new(year, 12, 31)?;
        let mut mine = first.through(last).filter(|day| self.name(*day) == name);
        let first = mine.next()?;
        Some((first, mine.last().unwrap_or(first)))
    }

    /// What all names of this template match: the codes replaced by `*`, the century left as it is.
    pub(crate) fn pattern(&self) -> String {
        let mut pattern = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => pattern.push_str(text),
                Part::Year => pattern.push_str("20*"),
                Part::Month | Part::Day | Part::Week => pattern.push('*'),
            }
        }
        while pattern.contains("**") {
            pattern = pattern.replace("**", "*");
        }
        pattern
    }

    /// What the index template of the server is called: the literal parts.
    pub(crate) fn template_name(&self) -> String {
        let literals: Vec<&str> = self
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::Literal(text) => Some(text.trim_matches(['-', '_', '.'])),
                _ => None,
            })
            .filter(|text| !text.is_empty())
            .collect();
        literals.join("-")
    }

    fn year_in(&self, name: &str) -> Option<u16> {
        let mut rest = name;
        for part in &self.parts {
            let width = match part {
                Part::Literal(text) => text.len(),
                Part::Year => return rest.get(..4)?.parse().ok(),
                Part::Month | Part::Day | Part::Week => 2,
            };
            rest = rest.get(width..)?;
        }
        None
    }
}

/// Python's `%W`.
fn week(day: CrashDate) -> i16 {
    let Some(date) = civil(day) else { return 0 };
    let since_monday = i16::from(date.weekday().since(Weekday::Monday));
    (date.day_of_year() + 6 - since_monday) / 7
}

fn civil(day: CrashDate) -> Option<Date> {
    let year = i16::try_from(day.year()).ok()?;
    let month = i8::try_from(day.month()).ok()?;
    Date::new(year, month, i8::try_from(day.day()).ok()?).ok()
}

#[cfg(test)]
mod tests;
