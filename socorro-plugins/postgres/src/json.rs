//! Whether `jsonb` can hold a document.
//!
//! Crashes are accepted by a tolerant grammar; `jsonb` is stricter. A document that it would refuse is stored
//! all the same, without its queryable form, and the reason beside it. Asked here, because a refusal by the
//! server ends the transaction for everything else in it. What this overlooks the server tells, and the crash
//! is then saved alone and without that form.

/// The most digits of a number and its exponent: far beyond any crash's, far below the limits of `numeric`.
const DIGITS: usize = 4096;
const EXPONENT: usize = 4;

/// Why `jsonb` refuses `document`, which is one of the tolerant grammar.
pub(crate) fn refusal(document: &[u8]) -> Option<&'static str> {
    if document.starts_with(b"\xef\xbb\xbf") {
        return Some("it begins with a byte order mark");
    }
    let mut rest = document;
    loop {
        let (first, after) = rest.split_first()?;
        rest = match first {
            b'"' => match string(after) {
                Ok(rest) => rest,
                Err(why) => return Some(why),
            },
            b'N' | b'I' => return Some("it has NaN or Infinity"),
            b'0'..=b'9' => {
                let number = after.iter().take_while(|byte| {
                    matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
                });
                let (number, behind) = after.split_at_checked(number.count())?;
                let exponent = number.rsplit(|byte| matches!(byte, b'e' | b'E')).next();
                let has_exponent = exponent.is_some_and(|digits| digits.len() < number.len());
                if number.len() > DIGITS
                    || has_exponent && exponent.is_some_and(|digits| digits.len() > EXPONENT)
                {
                    return Some("it has a number that is too long");
                }
                behind
            }
            _ => after,
        };
    }
}

/// What follows the string that begins at `rest`.
fn string(mut rest: &[u8]) -> Result<&[u8], &'static str> {
    const LONE: &str = "it has half of a surrogate pair";
    loop {
        rest = match rest {
            [] => return Ok(rest),
            [b'"', after @ ..] => return Ok(after),
            [b'\\', b'u', escape @ ..] => match unit(escape) {
                Some((0, _)) => return Err("it has the character \\u0000"),
                Some((0xd800..=0xdbff, [b'\\', b'u', low @ ..])) => match unit(low) {
                    Some((0xdc00..=0xdfff, after)) => after,
                    _ => return Err(LONE),
                },
                Some((0xd800..=0xdfff, _)) => return Err(LONE),
                Some((_, after)) => after,
                None => return Ok(&[]),
            },
            [b'\\', _, after @ ..] | [_, after @ ..] => after,
        };
    }
}

/// Four hexadecimal digits and what follows them.
fn unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, after) = text.split_at_checked(4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    Some((u32::from_str_radix(digits, 16).ok()?, after))
}

#[cfg(test)]
mod tests;
