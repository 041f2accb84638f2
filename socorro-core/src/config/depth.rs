//! How deep a TOML document is, found out before it is parsed.
//!
//! The parser bounds braces and the parts of one key, each by itself; together they make trees so deep that
//! walking or dropping one overflows the stack.

/// Does the nesting of `text`, dotted keys included, stay within `most` levels?
pub(crate) fn is_within(text: &str, most: usize) -> bool {
    let mut rest = text.as_bytes();
    // The dots of the key before each open bracket, and one for the bracket.
    let mut open: Vec<usize> = Vec::new();
    let mut outside = 0;
    let mut dots = 0;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'#' => rest = skip_line(rest),
            b'"' | b'\'' => rest = skip_string(*byte, rest),
            b'.' => dots += 1,
            // The dots of a key count for what is inside of its value.
            b'=' | b' ' | b'\t' => {}
            b'[' | b'{' => {
                open.push(dots + 1);
                outside += dots + 1;
                dots = 0;
            }
            b']' | b'}' => {
                outside -= open.pop().unwrap_or(0);
                dots = 0;
            }
            b',' | b'\n' => dots = 0,
            _ => {}
        }
        if outside + dots > most {
            return false;
        }
    }
    true
}

fn skip_line(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| *byte == b'\n');
    end.and_then(|end| rest.get(end..)).unwrap_or_default()
}

/// What comes after a string whose first quote has been read.
pub(crate) fn skip_string(quote: u8, mut rest: &[u8]) -> &[u8] {
    let triple = [quote; 3];
    let many_lines = rest.starts_with(&[quote; 2]);
    if many_lines {
        rest = rest.get(2..).unwrap_or_default();
    }
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'\\' if quote == b'"' => rest = after.get(1..).unwrap_or_default(),
            b'\n' if !many_lines => return rest,
            _ if many_lines && rest.starts_with(&triple) => {
                return rest.get(3..).unwrap_or_default();
            }
            _ if *byte == quote && !many_lines => return after,
            _ => rest = after,
        }
    }
    rest
}
