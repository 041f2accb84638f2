//! A line of TOML or JSON in tokens, as far as telling keys from values goes.

use std::ops::Range;

use super::depth;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) what: What,
    pub(crate) range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Space,
    Comment,
    /// A bracket, a comma, what stands between key and value.
    Sign,
    /// A string.
    Text,
    /// Anything that is not quoted.
    Word,
    /// A string or word that is a key.
    Key,
}

/// The tokens of the line that is at `line`; those that begin before it or end after it are cut.
pub(crate) fn line(text: &str, line: Range<usize>, json: bool) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let (mut at, mut open) = (0, 0_usize);
    let mut header = false;
    while at < line.end {
        let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) else {
            break;
        };
        let (what, length) = next(rest, json);
        let range = at..at + length;
        at = range.end;
        let outside = open == 0;
        if what == What::Sign {
            match rest.as_bytes().first() {
                Some(b'[' | b'{') => open += 1,
                Some(b']' | b'}') => open = open.saturating_sub(1),
                _ => {}
            }
        }
        if range.end <= line.start {
            continue;
        }
        // A line that begins with a bracket outside of every other names a table.
        let first = tokens.iter().all(|token| token.what == What::Space);
        header |= first && outside && !json && what == What::Sign && rest.starts_with('[');
        let what = match what {
            What::Text | What::Word if header && !outside => What::Key,
            what => what,
        };
        tokens.push(Token {
            what,
            range: range.start.max(line.start)..range.end.min(line.end),
        });
    }
    mark_keys(text, &mut tokens, if json { ':' } else { '=' });
    tokens
}

/// What stands before `sign` is a key, up to the sign before it.
fn mark_keys(text: &str, tokens: &mut [Token], sign: char) {
    let mut is_key = false;
    let mut after = "";
    for token in tokens.iter_mut().rev() {
        let piece = text.get(token.range.clone()).unwrap_or_default();
        match token.what {
            What::Sign => {
                // Two signs, or one that nothing follows, end a text in base64.
                is_key = piece.starts_with(sign) && !after.is_empty() && !after.starts_with(sign);
                after = piece;
            }
            What::Text | What::Word => {
                if is_key {
                    token.what = What::Key;
                }
                after = piece;
            }
            What::Space | What::Comment | What::Key => {}
        }
    }
}

/// The kind and the length of the first token of `rest`, which is not empty.
fn next(rest: &str, json: bool) -> (What, usize) {
    let length = |end: fn(char) -> bool| rest.find(end).unwrap_or(rest.len());
    match rest.chars().next().unwrap_or(' ') {
        '#' if !json => (What::Comment, length(|letter| letter == '\n')),
        quote @ ('"' | '\'') if quote == '"' || !json => {
            let bytes = rest.as_bytes().get(1..).unwrap_or_default();
            let after = depth::skip_string(quote as u8, bytes);
            let mut end = rest.len() - after.len();
            while !rest.is_char_boundary(end) {
                end += 1;
            }
            (What::Text, end.max(1))
        }
        first if first.is_whitespace() => (What::Space, length(|letter| !letter.is_whitespace())),
        '[' | ']' | '{' | '}' | '=' | ',' => (What::Sign, 1),
        ':' if json => (What::Sign, 1),
        first => {
            let more = rest.get(first.len_utf8()..).unwrap_or_default();
            let end = more.find(|letter: char| {
                letter.is_whitespace()
                    || matches!(letter, '[' | ']' | '{' | '}' | '=' | ',' | '"' | '\'' | '#')
                    || (json && letter == ':')
            });
            (What::Word, first.len_utf8() + end.unwrap_or(more.len()))
        }
    }
}
