use super::complaint;

/// The offset behind the string whose opening quote stands at `start`.
pub(super) fn end(text: &[u8], start: usize) -> Result<usize, String> {
    let mut at = start + 1;
    loop {
        at += plain(text.get(at..).unwrap_or_default());
        match text.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape_end(text, at)?,
            Some(control) => return Err(complaint::control_character(*control, at)),
            None => return Err(complaint::cut_short("a string is closed", text)),
        }
    }
}

/// How many bytes come before the first quote, backslash or control character.
fn plain(text: &[u8]) -> usize {
    let (words, _) = text.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let marks = special(u64::from_le_bytes(*word));
        if marks != 0 {
            return place * 8 + (marks.trailing_zeros() / 8) as usize;
        }
    }
    let done = words.len() * 8;
    let rest = text.get(done..).unwrap_or_default();
    done + rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
        .unwrap_or(rest.len())
}

/// Marks, in the highest bit of its byte, the first of eight bytes that ends a plain run. Eight at a time
/// because strings are most of a document. Marks after the first one may be false: a borrow runs upwards.
///
/// Source: "Determine if a word has a byte less than n", Sean Anderson's Bit Twiddling Hacks.
fn special(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    below(word, 0x20) | equal(b'"') | equal(b'\\')
}

/// The offset behind the escape whose backslash stands at `at`.
fn escape_end(text: &[u8], at: usize) -> Result<usize, String> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let digits = text.iter().skip(at + 2).take(4);
            let good = digits.take_while(|byte| byte.is_ascii_hexdigit()).count();
            if good < 4 {
                let what = "one of four hexadecimal digits";
                return Err(complaint::expected(what, text, at + 2 + good));
            }
            Ok(at + 6)
        }
        _ => Err(complaint::expected(
            "one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u",
            text,
            at + 1,
        )),
    }
}

/// Is `name` what the string `quoted` says, escapes resolved?
pub(super) fn says(quoted: &[u8], name: &str) -> bool {
    let inner = inner(quoted);
    if inner.contains(&b'\\') {
        unescape(quoted) == name
    } else {
        inner == name.as_bytes()
    }
}

/// What the string `quoted` says; lone surrogates read as U+FFFD.
pub(super) fn unescape(quoted: &[u8]) -> String {
    let mut rest = inner(quoted);
    let mut said = String::with_capacity(rest.len());
    while let Some(run) = rest.iter().position(|byte| *byte == b'\\') {
        let (plain, escape) = rest.split_at(run);
        said.push_str(&String::from_utf8_lossy(plain));
        let (character, length) = resolve(escape);
        said.push(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    said.push_str(&String::from_utf8_lossy(rest));
    said
}

/// Without the quotes.
fn inner(quoted: &[u8]) -> &[u8] {
    quoted
        .get(1..quoted.len().saturating_sub(1))
        .unwrap_or_default()
}

/// The character that the escape in front of `text` means, and the bytes it takes.
fn resolve(text: &[u8]) -> (char, usize) {
    let simple = match text.get(1) {
        Some(b'u') => return resolve_unicode(text),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(other) => char::from(*other),
        None => char::REPLACEMENT_CHARACTER,
    };
    (simple, 2)
}

/// Two escapes that are a surrogate pair mean one character.
fn resolve_unicode(text: &[u8]) -> (char, usize) {
    let first = unit(text);
    if let Some(high @ 0xd800..0xdc00) = first
        && let Some(low @ 0xdc00..0xe000) = text.get(6..).and_then(unit)
    {
        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        return (
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
            12,
        );
    }
    let character = first.and_then(char::from_u32);
    (character.unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

/// The UTF-16 unit of the escape `\uXXXX` in front of `text`.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
