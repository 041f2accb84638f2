//! One crash as it goes into the tables.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use socorro_core::crash::{CrashId, Dump, DumpName, Dumps};
use socorro_core::{Bytes, Error, ErrorKind, Result};

use super::Item;
use crate::json;
use crate::layout::{Day, Id};

/// The most that PostgreSQL keeps in one field, with room for what is around it.
const LARGEST: u64 = (1 << 30) - (1 << 16);

/// One crash, its files read.
pub(super) struct Content {
    pub(super) id: CrashId,
    pub(super) raw: Option<Raw>,
    pub(super) processed: Option<Document>,
}

/// A raw crash and what belongs to it.
pub(super) struct Raw {
    pub(super) document: Document,
    pub(super) dumps: Vec<(DumpName, Bytes)>,
    /// Tells the set of dumps from any other; empty when dumps are declined.
    pub(super) digest: Vec<u8>,
}

/// A document, and why `jsonb` cannot hold it, if it cannot.
pub(super) struct Document {
    pub(super) bytes: Bytes,
    pub(super) refused: Option<String>,
}

impl Document {
    fn new(bytes: &Bytes) -> Self {
        Self {
            bytes: bytes.clone(),
            refused: json::refusal(bytes).map(str::to_owned),
        }
    }
}

impl Content {
    /// Reads the files of `item`. Blocks.
    pub(super) fn of(item: Item, keeps_dumps: bool) -> Result<Self> {
        let Item { id, raw, processed } = item;
        let raw = match raw {
            None => None,
            Some((raw, dumps)) => {
                let dumps = if keeps_dumps {
                    read(dumps)?
                } else {
                    Vec::new()
                };
                let digest = if keeps_dumps {
                    digest(&dumps)
                } else {
                    Vec::new()
                };
                Some(Raw {
                    document: Document::new(raw.as_bytes()),
                    dumps,
                    digest,
                })
            }
        };
        let processed = processed.map(|processed| Document::new(processed.as_bytes()));
        Ok(Self { id, raw, processed })
    }

    /// The primary key.
    pub(super) fn key(&self) -> (Day, Id) {
        (self.id.date().into(), Id::from(&self.id))
    }

    /// The server refused this crash: the next time without what only `jsonb` can have been the reason for.
    /// `false` when that is so already.
    pub(super) fn refuse_json(&mut self, why: &str) -> bool {
        let raw = self.raw.as_mut().map(|raw| &mut raw.document);
        let mut changed = false;
        for document in raw.into_iter().chain(self.processed.as_mut()) {
            changed |= document.refused.is_none();
            document.refused.get_or_insert_with(|| why.to_owned());
        }
        changed
    }
}

fn read(dumps: Dumps) -> Result<Vec<(DumpName, Bytes)>> {
    let mut read = Vec::with_capacity(dumps.len());
    for (name, dump) in dumps {
        let bytes = match dump {
            Dump::Bytes(bytes) => bytes,
            Dump::File(path) => read_file(&path).map_err(|error| {
                Error::new(
                    ErrorKind::InvalidInput,
                    format!("the file {} of dump {name} cannot be read", path.display()),
                )
                .caused_by(&error)
            })?,
        };
        if bytes.len() as u64 > LARGEST {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!(
                    "dump {name} has {} bytes, PostgreSQL keeps 1 GB at most",
                    bytes.len()
                ),
            ));
        }
        read.push((name, bytes));
    }
    Ok(read)
}

/// One byte more than the most is enough to see that it does not fit.
fn read_file(path: &Path) -> io::Result<Bytes> {
    // Before it is opened: opening a pipe waits for its writer.
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::with_capacity(metadata.len().min(LARGEST) as usize);
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// Lengths are in it, so that no two sets of dumps read the same.
fn digest(dumps: &[(DumpName, Bytes)]) -> Vec<u8> {
    let mut digest = blake3::Hasher::new();
    for (name, bytes) in dumps {
        for part in [name.as_str().as_bytes(), bytes] {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
    }
    digest.finalize().as_bytes().to_vec()
}

#[cfg(test)]
mod tests;
