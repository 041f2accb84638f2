//! Reads a library file once. Whatever happens to the file afterwards does not matter.

use std::fs::{File, Metadata};
use std::io::{ErrorKind as IoErrorKind, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::trust;
use crate::error::{Error, ErrorKind, Result};

/// The largest library that is read into memory.
pub(super) const MAX_BYTES: u64 = 512 << 20;

/// Opens a library that nobody else can change. The checks of the file itself are made on what was opened.
pub(super) fn open(path: &Path) -> Result<(File, Metadata)> {
    let cannot = |error: &dyn std::fmt::Display| {
        Error::new(
            ErrorKind::InvalidConfig,
            format!("plugin library {} cannot be read: {error}", path.display()),
        )
    };
    // Without NONBLOCK a named pipe would wait here for a writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(error) => {
            let error = std::io::Error::from(error);
            if error.kind() == IoErrorKind::NotFound {
                return Err(cannot(&"there is no such file"));
            }
            return Err(cannot(&error));
        }
    };
    let metadata = file.metadata().map_err(|error| cannot(&error))?;
    if metadata.is_dir() {
        return Err(cannot(&"it is a directory"));
    }
    if !metadata.is_file() {
        return Err(cannot(&"it is not a regular file"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(cannot(&format_args!(
            "it has {} bytes, more than the {MAX_BYTES} that a plugin may have",
            metadata.len()
        )));
    }
    trust::check_file(path, &metadata)?;
    trust::check_directories(path)?;
    Ok((file, metadata))
}

/// All of what [`open`] opened.
pub(super) fn bytes(path: &Path, file: &File, metadata: &Metadata) -> Result<Vec<u8>> {
    let size = metadata.len();
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(MAX_BYTES)).unwrap_or(0));
    // The file may grow while it is read.
    file.take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Error::new(
                ErrorKind::InvalidConfig,
                format!("plugin library {} cannot be read", path.display()),
            )
            .caused_by(&error)
        })?;
    Ok(bytes)
}
