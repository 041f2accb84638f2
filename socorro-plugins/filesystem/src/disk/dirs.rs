//! Directories that are known to be durable, held open.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Dir, Disk};

/// Makes directories, durable before they are used, and remembers a bounded number of them.
///
/// What is remembered is the open directory, not its path: another process may remove an empty one and make
/// a new one at its path that is not durable yet. In the removed one nothing can be made, so that a stale
/// entry shows itself, and is replaced.
pub(crate) struct Dirs {
    root: Arc<Dir>,
    disk: Arc<dyn Disk>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_path: HashMap<String, Arc<Dir>>,
    /// Oldest first; may name paths that are forgotten already.
    order: VecDeque<String>,
}

/// Open descriptors spent on remembering.
const CAPACITY: usize = 128;
/// How often a directory may vanish between being made and being used before something else is wrong.
const ATTEMPTS: usize = 32;

impl Dirs {
    pub(crate) fn new(root: Arc<Dir>, disk: Arc<dyn Disk>) -> Self {
        Self {
            root,
            disk,
            known: Mutex::default(),
        }
    }

    /// Does `work`, which puts something into the directory at `path`, made if need be, and returns the
    /// directory. `work` is done again if the directory was removed in the meantime.
    pub(crate) fn within(
        &self,
        path: &str,
        mut work: impl FnMut(&Dir) -> io::Result<()>,
    ) -> io::Result<Arc<Dir>> {
        let mut attempts = ATTEMPTS;
        loop {
            let dir = self.ensure(path)?;
            match work(&dir) {
                Err(error) if missing(&error) && attempts > 0 && dir.removed()? => {
                    self.forget(&dir);
                }
                other => return other.map(|()| dir),
            }
            attempts -= 1;
        }
    }

    /// The directory at `path`, itself and all above it made and durable.
    pub(crate) fn ensure(&self, path: &str) -> io::Result<Arc<Dir>> {
        if path.is_empty() {
            return Ok(Arc::clone(&self.root));
        }
        if let Some(known) = self.known().by_path.get(path) {
            return Ok(Arc::clone(known));
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut attempts = ATTEMPTS;
        loop {
            let parent = self.ensure(above)?;
            match self.make(&parent, name) {
                // Either the directory or its parent was removed at this moment.
                Err(error) if missing(&error) && attempts > 0 => {
                    if parent.removed()? {
                        self.forget(&parent);
                    }
                }
                made => {
                    let dir = Arc::new(made?);
                    self.remember(&dir);
                    return Ok(dir);
                }
            }
            attempts -= 1;
        }
    }

    /// Opened before the sync, so that what is remembered is what was made durable.
    fn make(&self, parent: &Dir, name: &str) -> io::Result<Dir> {
        match self.disk.mkdir(parent, name) {
            // Whoever made it may not have synced it yet.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        let dir = parent.open_dir(name)?;
        parent.sync(&*self.disk)?;
        Ok(dir)
    }

    /// No longer trusts `dir`: it was removed, or a sync of it failed.
    pub(crate) fn forget(&self, dir: &Arc<Dir>) {
        let mut known = self.known();
        if known
            .by_path
            .get(dir.path())
            .is_some_and(|known| Arc::ptr_eq(known, dir))
        {
            known.by_path.remove(dir.path());
        }
    }

    fn remember(&self, dir: &Arc<Dir>) {
        let mut known = self.known();
        known.by_path.insert(dir.path().to_owned(), Arc::clone(dir));
        known.order.push_back(dir.path().to_owned());
        while known.order.len() > CAPACITY {
            if let Some(oldest) = known.order.pop_front() {
                known.by_path.remove(&oldest);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.known().by_path.len()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
