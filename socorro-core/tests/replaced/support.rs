//! A program with libraries of several versions.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use socorro_core::Error;
use socorro_core::config::Layers;
use socorro_core::crash::CrashId;
use socorro_core::live::{ReloadReport, Socorro, StorageHandle};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

/// Libraries belong to the process, so tests that count them take turns.
pub(crate) async fn turn() -> MutexGuard<'static, ()> {
    static TURN: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);
    TURN.lock().await
}

/// The place of a program: a configuration, and libraries.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        // Directories on the way through links must be ours too, and a temporary directory may be a link.
        self.0.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn edit(&self, text: &str) {
        let new = self.path("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path("socorro.toml")).unwrap();
    }

    pub(crate) async fn start(&self) -> Socorro {
        let layers = Layers::new().file(self.path("socorro.toml"));
        Socorro::start(layers).await.unwrap()
    }

    /// A pipe that an operation waits at.
    pub(crate) fn gate(&self) -> PathBuf {
        let gate = self.path("gate");
        let made = Command::new("mkfifo").arg(&gate).status();
        assert!(made.unwrap().success());
        gate
    }
}

/// A library of a version that no other has, and what it says of itself. All have the same size.
pub(crate) struct Library {
    pub(crate) bytes: Vec<u8>,
    pub(crate) says: String,
}

/// The library as it was built, and the place of its version.
static BUILT: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
    let bytes = socorro_testkit::plugins::without_debug(&crate::build::build()).unwrap();
    let version = b"boundary-version-0000001";
    let mut places = bytes
        .windows(version.len())
        .enumerate()
        .filter_map(|(place, window)| (window == version).then_some(place));
    let place = places.next().unwrap();
    assert_eq!(places.next(), None, "the version is in the library once");
    (bytes, place)
});

impl Library {
    pub(crate) fn new() -> Self {
        static VERSIONS: AtomicU32 = AtomicU32::new(1);
        let version = VERSIONS.fetch_add(1, Ordering::Relaxed);
        Self::that_says(format!("boundary-version-{version:07}"))
    }

    pub(crate) fn that_says(says: String) -> Self {
        let (mut bytes, place) = BUILT.clone();
        bytes[place..][..says.len()].copy_from_slice(says.as_bytes());
        Self { bytes, says }
    }

    /// Written to `path`; returns what it says of itself.
    pub(crate) fn at(path: &Path) -> String {
        let library = Self::new();
        fs::write(path, library.bytes).unwrap();
        library.says
    }
}

/// What the code behind `storage` says of itself.
pub(crate) async fn version(storage: &StorageHandle) -> String {
    said(dump(storage, "version").await)
}

pub(crate) async fn dump(
    storage: &StorageHandle,
    name: &str,
) -> Result<socorro_core::Bytes, Error> {
    let id: CrashId = "0bba929f-8721-460c-dead-a43c20071025".parse().unwrap();
    storage.get_dump(id, &name.parse().unwrap()).await
}

pub(crate) fn said(answer: Result<socorro_core::Bytes, Error>) -> String {
    String::from_utf8(answer.unwrap().to_vec()).unwrap()
}

/// An operation that is inside the code behind `storage`, and waits there.
pub(crate) struct Waiting {
    gate: File,
    operation: tokio::task::JoinHandle<Result<socorro_core::Bytes, Error>>,
}

impl Waiting {
    pub(crate) async fn begin(storage: &StorageHandle, gate: &Path) -> Self {
        let storage = storage.clone();
        let operation = tokio::spawn(async move { dump(&storage, "waits").await });
        let gate = gate.to_owned();
        // Opens when the other side is open too.
        let open = move || File::options().write(true).open(gate).unwrap();
        let gate = tokio::task::spawn_blocking(open).await.unwrap();
        Self { gate, operation }
    }

    /// Lets it end; returns what the code said it ended in.
    pub(crate) async fn end(self) -> String {
        assert!(!self.operation.is_finished());
        drop(self.gate);
        said(self.operation.await.unwrap())
    }
}

/// The plan of a report, a line a part: `keep storage.a`.
pub(crate) fn plan(report: &ReloadReport) -> Vec<String> {
    report
        .plan
        .changes
        .iter()
        .map(|(part, change)| format!("{change} {part}"))
        .collect()
}
