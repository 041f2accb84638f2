use std::path::Path;

use super::{Dump, Dumps, RawCrash};
use crate::error::{Error, ErrorKind, Result};

/// How large a crash may be. Configured under `[limits]`; these are the defaults:
///
/// ```
/// let limits = socorro_core::crash::Limits::default();
/// assert_eq!((limits.crash_size, limits.dumps, limits.json_depth), (25 * 1024 * 1024, 64, 128));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the raw crash and all dumps together; also the most a processed crash may have. A document
    /// alone never has more than 1 GiB.
    pub crash_size: u64,
    /// Dumps of one crash.
    pub dumps: usize,
    /// Levels of nesting in a JSON document; more than 1024 count as 1024.
    pub json_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            crash_size: 25 * 1024 * 1024,
            dumps: 64,
            json_depth: 128,
        }
    }
}

impl Limits {
    /// Checks a crash before it is saved; looks up the sizes of dumps that are files, which blocks shortly.
    ///
    /// `InvalidInput` when it is too large, has too many dumps, or a dump's file is not there.
    pub fn check(&self, raw: &RawCrash, dumps: &Dumps) -> Result<()> {
        if dumps.len() > self.dumps {
            return Err(invalid(format!(
                "the crash has {} dumps, {} are allowed; raise limits.dumps or drop some",
                dumps.len(),
                self.dumps
            )));
        }
        let mut size = raw.as_bytes().len() as u64;
        for (name, dump) in dumps.iter() {
            size = size.saturating_add(match dump {
                Dump::Bytes(bytes) => bytes.len() as u64,
                Dump::File(path) => file_size(path).map_err(|error| {
                    invalid(format!(
                        "cannot read {}, the file of dump {name}; give the path of a regular file",
                        path.display()
                    ))
                    .caused_by(&error)
                })?,
            });
        }
        if size > self.crash_size {
            return Err(invalid(format!(
                "the crash has {size} bytes, {} are allowed; raise limits.crash_size or drop dumps",
                self.crash_size
            )));
        }
        Ok(())
    }
}

fn file_size(path: &Path) -> std::io::Result<u64> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    Ok(metadata.len())
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
