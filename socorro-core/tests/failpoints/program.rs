//! A program with one storage behind a loaded library, all of which each edit changes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use socorro_core::config::Layers;
use socorro_core::crash::{CrashDate, CrashId, Dumps, Limits, RawCrash};
use socorro_core::live::{Failpoints, Socorro, StorageHandle};
use socorro_core::transaction::{ManualClock, NoJitter};
use socorro_core::{Error, ErrorKind};

use crate::build::{compiled, library_name};

/// The options of the plugin.
const SCHEMA: &str = r#"-DSCHEMA=TEXT("{\"type\":\"object\",\"properties\":{\"revision\":{\"type\":\"integer\"},\"password\":{\"type\":\"string\",\"x-secret\":true}}}")"#;

/// Longer than any deadline of the program.
pub(crate) const LONG: Duration = Duration::from_secs(10 * 60 * 60);

pub(crate) struct Program {
    directory: PathBuf,
    library: Vec<u8>,
    /// One that cannot overlap with its successor.
    alone: Vec<u8>,
    /// Whether the files name that one.
    pub(crate) is_alone: bool,
    /// What the files say.
    revision: u32,
    /// The last that they said; no edit comes back to one before by itself.
    last: u32,
    pub(crate) clock: ManualClock,
    pub(crate) failpoints: Failpoints,
    pub(crate) socorro: Socorro,
    storage: StorageHandle,
}

impl Program {
    pub(crate) async fn start(directory: &Path) -> Self {
        let library = compiled("healthy.c", &[SCHEMA]);
        fs::create_dir_all(directory.join("plugins")).unwrap();
        write(directory, &library, 0);
        let clock = ManualClock::new();
        let failpoints = Failpoints::default();
        let socorro = Socorro::builder(Layers::new().file(directory.join("socorro.toml")))
            .time(Arc::new(clock.clone()), Arc::new(NoJitter))
            .failpoints(failpoints.clone())
            .start()
            .await
            .unwrap();
        let storage = socorro.storage("archive").unwrap();
        Self {
            directory: directory.to_owned(),
            library,
            alone: compiled("alone.c", &[SCHEMA]),
            is_alone: false,
            revision: 0,
            last: 0,
            clock,
            failpoints,
            socorro,
            storage,
        }
    }

    /// Another library, other options, another secret: every step has something to do.
    pub(crate) fn edit(&mut self) {
        self.last += 1;
        self.revision = self.last;
        self.write();
    }

    /// The files say again what `revision` was.
    pub(crate) fn edit_back(&mut self, revision: u32) {
        self.revision = revision;
        self.write();
    }

    fn write(&self) {
        let library = match self.is_alone {
            true => &self.alone,
            false => &self.library,
        };
        write(&self.directory, library, self.revision);
    }

    pub(crate) fn revision(&self) -> u32 {
        self.revision
    }

    pub(crate) fn stage(&self) -> PathBuf {
        self.directory.join("stage")
    }

    /// Saves a crash in the instance that serves, which keeps the last one.
    pub(crate) async fn save(&self, text: &str) {
        let (raw, dumps) = (raw(text), Dumps::new());
        let saved = self.storage.save_raw_crash(&id(), &raw, &dumps).await;
        saved.unwrap_or_else(|error| panic!("{text}: {error}"));
    }

    /// The instance that serves is the one in which this was saved. While a reload exchanges it, nobody waits longer
    /// than the clock says, and then tries again.
    pub(crate) async fn has(&self, text: &str) {
        let deadline = std::time::Instant::now() + Duration::from_secs(120);
        let found = loop {
            let found = self.storage.get_raw_crash(id()).await;
            let is_parked = |error: &Error| error.kind() == ErrorKind::Unavailable;
            if !found.as_ref().is_err_and(is_parked) || std::time::Instant::now() > deadline {
                break found;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(
            found.unwrap_or_else(|error| panic!("{text}: {error}")),
            raw(text)
        );
    }
}

fn write(directory: &Path, library: &[u8], revision: u32) {
    // What is behind the last section of a library has no meaning; its hash is another.
    let mut bytes = library.to_vec();
    bytes.extend(revision.to_le_bytes());
    replace(&directory.join("plugins").join(library_name("zoo")), &bytes);
    let secret = directory.join("secret");
    replace(&secret, format!("canary-{revision}").as_bytes());
    let (plugins, stage) = (directory.join("plugins"), directory.join("stage"));
    let text = format!(
        "[plugins]\npath = [{plugins:?}]\nstage = {stage:?}\nmax_images = 1000\ntimeout = \"1h\"\n\
         [reload]\ntimeout = \"60s\"\n\
         [storage.archive]\ntype = \"zoo\"\nrevision = {revision}\npassword = {{ file = {secret:?} }}\n"
    );
    replace(&directory.join("socorro.toml"), text.as_bytes());
}

/// Written beside and renamed over, and nobody else may change it.
fn replace(path: &Path, bytes: &[u8]) {
    let new = path.with_extension("new");
    fs::write(&new, bytes).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, path).unwrap();
}

fn id() -> CrashId {
    CrashId::new(CrashDate::new(2026, 11, 21).unwrap(), [7; 16])
}

fn raw(text: &str) -> RawCrash {
    RawCrash::new(format!("{{\"text\":\"{text}\"}}"), &Limits::default()).unwrap()
}
