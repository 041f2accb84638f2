//! Passwords inside URLs, which are refused and never shown.
//!
//! A password stands between the user and the host, `scheme://user:PASSWORD@host`, or is a parameter,
//! `?password=PASSWORD`, as clients of databases take it. Both are found in the middle of any text, because that
//! is where a message would show them.

use std::borrow::Cow;
use std::ops::Range;

const MASK: &str = "***";

/// Written as they are, or the way a URL escapes them.
const AT: [&str; 2] = ["@", "%40"];
const COLON: [&str; 3] = [":", "%3a", "%3A"];

/// What comes before the name of a parameter, and what ends its value.
const BEFORE_NAME: [char; 11] = ['?', '&', ';', '#', ' ', '\t', '\n', '"', '\'', '/', ':'];
const ENDS: [char; 9] = ['?', '&', ';', '#', ' ', '\t', '\n', '"', '\''];

/// Does any URL in `text` carry a password?
pub(crate) fn has_password(text: &str) -> bool {
    !passwords(text).is_empty()
}

/// `text` with the passwords of its URLs masked.
pub(crate) fn mask_passwords(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut done = 0;
    for range in passwords(text) {
        // One may lie within another: a password can look like a parameter.
        if let Some(between) = text.get(done..range.start) {
            masked.push_str(between);
            masked.push_str(MASK);
        }
        done = done.max(range.end);
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(masked)
}

/// Where the passwords are, in order.
fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<_> = before_hosts(text).chain(parameters(text)).collect();
    found.sort_by_key(|range| (range.start, range.end));
    found
}

/// Those between user and host.
fn before_hosts(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(found) = text.get(from..).and_then(|rest| rest.find("://")) {
            let start = from + found + 3;
            from = start;
            // The next URL in the same text has its own turn.
            let end = text
                .get(start..)
                .and_then(|rest| rest.find("://"))
                .map_or(text.len(), |next| start + next);
            if let Some(range) = text.get(start..end).and_then(password) {
                from = start + range.end;
                return Some(start + range.start..from);
            }
        }
        None
    })
}

/// The password of what follows `://`. A slash inside a password ends the authority by the book, yet people
/// write it; what stands before it is then no port number, and an `@` still follows.
fn password(rest: &str) -> Option<Range<usize>> {
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (before, _) = rest.split_at_checked(authority)?;
    let end = match last(before, &AT) {
        Some(at) => at.start,
        None if before.ends_with(']') => return None,
        None => {
            let port = before.get(last(before, &COLON)?.end..)?;
            if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            last(rest, &AT)?.start
        }
    };
    let colon = first(rest.get(..end)?, &COLON)?;
    (colon.end < end).then_some(colon.end..end)
}

fn first(text: &str, signs: &[&str]) -> Option<Range<usize>> {
    let found = signs.iter().filter_map(|sign| {
        let start = text.find(sign)?;
        Some(start..start + sign.len())
    });
    found.min_by_key(|range| range.start)
}

fn last(text: &str, signs: &[&str]) -> Option<Range<usize>> {
    let found = signs.iter().filter_map(|sign| {
        let start = text.rfind(sign)?;
        Some(start..start + sign.len())
    });
    found.max_by_key(|range| range.start)
}

/// The values of parameters that are passwords by their names.
fn parameters(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    text.match_indices('=').filter_map(move |(equals, _)| {
        let name = text.get(..equals)?.rsplit(BEFORE_NAME).next()?;
        let rest = text.get(equals + 1..)?;
        let length = rest.find(ENDS).unwrap_or(rest.len());
        (is_password(name) && length > 0).then_some(equals + 1..equals + 1 + length)
    })
}

fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let whole = [
        "pass",
        "pwd",
        "secret",
        "token",
        "access_token",
        "api_key",
        "apikey",
    ];
    let part = ["password", "passwd", "passphrase"];
    whole.contains(&name.as_str()) || part.iter().any(|part| name.contains(part))
}
