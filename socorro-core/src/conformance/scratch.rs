use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::verdict::{Doing, Stop};

/// A directory of its own, removed when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one in the system's directory for temporary files.
    pub(crate) fn new() -> Result<Self, Stop> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "socorro-conformance-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        // A process of the same number that was killed may have left one.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).doing(format_args!("creating {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file of this name and gives its path.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> Result<PathBuf, Stop> {
        let path = self.0.join(name);
        std::fs::write(&path, content).doing(format_args!("writing {}", path.display()))?;
        Ok(path)
    }

    /// The names of all that is in it, ascending.
    pub(crate) fn names(&self) -> Result<Vec<String>, Stop> {
        let listing = std::fs::read_dir(&self.0).doing("reading the directory")?;
        let mut names = Vec::new();
        for entry in listing {
            let entry = entry.doing("reading the directory")?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
