//! A secret in a file, without the line end it may have.

use std::path::Path;

use zeroize::Zeroizing;

#[cfg(unix)]
use super::access;
#[cfg(unix)]
pub(super) use super::access::Directories;
use crate::config::class::Class;
use crate::config::error::Wrong;
use crate::config::file;

/// Where a system cannot tell, nothing is looked at.
#[cfg(not(unix))]
#[derive(Default)]
pub(super) struct Directories;

const SIZE_LIMIT: u64 = 64 * 1024;

/// What the file says. Read whole before it is looked at who else can change it: what is looked at is then what
/// was read, and what was read for nothing is wiped. Of files that follow each other from one directory, that is
/// looked at for the first.
pub(super) fn read(path: &Path, directories: &Directories) -> Result<Zeroizing<String>, Wrong> {
    let wrong = |class, why: &str| {
        let why = format!("the secret file {} {why}", path.display());
        Wrong::new(class, why)
    };
    let in_file = |why: &str| wrong(Class::SecretFile, why);
    let (bytes, found) = file::read(path, SIZE_LIMIT).map_err(|wrong| in_file(&wrong.message))?;
    #[cfg(unix)]
    {
        access::of_file(&found.metadata)
            .and_then(|()| directories.look_at_those_of(path, found.by_link))
            .map_err(|why| wrong(Class::SecretWritable, &why))?;
        if access::is_public(&found.metadata) {
            tracing::warn!(path = %path.display(), "others can read this secret file; chmod o-r it");
        }
    }
    #[cfg(not(unix))]
    let _ = (found, directories);
    let text = std::str::from_utf8(&bytes).map_err(|_| in_file("is not UTF-8"))?;
    let text = without_line_end(text);
    if text.is_empty() {
        return Err(in_file("is empty"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// What the file says, whoever may change it: to tell whether it changed, not to be used.
pub(super) fn glance(path: &Path) -> Option<Zeroizing<String>> {
    let (bytes, _) = file::read(path, SIZE_LIMIT).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    Some(Zeroizing::new(without_line_end(text).to_owned()))
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
