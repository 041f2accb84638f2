//! Dumps that were given as files, read into memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use socorro_core::crash::{Dump, Dumps};
use socorro_core::{Bytes, Error, ErrorKind, Result};

/// The same dumps, none of them a file; reads at most about `max_bytes`.
pub(crate) async fn in_memory(dumps: &Dumps, max_bytes: u64) -> Result<Dumps> {
    if dumps.iter().all(|(_, dump)| matches!(dump, Dump::Bytes(_))) {
        return Ok(dumps.clone());
    }
    let dumps = dumps.clone();
    tokio::task::spawn_blocking(move || read_all(dumps, max_bytes))
        .await
        .map_err(|error| {
            Error::new(ErrorKind::Internal, "reading the dump files ended early").caused_by(&error)
        })?
}

fn read_all(dumps: Dumps, max_bytes: u64) -> Result<Dumps> {
    let mut left = max_bytes;
    let mut read = Dumps::new();
    for (name, dump) in dumps {
        let bytes = match dump {
            Dump::Bytes(bytes) => bytes,
            Dump::File(path) => read_file(&path, left).map_err(|error| {
                Error::new(
                    ErrorKind::InvalidInput,
                    format!(
                        "the file {} of dump {name:?} cannot be read",
                        path.display()
                    ),
                )
                .caused_by(&error)
            })?,
        };
        left = left.saturating_sub(bytes.len() as u64);
        read.insert(name, bytes);
    }
    Ok(read)
}

/// One byte more than `most` is enough to see that it does not fit.
fn read_file(path: &Path, most: u64) -> io::Result<Bytes> {
    // Before it is opened: opening a pipe waits for its writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}
