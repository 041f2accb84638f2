//! Reading small files that others may have put in the way.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::class::Class;
use super::error::Wrong;

/// What was found at a path beside the bytes.
pub(crate) struct Found {
    /// Of the file that was read.
    pub(crate) metadata: Metadata,
    /// Did a symbolic link at the path itself lead there?
    pub(crate) by_link: bool,
}

/// The bytes of a regular file of at most `limit` bytes, wiped when they are dropped. Blocks.
pub(crate) fn read(path: &Path, limit: u64) -> Result<(Zeroizing<Vec<u8>>, Found), Wrong> {
    // Looked at before it is opened, because opening a pipe waits for its other end.
    let mut metadata = fs::symlink_metadata(path).map_err(unreadable)?;
    let by_link = metadata.is_symlink();
    if by_link {
        metadata = fs::metadata(path).map_err(unreadable)?;
    }
    check(&metadata, limit)?;
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    check(&metadata, limit)?;
    let expected = metadata.len().saturating_add(1);
    let bytes = read_all(file.take(limit.saturating_add(1)), expected).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok((bytes, Found { metadata, by_link }))
}

/// Everything there is to read. The room for it grows by hand: a vector that grows by itself leaves a copy of what
/// it held behind.
fn read_all(mut from: impl Read, expected: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let room = usize::try_from(expected).map_err(|_| ErrorKind::FileTooLarge)?;
    let mut bytes = Zeroizing::new(vec![0; room]);
    let mut filled = 0;
    loop {
        let Some(free) = bytes.get_mut(filled..).filter(|free| !free.is_empty()) else {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * filled + 1));
            larger.extend_from_slice(&bytes);
            larger.resize(2 * filled + 1, 0);
            bytes = larger;
            continue;
        };
        match from.read(free) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
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
