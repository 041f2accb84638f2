//! What the tests share: a tree in a temporary directory, crashes, a clock that stands still.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::json;
use socorro_core::context::Context;
use socorro_core::crash::{CrashId, DumpName, Dumps, Limits, RawCrash, StoredId};
use tempfile::TempDir;

use crate::config::{Layout, SourceConfig, StorageConfig};
use crate::disk::{Disk, RealDisk};
use crate::store::{Clock, Store};
use crate::{FilesystemSource, FilesystemStorage};

/// A directory that is removed at the end, and a clock.
pub(crate) struct Tree {
    dir: TempDir,
    now: Arc<Mutex<SystemTime>>,
}

impl Tree {
    /// At 2016-09-18 15:30:12 UTC.
    pub(crate) fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    /// The same where nothing waits for a disk.
    pub(crate) fn in_memory() -> Self {
        Self::at(in_memory())
    }

    fn at(dir: TempDir) -> Self {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_474_212_612);
        Self {
            dir,
            now: Arc::new(Mutex::new(now)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn clock(&self) -> Clock {
        let now = Arc::clone(&self.now);
        Arc::new(move || *now.lock().unwrap())
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.now.lock().unwrap() += by;
    }

    /// Sets the clock to what it is, so that the ages of files mean something.
    pub(crate) fn real_time(&self) {
        *self.now.lock().unwrap() = SystemTime::now();
    }

    pub(crate) async fn storage(&self, layout: Layout) -> FilesystemStorage {
        self.storage_on(layout, Arc::new(RealDisk)).await
    }

    pub(crate) async fn storage_on(
        &self,
        layout: Layout,
        disk: Arc<dyn Disk>,
    ) -> FilesystemStorage {
        FilesystemStorage::with(config(self.path(), layout), "spool", disk, self.clock())
            .await
            .unwrap()
    }

    pub(crate) async fn source(&self) -> FilesystemSource {
        self.source_with("1s", "60s").await
    }

    pub(crate) async fn source_with(&self, poll: &str, rest: &str) -> FilesystemSource {
        let config = SourceConfig {
            root: self.path().to_owned(),
            layout: Layout::DatedRadix,
            poll: poll.parse().unwrap(),
            redeliver_after: rest.parse().unwrap(),
            sweep_after: "1h".parse().unwrap(),
        };
        FilesystemSource::with(config, "new", Arc::new(RealDisk), self.clock())
            .await
            .unwrap()
    }

    pub(crate) fn store(&self, layout: Layout) -> Store {
        Store::open(self.path(), layout, Arc::new(RealDisk), self.clock()).unwrap()
    }

    /// Writes a file as an original system would: in place.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn symlink(&self, target: &str, path: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    /// Every file and link, below the root, that is not this plugin's own; ascending.
    pub(crate) fn files(&self) -> Vec<String> {
        files_below(self.path())
    }
}

/// See [`Tree::files`].
pub(crate) fn files_below(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    walk(root, Path::new(""), &mut files);
    files.retain(|file| !file.starts_with(".socorro"));
    files.sort();
    files
}

fn walk(root: &Path, below: &Path, files: &mut Vec<String>) {
    for entry in std::fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            walk(root, &path, files);
        } else {
            files.push(path.display().to_string());
        }
    }
}

pub(crate) fn config(root: &Path, layout: Layout) -> StorageConfig {
    StorageConfig {
        root: root.to_owned(),
        layout,
        sweep_after: "1h".parse().unwrap(),
    }
}

pub(crate) fn cx() -> Context {
    Context::new()
}

/// `0bba929f-8721-460c-dead-a43c2` and the digit and day given.
pub(crate) fn id(digit_and_day: &str) -> CrashId {
    format!("0bba929f-8721-460c-dead-a43c2{digit_and_day}")
        .parse()
        .unwrap()
}

/// A new id of this digit and day.
pub(crate) fn another(digit_and_day: &str) -> CrashId {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("0bba929f-8721-460c-dead-{number:05x}{digit_and_day}")
        .parse()
        .unwrap()
}

pub(crate) fn stored(id: &CrashId) -> StoredId {
    StoredId::from(id)
}

pub(crate) fn raw(text: &str) -> RawCrash {
    let document = json!({ "ProductName": text }).to_string();
    RawCrash::new(document, &Limits::default()).unwrap()
}

pub(crate) fn dumps(dumps: &[(&str, &str)]) -> Dumps {
    dumps
        .iter()
        .map(|(name, content)| (dump_name(name), content.as_bytes().to_vec().into()))
        .collect()
}

pub(crate) fn dump_name(name: &str) -> DumpName {
    name.parse().unwrap()
}

/// A file outside the tree.
pub(crate) fn outside(dir: &TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// A directory in memory if the system has such, for tests that make thousands.
pub(crate) fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}
