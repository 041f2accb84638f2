use std::ops::Range;

use super::{complaint, number, string};

/// Walks through one JSON value, token by token, and checks the grammar on its way.
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    /// The closing bracket of every object and array that is open, outermost first.
    open: Vec<u8>,
    max_depth: usize,
    expects: Expects,
}

/// What may come next.
#[derive(Clone, Copy)]
enum Expects {
    Value,
    /// A key, or the end of an object that has none yet.
    FirstKey,
    /// A value, or the end of an array that has none yet.
    FirstItem,
    /// A comma, the end of what is open, or the end of the text.
    Separator,
}

/// A piece of the text; commas, colons and white space are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The name of a member, quotes included; the colon behind it is passed over too.
    Key,
    /// A string that is a value, quotes included.
    String,
    Number,
    /// `true`, `false`, `null`, `NaN`, `Infinity` or `-Infinity`.
    Word,
    OpenObject,
    OpenArray,
    Close,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Python's decoder takes a byte order mark for granted in bytes.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const WORDS: [&[u8]; 6] = [
    b"true",
    b"false",
    b"null",
    b"NaN",
    b"Infinity",
    b"-Infinity",
];

impl<'a> Scanner<'a> {
    /// A scanner of `text` that refuses more than `max_depth` levels of objects and arrays.
    pub(super) fn new(text: &'a [u8], max_depth: usize) -> Self {
        let at = if text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        Self {
            text,
            at,
            open: Vec::new(),
            max_depth,
            expects: Expects::Value,
        }
    }

    /// A scanner of what is in the object that `text` is; its opening brace is passed over.
    pub(super) fn of_object(text: &'a [u8], max_depth: usize) -> Result<Self, String> {
        let mut scanner = Self::new(text, max_depth);
        match scanner.peek() {
            Some(b'{') => scanner.next()?,
            Some(_) => return Err(complaint::not_an_object(text, scanner.at)),
            None => return Err(complaint::empty()),
        };
        Ok(scanner)
    }

    /// The next byte that is not white space, which stays.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// The next token; `None` when the value is complete and nothing but white space follows it.
    pub(super) fn next(&mut self) -> Result<Option<Token>, String> {
        let mut byte = self.peek();
        match self.expects {
            Expects::Value => {}
            Expects::FirstKey if byte == Some(b'}') => return Ok(Some(self.close())),
            Expects::FirstKey => return self.key(byte, "a key in double quotes or '}'").map(Some),
            Expects::FirstItem if byte == Some(b']') => return Ok(Some(self.close())),
            Expects::FirstItem => {}
            Expects::Separator => match (self.open.last(), byte) {
                (None, None) => return Ok(None),
                (None, Some(_)) => return Err(complaint::trailing(self.text, self.at)),
                (Some(closing), Some(b',')) => {
                    let in_object = *closing == b'}';
                    self.at += 1;
                    byte = self.peek();
                    if in_object {
                        return self.key(byte, "a key in double quotes").map(Some);
                    }
                }
                (Some(closing), Some(byte)) if byte == *closing => return Ok(Some(self.close())),
                (Some(b'}'), _) => return Err(self.expected("',' or '}'")),
                (Some(_), _) => return Err(self.expected("',' or ']'")),
            },
        }
        self.value(byte).map(Some)
    }

    /// Passes over the value that comes next, with all that is in it.
    pub(super) fn skip_value(&mut self) -> Result<Range<usize>, String> {
        let depth = self.open.len();
        let first = self.next()?;
        let mut last = first;
        while self.open.len() > depth {
            last = self.next()?;
        }
        match (first, last) {
            (Some(first), Some(last)) => Ok(first.start..last.end),
            _ => Err(self.expected("a value")),
        }
    }

    fn key(&mut self, byte: Option<u8>, what: &str) -> Result<Token, String> {
        if byte != Some(b'"') {
            return Err(self.expected(what));
        }
        let start = self.at;
        let end = string::end(self.text, start)?;
        self.at = end;
        if self.peek() != Some(b':') {
            return Err(self.expected("':'"));
        }
        self.at += 1;
        self.expects = Expects::Value;
        Ok(Token {
            kind: Kind::Key,
            start,
            end,
        })
    }

    fn value(&mut self, byte: Option<u8>) -> Result<Token, String> {
        let start = self.at;
        let (kind, end) = match byte {
            Some(b'"') => (Kind::String, string::end(self.text, start)?),
            Some(b'{') => return self.open(Kind::OpenObject, b'}', Expects::FirstKey),
            Some(b'[') => return self.open(Kind::OpenArray, b']', Expects::FirstItem),
            Some(b'0'..=b'9') => (Kind::Number, number::end(self.text, start)?),
            Some(b'-') if self.text.get(start + 1) != Some(&b'I') => {
                (Kind::Number, number::end(self.text, start)?)
            }
            _ => (Kind::Word, self.word_end()?),
        };
        self.at = end;
        self.expects = Expects::Separator;
        Ok(Token { kind, start, end })
    }

    fn word_end(&self) -> Result<usize, String> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        WORDS
            .iter()
            .find(|word| rest.starts_with(word))
            .map(|word| self.at + word.len())
            .ok_or_else(|| self.expected("a value"))
    }

    fn open(&mut self, kind: Kind, closing: u8, expects: Expects) -> Result<Token, String> {
        if self.open.len() >= self.max_depth {
            return Err(complaint::too_deep(self.max_depth, self.at));
        }
        self.open.push(closing);
        self.expects = expects;
        Ok(self.bracket(kind))
    }

    fn close(&mut self) -> Token {
        self.open.pop();
        self.expects = Expects::Separator;
        self.bracket(Kind::Close)
    }

    fn bracket(&mut self, kind: Kind) -> Token {
        let start = self.at;
        self.at += 1;
        Token {
            kind,
            start,
            end: self.at,
        }
    }

    fn expected(&self, what: &str) -> String {
        complaint::expected(what, self.text, self.at)
    }
}
