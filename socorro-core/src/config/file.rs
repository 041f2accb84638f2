//! Reading small files that others may have put in the way.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::class::Class;
use super::error::Wrong;

/// The bytes of a regular file of at most `limit` bytes, and its metadata. Blocks.
pub(crate) fn read(path: &Path, limit: u64) -> Result<(Vec<u8>, Metadata), Wrong> {
    // Looked at before it is opened, because opening a pipe waits for its other end.
    check(&fs::metadata(path).map_err(unreadable)?, limit)?;
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    check(&metadata, limit)?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok((bytes, metadata))
}

fn check(metadata: &Metadata, limit: u64) -> Result<(), Wrong> {
    if !metadata.is_file() {
        return Err(Wrong::new(Class::FileNotRegular, "is not a regular file"));
    }
    if metadata.len() > limit {
        return Err(too_large(limit));
    }
    Ok(())
}

fn too_large(limit: u64) -> Wrong {
    let why = format!("has more than {limit} bytes, which is the limit");
    Wrong::new(Class::FileTooLarge, why)
}

/// The standard library has no stable kind for it.
fn is_circle(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    return false;
}

/// Why the system did not let us read.
pub(crate) fn unreadable(error: io::Error) -> Wrong {
    let class = match error.kind() {
        ErrorKind::NotFound => Class::FileMissing,
        _ if is_circle(&error) => Class::LinkCircle,
        _ => Class::FileUnreadable,
    };
    Wrong::new(class, format!("cannot be read: {error}"))
}

/// The `*.toml` of a directory in the order of their names, hidden ones left out.
pub(crate) fn list_toml(directory: &Path) -> Result<Vec<PathBuf>, Wrong> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden
            && path
                .extension()
                .is_some_and(|extension| extension == "toml")
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
