use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{DumpName, StoredId};
use crate::error::{Error, ErrorKind, Result};

/// The dumps of one crash, by name. Cheap to clone: payloads are shared, never copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dumps(BTreeMap<DumpName, Dump>);

/// One dump, in memory or on disk.
#[derive(Clone, PartialEq, Eq)]
pub enum Dump {
    /// Its bytes.
    Bytes(Bytes),
    /// A file that holds it and stays unchanged until the operation is over.
    File(PathBuf),
}

impl Dumps {
    /// No dumps.
    pub fn new() -> Self {
        Self::default()
    }

    /// The default dump alone.
    pub fn single(dump: impl Into<Dump>) -> Self {
        Self::new().with(DumpName::default(), dump)
    }

    /// Adds a dump, in place of one of the same name.
    #[must_use]
    pub fn with(mut self, name: DumpName, dump: impl Into<Dump>) -> Self {
        self.insert(name, dump);
        self
    }

    /// Adds a dump and returns the one it replaces.
    pub fn insert(&mut self, name: DumpName, dump: impl Into<Dump>) -> Option<Dump> {
        self.0.insert(name, dump.into())
    }

    /// The dump with this name.
    pub fn get(&self, name: &DumpName) -> Option<&Dump> {
        self.0.get(name)
    }

    /// All of them, ascending by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&DumpName, &Dump)> {
        self.0.iter()
    }

    /// Their names, ascending.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &DumpName> {
        self.0.keys()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes held in memory; a dump that is a file counts nothing.
    pub fn bytes_in_memory(&self) -> usize {
        self.0.values().map(Dump::bytes_in_memory).sum()
    }

    /// Writes every dump to a file `ID.NAME.dump` in `directory` and returns the set of files. Blocks.
    ///
    /// `Unavailable` when a file cannot be written; what was written until then is removed.
    pub fn write_to(&self, id: &StoredId, directory: &Path) -> Result<Self> {
        let mut files = Self::new();
        for (name, dump) in self.iter() {
            let path = directory.join(format!("{id}.{name}.dump"));
            let written = match dump {
                Dump::Bytes(bytes) => std::fs::write(&path, bytes),
                Dump::File(from) => std::fs::copy(from, &path).map(drop),
            };
            files.insert(name.clone(), Dump::File(path.clone()));
            if let Err(error) = written {
                files.remove_files();
                return Err(Error::new(
                    ErrorKind::Unavailable,
                    format!("cannot write dump {name:?} to {}", path.display()),
                )
                .caused_by(&error));
            }
        }
        Ok(files)
    }

    fn remove_files(&self) {
        for dump in self.0.values() {
            if let Dump::File(path) = dump {
                // Best effort: the write has failed already and is what the caller must hear of.
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

impl Dump {
    /// Bytes held in memory; zero for a file.
    pub fn bytes_in_memory(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File(_) => 0,
        }
    }

    /// The dump's bytes; reads a file whole, which blocks.
    pub fn read(&self) -> io::Result<Bytes> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.clone()),
            Self::File(path) => std::fs::read(path).map(Bytes::from),
        }
    }
}

/// Shows sizes and paths, never content.
impl std::fmt::Debug for Dump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl From<Bytes> for Dump {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Dump {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<PathBuf> for Dump {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl FromIterator<(DumpName, Dump)> for Dumps {
    fn from_iter<I: IntoIterator<Item = (DumpName, Dump)>>(dumps: I) -> Self {
        Self(dumps.into_iter().collect())
    }
}

impl IntoIterator for Dumps {
    type Item = (DumpName, Dump);
    type IntoIter = std::collections::btree_map::IntoIter<DumpName, Dump>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
