//! The line of a file that an error is about, without anything that may be a secret.

use std::ops::Range;

use super::class::Class;
use super::error::ConfigError;
use super::scan::{self, Token, What};
use super::tree::{MASK, sounds_secret};
use super::url;

/// A line to show under an error. Every value in it is masked except the one that the error is about, and that
/// one too when it may be a secret; comments are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snippet {
    /// The line's number, counted from 1.
    pub line: usize,
    /// The line, masked, without its end. What stands before the mark keeps its column.
    pub text: String,
    /// What the error is about, in characters of `text`.
    pub marked: Range<usize>,
}

/// What tells nothing.
const EMPTY: [&str; 4] = ["true", "false", "\"\"", "''"];

/// So many bytes of a line are looked at.
const LOOKED_AT: usize = 1024;

/// A line is shown up to here.
const LONGEST: usize = 160;

impl ConfigError {
    /// The line of the file to show, if a file wrote what is wrong and its line can be shown.
    pub fn snippet(&self) -> Option<Snippet> {
        let file = self.origin.file()?;
        let (text, focus) = (file.text(), file.focus()?);
        let focus = focus.start.min(text.len())..focus.end.min(text.len());
        let start = text
            .get(..focus.start)?
            .rfind('\n')
            .map_or(0, |end| end + 1);
        let rest = text.get(start..)?;
        let end = start + rest.find('\n').unwrap_or(rest.len());
        let mut end = end - usize::from(text.get(start..end)?.ends_with('\r'));
        // Of a long line no more is looked at than could be shown.
        if end - start > LOOKED_AT {
            end = start + LOOKED_AT;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
        }
        if focus.start > end {
            return None;
        }
        let json = file
            .path()
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let mut line = Line {
            text,
            focus: focus.start..focus.end.max(focus.start + 1),
            shown: self.class.is_about_value() && !self.key.split('.').any(sounds_secret),
            message: &self.message,
            list: self.class.is_about_list(),
            strict: self.class.is_syntax(json),
            out: String::new(),
            marked: None,
        };
        for token in scan::line(text, start..end, json) {
            line.push(&token);
        }
        let out = line.out.trim_end();
        let width = out.chars().count();
        let marked = line.marked.unwrap_or(width..width + 1);
        if marked.start > LONGEST || out.is_empty() {
            return None;
        }
        let text = if width > LONGEST {
            out.chars().take(LONGEST).chain(['…']).collect()
        } else {
            out.to_owned()
        };
        Some(Snippet {
            line: file.place()?.line,
            text,
            marked: marked.start..marked.end.min(LONGEST).max(marked.start + 1),
        })
    }
}

/// A line as it is put together.
struct Line<'a> {
    text: &'a str,
    focus: Range<usize>,
    /// Whether the value in focus may be shown, if the message shows it.
    shown: bool,
    message: &'a str,
    /// Whether all that is in the value in focus may be shown.
    list: bool,
    /// Whether the file is not what it should be, so that what looks like a key may be none.
    strict: bool,
    out: String,
    marked: Option<Range<usize>>,
}

impl Line<'_> {
    fn push(&mut self, token: &Token) {
        let Some(original) = self.text.get(token.range.clone()) else {
            return;
        };
        let before = self.out.chars().count();
        let in_focus = token.range.start < self.focus.end && self.focus.start < token.range.end;
        let inside = self.focus.start <= token.range.start && token.range.end <= self.focus.end;
        let said = self.shown && self.message.contains(original.trim_matches(['"', '\'']));
        let whole = (token.range == self.focus && said) || (inside && self.list);
        match token.what {
            What::Comment => {}
            What::Space => self.out.extend(original.chars().map(|_| ' ')),
            What::Sign => self.out.push_str(original),
            What::Key if !self.strict || self.is_first(original) => self.show(original),
            What::Text | What::Word if whole => self.show(&url::mask_passwords(original)),
            What::Word | What::Text if EMPTY.contains(&original) => self.out.push_str(original),
            What::Key | What::Text | What::Word => {
                // The column of what comes later tells how long this is; for the rest nothing does.
                let width = original.chars().count();
                if token.range.end <= self.focus.start {
                    self.out.extend(std::iter::repeat_n('*', width));
                } else {
                    self.out.push_str(MASK);
                }
            }
        }
        let after = self.out.chars().count();
        if in_focus && after > before {
            let skipped = self
                .text
                .get(token.range.start..self.focus.start)
                .map_or(0, |skipped| skipped.chars().count());
            let start = (before + skipped).min(after - 1);
            let inside = match token.what {
                // Only whole tokens are masked, and then all of the mask is meant.
                What::Key | What::Sign => self.focus.end.saturating_sub(token.range.start),
                _ => usize::MAX,
            };
            let end = after.min(before.saturating_add(inside)).max(start + 1);
            let first = self.marked.as_ref().map_or(start, |marked| marked.start);
            self.marked = Some(first..end);
        }
    }

    /// Whether a word of a broken file is a key as far as one can tell: it begins the line, and looks like one.
    fn is_first(&self, word: &str) -> bool {
        self.out.bytes().all(|byte| matches!(byte, b' ' | b'[')) && is_ours(word)
    }

    /// One character for each, and none that a terminal would obey.
    fn show(&mut self, text: &str) {
        let plain = |letter: char| {
            if letter.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                letter
            }
        };
        self.out.extend(text.chars().map(plain));
    }
}

/// Whether a word of a broken file looks like a key of ours, and not like a part of a secret.
fn is_ours(word: &str) -> bool {
    word.len() <= 64
        && word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-')
        })
}

impl Class {
    /// Whether the message of such an error may show the value, so that the line may, too.
    fn is_about_value(self) -> bool {
        matches!(
            self,
            Self::WrongType
                | Self::NotOneOf
                | Self::OutOfRange
                | Self::BadDuration
                | Self::BadSize
                | Self::BadName
                | Self::BadHash
                | Self::BadAddress
                | Self::FileMissing
                | Self::IncludePattern
                | Self::UseDangling
                | Self::UseCircle
                | Self::NoSuchPlugin
                | Self::PluginKind
                | Self::PluginRefused
                | Self::CompositeNotHere
                | Self::TakesTooLittle
        )
    }

    /// Whether such an error is about a list of names or the like, which are never secret.
    fn is_about_list(self) -> bool {
        matches!(
            self,
            Self::BadPath
                | Self::BadRetry
                | Self::IncludeNotPaths
                | Self::IncludeCircle
                | Self::IncludeTooDeep
                | Self::NoSuchStorage
                | Self::NoSuchSource
                | Self::StorageCircle
                | Self::WritesWhereItReads
        )
    }

    /// Whether the file is not what its name says, so that nobody knows what is a key in it. A key that is there
    /// twice makes no TOML.
    fn is_syntax(self, json: bool) -> bool {
        match self {
            Self::TomlSyntax | Self::JsonSyntax => true,
            Self::DuplicateKey => !json,
            _ => false,
        }
    }
}
