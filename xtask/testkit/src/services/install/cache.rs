//! The cache of what was built or fetched: outside the checkout, so that it survives it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// `$XDG_CACHE_HOME/socorro-tests`, or the same below `~/.cache`.
pub(in crate::services) fn cache() -> Result<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set: there is no place for what is fetched")?;
    Ok(base.join("socorro-tests"))
}

/// Runs `make` unless `path` is there; one process at a time, the others find it made.
pub(super) fn once(path: &Path, make: impl FnOnce() -> Result<()>) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let cache = cache()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let name = path
        .strip_prefix(&cache)?
        .iter()
        .next()
        .context("no name")?;
    let mut lock = name.to_owned();
    lock.push(".lock");
    let lock = File::create(cache.join(lock))?;
    lock.lock()?;
    if path.exists() {
        return Ok(());
    }
    make()?;
    ensure!(path.exists(), "{} was not made", path.display());
    Ok(())
}

/// Lets `make` put something into a directory beside `path`, and moves what it names to `path`: there is all of
/// it or nothing.
pub(super) fn fill(path: &Path, make: impl FnOnce(&Path) -> Result<PathBuf>) -> Result<()> {
    let cache = path.parent().context("no directory")?;
    let directory = tempfile::Builder::new()
        .prefix("unfinished-")
        .tempdir_in(cache)?;
    let made = make(directory.path())?;
    fs::rename(&made, path).with_context(|| format!("cannot move {} into place", made.display()))
}

/// Makes `to` the same as `from`, a file or a directory with all that is in it, without copying where the file
/// system can share. Directories of a cache may be closed to the user who runs a server; the copy is not.
pub(in crate::services) fn link_tree(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            link_tree(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to)
            .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_finished_is_not_there() {
        let cache = tempfile::tempdir().unwrap();
        let path = cache.path().join("thing");
        let error = fill(&path, |directory| {
            fs::write(directory.join("half"), "half")?;
            anyhow::bail!("no more")
        });
        assert!(error.is_err());
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
        fill(&path, |directory| {
            fs::create_dir(directory.join("whole"))?;
            fs::write(directory.join("whole/file"), "whole")?;
            Ok(directory.join("whole"))
        })
        .unwrap();
        assert_eq!(fs::read_to_string(path.join("file")).unwrap(), "whole");
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_tree_is_linked_with_all_that_is_in_it() {
        let both = tempfile::tempdir().unwrap();
        let (from, to) = (both.path().join("from"), both.path().join("to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/file"), "content").unwrap();
        link_tree(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/b/file")).unwrap(), "content");
        fs::remove_dir_all(&to).unwrap();
        assert!(from.join("a/b/file").exists());
    }
}
