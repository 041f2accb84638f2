//! Passwords inside URLs, which are refused and never shown.

use std::borrow::Cow;
use std::ops::Range;

const MASK: &str = "***";

/// Does any URL in `text` carry a password?
pub(crate) fn has_password(text: &str) -> bool {
    passwords(text).next().is_some()
}

/// `text` with the passwords of its URLs masked.
pub(crate) fn mask_passwords(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut done = 0;
    for range in passwords(text) {
        masked.push_str(text.get(done..range.start).unwrap_or_default());
        masked.push_str(MASK);
        done = range.end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(masked)
}

/// Where the passwords are, in order and apart from each other.
fn passwords(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
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
    let end = match before.rfind('@') {
        Some(at) => at,
        None if before.ends_with(']') => return None,
        None => {
            let (_, port) = before.rsplit_once(':')?;
            if port.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            rest.rfind('@')?
        }
    };
    let colon = rest.get(..end)?.find(':')?;
    (colon + 1 < end).then_some(colon + 1..end)
}
