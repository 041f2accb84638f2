use std::path::Path;

use super::broken;
use crate::error::Result;
use crate::plugin::abi;

/// Lends text for the length of a call.
pub(crate) fn lend(text: &str) -> abi::Str {
    abi::Str {
        ptr: text.as_ptr(),
        len: text.len(),
    }
}

/// Lends a path, as the platform's bytes, for the length of a call.
pub(crate) fn lend_path(path: &Path) -> abi::Str {
    let bytes = path.as_os_str().as_encoded_bytes();
    abi::Str {
        ptr: bytes.as_ptr(),
        len: bytes.len(),
    }
}

/// Reads bytes that are lent; at most `limit` of them.
///
/// # Safety
///
/// `text` is empty, or `len` bytes are readable at `ptr` for `'a`.
pub(crate) unsafe fn read_bytes<'a>(text: abi::Str, limit: usize, what: &str) -> Result<&'a [u8]> {
    if text.len == 0 {
        return Ok(&[]);
    }
    if text.ptr.is_null() {
        return Err(broken(format!(
            "{what} is a null pointer with a length of {}",
            text.len
        )));
    }
    if text.len > limit {
        return Err(broken(format!(
            "{what} has {} bytes; at most {limit} are read",
            text.len
        )));
    }
    // SAFETY: not null, of a length below `limit`, and readable by the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(text.ptr, text.len) })
}

/// Reads text that is lent; at most `limit` bytes.
///
/// # Safety
///
/// As for [`read_bytes`].
pub(crate) unsafe fn read_str<'a>(text: abi::Str, limit: usize, what: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise is the same.
    let bytes = unsafe { read_bytes(text, limit, what) }?;
    std::str::from_utf8(bytes).map_err(|error| broken(format!("{what} is not UTF-8: {error}")))
}

/// The longest path that is read.
const PATH: usize = 64 * 1024;

/// Reads a path that is lent.
///
/// # Safety
///
/// As for [`read_bytes`].
pub(crate) unsafe fn read_path<'a>(path: abi::Str, what: &str) -> Result<&'a Path> {
    // SAFETY: the caller's promise is the same.
    let bytes = unsafe { read_bytes(path, PATH, what) }?;
    if bytes.contains(&0) {
        return Err(broken(format!("{what} has a NUL in it")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Ok(Path::new(std::ffi::OsStr::from_bytes(bytes)))
    }
    #[cfg(not(unix))]
    {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| broken(format!("{what} is not UTF-8: {error}")))?;
        Ok(Path::new(text))
    }
}
