//! What is uploaded: bytes that are there, or a file that is read a part at a time.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use socorro_core::crash::{Dump, DumpName, Dumps};
use socorro_core::error::{Error, ErrorKind, Result};

/// What is uploaded. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Bytes(Bytes),
    File(Arc<Opened>),
}

/// A file that was there and could be read.
#[derive(Debug)]
pub(crate) struct Opened {
    path: PathBuf,
    file: File,
    len: u64,
}

/// How much of a file is hashed at a time.
const CHUNK: usize = 128 << 10;

impl Body {
    /// Opens every dump, so that one that cannot be read refuses the save before anything is sent. Blocks.
    pub(crate) fn open_all(dumps: &Dumps) -> Result<Vec<(DumpName, Self)>> {
        dumps
            .iter()
            .map(|(name, dump)| Ok((name.clone(), Self::open(name, dump)?)))
            .collect()
    }

    fn open(name: &DumpName, dump: &Dump) -> Result<Self> {
        let path = match dump {
            Dump::Bytes(bytes) => return Ok(Self::Bytes(bytes.clone())),
            Dump::File(path) => path,
        };
        let unreadable = |error: &io::Error| {
            let message = format!("cannot read {}, the file of dump {name}", path.display());
            Error::new(ErrorKind::InvalidInput, message).caused_by(error)
        };
        // Opening a pipe would wait for its other end.
        let known = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
        if !known.is_file() {
            return Err(unreadable(&io::Error::other("it is not a regular file")));
        }
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        let len = file.metadata().map_err(|error| unreadable(&error))?.len();
        let path = path.clone();
        Ok(Self::File(Arc::new(Opened { path, file, len })))
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(opened) => opened.len,
        }
    }

    /// Reading it blocks.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Feeds all of it to a hash. Blocks.
    pub(crate) fn hash(&self, hash: &mut blake3::Hasher) -> Result<()> {
        match self {
            Self::Bytes(bytes) => {
                hash.update(bytes);
            }
            Self::File(opened) => {
                let mut left = opened.len;
                let mut at = 0;
                let mut chunk = vec![0; CHUNK];
                while left > 0 {
                    let next = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
                    let part = chunk.get_mut(..next).unwrap_or_default();
                    opened
                        .file
                        .read_exact_at(part, at)
                        .map_err(|error| changed(&opened.path, &error))?;
                    hash.update(part);
                    at += next as u64;
                    left -= next as u64;
                }
            }
        }
        Ok(())
    }

    /// `len` bytes from `at` on: shared, or read from the file on a thread that may block.
    pub(crate) async fn slice(&self, at: u64, len: u64) -> Result<Bytes> {
        match self {
            Self::Bytes(bytes) => {
                let start = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                let end = usize::try_from(at + len)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                Ok(bytes.slice(start..end))
            }
            Self::File(opened) => {
                let opened = Arc::clone(opened);
                blocking(move || {
                    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
                    opened
                        .file
                        .read_exact_at(&mut bytes, at)
                        .map_err(|error| changed(&opened.path, &error))?;
                    Ok(Bytes::from(bytes))
                })
                .await
            }
        }
    }
}

/// Runs what blocks on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            let message = "work on a local file was cut short";
            Err(Error::new(ErrorKind::Cancelled, message).caused_by(&error))
        })
}

fn changed(path: &Path, error: &io::Error) -> Error {
    let message = format!(
        "{} cannot be read or became shorter while it was saved",
        path.display()
    );
    Error::new(ErrorKind::InvalidInput, message).caused_by(error)
}
