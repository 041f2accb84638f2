//! The tree itself: everything here blocks, and is called from threads that may.
//!
//! | file | idea |
//! |---|---|
//! | [`claim`] | one writer per id, across processes; where its files are staged |
//! | [`stage`] | writing files that nobody sees yet |
//! | [`save`] | making them a crash |
//! | [`undo`] | taking back what a failed save made visible |
//! | [`replace`] | other bytes for an id that is there, through a log |
//! | [`processed`] | the processed crash |
//! | [`find`], [`parts`], [`read`] | where a crash lies, what belongs to it, its bytes |
//! | [`list`] | ids by day |
//! | [`links`], [`date_tree`] | the links by which new crashes are found |
//! | [`delete`] | removing one crash and nothing else |
//! | [`sweep`] | what interrupted processes left behind |
//! | [`health`] | whether the root can be written |

mod claim;
mod compare;
pub(crate) mod date_tree;
mod delete;
mod find;
mod health;
pub(crate) mod links;
mod list;
mod note;
mod parts;
mod processed;
mod read;
mod replace;
mod save;
mod stage;
mod sweep;
mod undo;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use socorro_core::error::{Error, ErrorKind, Result};

use crate::config::Layout;
use crate::disk::{Dir, Dirs, Disk};
use crate::failure::At;

pub(crate) use claim::Claim;
pub use sweep::Swept;

/// Tells the time; tests bring their own.
pub(crate) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What this plugin keeps beside the crashes, invisible to the original systems: no day has this name.
const WORK: &str = ".socorro";
/// Claims and staged files, by id.
const INCOMING: &str = ".socorro/incoming";
/// Logs of replacements, by id.
const REPLACE: &str = ".socorro/replace";

/// A tree of crashes.
pub(crate) struct Store {
    root: Arc<Dir>,
    place: PathBuf,
    disk: Arc<dyn Disk>,
    dirs: Dirs,
    layout: Layout,
    clock: Clock,
}

impl Store {
    /// Opens the tree at `place`, and makes that directory if the one above it is there.
    pub(crate) fn open(
        place: &Path,
        layout: Layout,
        disk: Arc<dyn Disk>,
        clock: Clock,
    ) -> Result<Self> {
        let root = match Dir::root(place) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // Only the last component: a missing mount point must not be papered over.
                // A storage and its source start at once, and either may be the first.
                match std::fs::create_dir(place) {
                    Ok(()) => tracing::info!(root = %place.display(), "made the root directory"),
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                    Err(error) => {
                        let shown = place.display().to_string();
                        return Err(crate::failure::failure(&error, "make the root", &shown));
                    }
                }
                Dir::root(place)
            }
            other => other,
        };
        let root = Arc::new(root.map_err(|error| {
            let shown = place.display().to_string();
            crate::failure::failure(&error, "open the root", &shown)
        })?);
        Ok(Self {
            dirs: Dirs::new(Arc::clone(&root), Arc::clone(&disk)),
            root,
            place: place.to_owned(),
            disk,
            layout,
            clock,
        })
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// A directory below the root; `None` when it is not there.
    pub(crate) fn find_dir(&self, path: &str) -> Result<Option<Dir>> {
        self.root.find_dir(path).at("open directory", path)
    }

    /// Where this plugin keeps its own files, made if need be.
    pub(crate) fn work_dir(&self) -> Result<Arc<Dir>> {
        self.dirs.ensure(WORK).at("open", WORK)
    }

    /// Makes the names in `dir` durable; a directory whose sync failed is not trusted again.
    fn sync(&self, dir: &Arc<Dir>) -> Result<()> {
        let synced = dir.sync(self.disk());
        if synced.is_err() {
            self.dirs.forget(dir);
        }
        synced.at("sync directory", dir.path())
    }
}

/// A crash, or a part of it, that is not there.
fn not_found(what: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("{what} is not there"))
}
