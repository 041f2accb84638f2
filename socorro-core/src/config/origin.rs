//! Who wrote a value.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

/// Who wrote a value, or the table that a key is missing in.
///
/// Shown as `/etc/socorro.toml:3:10`, `environment variable SOCORRO__A`, `--set a.b` or `default`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The option's own default, or the program's.
    Default,
    /// A file, or a directory of files.
    File(InFile),
    /// An environment variable, by its name.
    Variable(Arc<str>),
    /// `--set` of this key.
    Flag(Arc<str>),
    /// No single one: the layers together.
    Together,
}

/// A file, and where in it.
#[derive(Clone)]
pub struct InFile {
    file: Arc<SourceFile>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    at: Focus,
}

/// Which of the two places of an [`InFile`] is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Focus {
    Key,
    Value,
}

/// A file as it was read. Wiped when dropped: somebody may have written a secret into it by mistake.
pub(crate) struct SourceFile {
    path: PathBuf,
    text: Zeroizing<String>,
    /// Where lines begin, once somebody asked.
    lines: OnceLock<Vec<usize>>,
}

/// A place in a text, both counted from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Origin {
    /// A file or directory as a whole.
    pub(crate) fn path(path: impl Into<PathBuf>) -> Self {
        SourceFile::new(path, String::new()).whole()
    }

    /// The same, meaning the key where a file has both.
    #[must_use]
    pub(crate) fn at_key(&self) -> Self {
        match self {
            Self::File(file) => Self::File(InFile {
                at: Focus::Key,
                ..file.clone()
            }),
            other => other.clone(),
        }
    }

    /// The file, if a file wrote it.
    pub fn file(&self) -> Option<&InFile> {
        match self {
            Self::File(file) => Some(file),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(file) => {
                write!(f, "{}", file.path().display())?;
                match file.place() {
                    Some(place) => write!(f, ":{place}"),
                    None => Ok(()),
                }
            }
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(key) if key.is_empty() => f.write_str("--set"),
            Self::Flag(key) => write!(f, "--set {key}"),
            Self::Together => f.write_str("configuration"),
        }
    }
}

impl InFile {
    /// The file's path, as it was named.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Where in the file; `None` for the file as a whole.
    pub fn place(&self) -> Option<Place> {
        let start = self.focus()?.start;
        Some(self.file.place(start))
    }

    /// The bytes of the file that are meant.
    pub(crate) fn focus(&self) -> Option<Range<usize>> {
        let (first, second) = match self.at {
            Focus::Key => (&self.key, &self.value),
            Focus::Value => (&self.value, &self.key),
        };
        first.clone().or_else(|| second.clone())
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> &str {
        &self.file.text
    }
}

impl PartialEq for InFile {
    fn eq(&self, other: &Self) -> bool {
        self.file.path == other.file.path && self.focus() == other.focus()
    }
}

impl Eq for InFile {}

/// Without the text.
impl fmt::Debug for InFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Origin::File(self.clone()))
    }
}

impl SourceFile {
    pub(crate) fn new(path: impl Into<PathBuf>, text: String) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            text: Zeroizing::new(text),
            lines: OnceLock::new(),
        })
    }

    /// Where `offset` is.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let starts = self.lines.get_or_init(|| {
            let ends = self.text.match_indices('\n');
            [0].into_iter()
                .chain(ends.map(|(end, _)| end + 1))
                .collect()
        });
        // An offset inside of a character means the character.
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let line = starts.partition_point(|start| *start <= end);
        let start = line.checked_sub(1).and_then(|line| starts.get(line));
        let before = self.text.get(start.copied().unwrap_or(0)..end);
        Place {
            line,
            column: before.unwrap_or_default().chars().count() + 1,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The file as a whole.
    pub(crate) fn whole(self: Arc<Self>) -> Origin {
        self.at(None, None)
    }

    /// A value of the file, and its key if it has one.
    pub(crate) fn at(
        self: Arc<Self>,
        key: Option<Range<usize>>,
        value: Option<Range<usize>>,
    ) -> Origin {
        Origin::File(InFile {
            file: self,
            key,
            value,
            at: Focus::Value,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
