use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{DumpName, StoredId};
use crate::error::{Error, ErrorKind, Result, Scope};

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

    /// Writes every dump to a new file `ID.NAME.dump` in `directory` and returns the set of files. Blocks.
    ///
    /// A file, directory or link that is there already is neither followed nor overwritten. `InvalidInput`
    /// for that, and when `directory` is missing or may not be written to; `Unavailable` when a dump's own
    /// file cannot be read or the disk is at fault. On any error the files made until then are removed, and
    /// nothing else.
    pub fn write_to(&self, id: &StoredId, directory: &Path) -> Result<Self> {
        let mut files = Self::new();
        for (name, dump) in self.iter() {
            let path = directory.join(format!("{id}.{name}.dump"));
            if let Err(error) = write_dump(name, dump, &path, &mut files) {
                files.remove_files();
                return Err(error.for_crash(id));
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

/// Writes one dump to a new file at `path`, and notes the file in `made` as soon as it exists.
fn write_dump(name: &DumpName, dump: &Dump, path: &Path, made: &mut Dumps) -> Result<()> {
    let mut create = || match File::create_new(path) {
        Ok(file) => {
            made.insert(name.clone(), path.to_path_buf());
            Ok(file)
        }
        Err(error) => Err(not_created(name, path, &error)),
    };
    let written = match dump {
        Dump::Bytes(bytes) => create()?.write_all(bytes),
        Dump::File(from) => {
            // The source first, so that a missing one leaves no empty file behind.
            let mut source = File::open(from).map_err(|error| {
                unavailable(format!(
                    "cannot read {}, the file of dump {name}",
                    from.display()
                ))
                .caused_by(&error)
            })?;
            io::copy(&mut source, &mut create()?).map(drop)
        }
    };
    written.map_err(|error| {
        unavailable(format!("cannot write dump {name} to {}", path.display())).caused_by(&error)
    })
}

fn not_created(name: &DumpName, path: &Path, error: &io::Error) -> Error {
    let what = format!("cannot create {} for dump {name}", path.display());
    let advice = match error.kind() {
        io::ErrorKind::AlreadyExists => "it exists already; give an empty directory",
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "create the directory first",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "give a directory that can be written to"
        }
        _ => return unavailable(what).caused_by(error),
    };
    Error::new(ErrorKind::InvalidInput, format!("{what}: {advice}")).caused_by(error)
}

/// About this crash only: the trouble is with local files, not with the store.
fn unavailable(message: String) -> Error {
    Error::new(ErrorKind::Unavailable, message).with_scope(Scope::Item)
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

/// Of dumps with the same name the last one stays.
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
