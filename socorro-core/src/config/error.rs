use std::fmt;
use std::path::PathBuf;

use super::class::Class;
use super::nearest::nearest;
use super::origin::Origin;
use super::tree::{Kind, MASK, Node};
use crate::error::{Error, ErrorKind};

/// One thing that is wrong in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The kind of mistake.
    pub class: Class,
    /// Who wrote it.
    pub origin: Origin,
    /// The dotted key, such as `storage.archive.bucket`; empty when the trouble is no single key.
    pub key: String,
    /// What was expected and what was found; never a secret.
    pub message: String,
    /// What might have been meant.
    pub help: Option<String>,
    /// What the wrong value overrode, the last first.
    pub overrode: Vec<Said>,
}

/// What a layer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Which layer.
    pub origin: Origin,
    /// The value for showing: short, and `***` for what sounds like a secret.
    pub value: String,
}

/// What is wrong with a value, whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The kind of mistake.
    pub class: Class,
    /// What was expected and what was found; never a secret.
    pub message: String,
    /// What might have been meant.
    pub help: Option<String>,
}

impl Said {
    /// Leaves of the value only what it is, if it is a reference.
    fn mask(&mut self) {
        if !self.value.starts_with("{ ") {
            self.value = MASK.to_owned();
        }
    }
}

impl Wrong {
    /// A mistake of this kind.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            help: None,
        }
    }

    /// A mistake of this kind, where one of `known` may have been meant by `word`.
    pub(crate) fn near<K: AsRef<str>>(
        class: Class,
        message: impl Into<String>,
        word: &str,
        known: impl IntoIterator<Item = K>,
    ) -> Self {
        Self::new(class, message).meant(nearest(word, known))
    }

    /// The same, with what might have been meant, if anything.
    #[must_use]
    pub(crate) fn meant(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

impl ConfigError {
    pub(crate) fn new(origin: Origin, key: impl Into<String>, wrong: Wrong) -> Self {
        Self {
            class: wrong.class,
            origin,
            key: key.into(),
            message: wrong.message,
            help: wrong.help,
            overrode: Vec::new(),
        }
    }

    /// About the value that `node` is.
    pub(crate) fn about(node: &Node, key: &str, wrong: Wrong) -> Self {
        let mut overrode = node.overrode(key);
        if wrong.class.is_about_secret() || matches!(node.kind, Kind::Secret(_)) {
            for said in &mut overrode {
                said.mask();
            }
        }
        Self {
            overrode,
            ..Self::new((*node.origin).clone(), key, wrong)
        }
    }
}

impl ConfigError {
    /// About the value that `node` is, which is a secret: nothing that earlier layers wrote in its place is shown.
    pub(crate) fn about_secret(node: &Node, key: &str, wrong: Wrong) -> Self {
        Self {
            overrode: node.overrode_as(true),
            ..Self::new((*node.origin).clone(), key, wrong)
        }
    }
}

/// `origin: key: message`, then what might have been meant and what was overridden, on one line.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        let is_said = matches!(&self.origin, Origin::Flag(key) if **key == *self.key);
        if !self.key.is_empty() && !is_said {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        for said in &self.overrode {
            write!(f, "; overrides {} of {}", said.value, said.origin)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Everything that is wrong in a configuration, found in one pass; never empty when it is an `Err`. More than a
/// thousand mistakes are not told: whoever has so many reads the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

const MOST: usize = 1000;

impl ConfigErrors {
    /// Said after a thousand mistakes.
    pub const MORE: &str = "there may be more mistakes than these thousand";

    /// `value` when nothing is wrong, else everything that is.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// File by file as they were found first, each from its top to its end; what no file said comes last.
    #[must_use]
    pub(crate) fn in_reading_order(mut self) -> Self {
        let mut files: Vec<PathBuf> = Vec::new();
        for file in self.0.iter().filter_map(|error| error.origin.file()) {
            if !files.iter().any(|path| path == file.path()) {
                files.push(file.path().to_owned());
            }
        }
        self.0.sort_by_key(|error| {
            let file = error.origin.file();
            let place = file.map(|file| {
                let rank = files.iter().position(|path| path == file.path());
                (rank, file.focus().map(|focus| focus.start))
            });
            (place.is_none(), place)
        });
        self
    }

    /// The errors, in reading order.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl Extend<ConfigError> for ConfigErrors {
    fn extend<T: IntoIterator<Item = ConfigError>>(&mut self, errors: T) {
        let left = MOST.saturating_sub(self.0.len());
        self.0.extend(errors.into_iter().take(left));
    }
}

impl IntoIterator for ConfigErrors {
    type Item = ConfigError;
    type IntoIter = std::vec::IntoIter<ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// One line each.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, error) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        if self.0.len() >= MOST {
            write!(f, "\n{}", Self::MORE)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Of kind [`ErrorKind::InvalidConfig`], with every message in one line.
impl From<ConfigErrors> for Error {
    fn from(errors: ConfigErrors) -> Self {
        let all: Vec<String> = errors.iter().map(ConfigError::to_string).collect();
        Self::new(ErrorKind::InvalidConfig, all.join("; "))
    }
}
