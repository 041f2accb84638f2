//! Moments as the originals wrote them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The moment as RFC 3339 in UTC; `None` when the text says none.
///
/// Reads RFC 3339, and without a zone, which then is UTC: ISO 8601, and Socorro's `2015-03-01 12:00:00.123456`.
/// A day alone is its beginning.
pub(super) fn normal(text: &str) -> Option<String> {
    let text = text.trim();
    // Longer than any moment, and not worth parsing.
    if text.len() > 64 || !text.is_ascii() {
        return None;
    }
    let moment = match text.parse::<Timestamp>() {
        Ok(moment) => moment,
        Err(_) => {
            let moment: DateTime = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(moment).ok()?
        }
    };
    // The server reads years of four digits.
    let year = TimeZone::UTC.to_datetime(moment).year();
    (0..=9999).contains(&year).then(|| moment.to_string())
}
