//! Every animal is visited by a process of its own: what it does to that process is seen from outside.
//!
//! A test calls [`Cage::visit`]. The first time round it builds the animals, runs this same test in another
//! process, and takes over what that one saw. There the closure runs; then a sound plugin must still load
//! and work, and the process must end as it should.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use socorro_core::context::Context;
use socorro_core::crash::{CrashId, Dumps, Limits, RawCrash, StoredId};
use socorro_core::options::HumanDuration;
use socorro_core::plugin::loader::{Loader, LoaderOptions};
use socorro_core::plugin::{Destroyed, OpenOptions, PluginStorage};
use socorro_core::storage::CrashStorage;
use socorro_core::{Error, Result};

use crate::build::{library_name, sound};

/// Where a visiting process finds its cage.
const DIRECTORY: &str = "SOCORRO_ZOO_CAGE";
/// A visit that takes longer than this is over, and the test failed.
const PATIENCE: Duration = Duration::from_secs(300);

/// A named pipe: whoever hangs in the C sources waits for it to be opened for writing.
const GATE: &str = "SOCORRO_ZOO_GATE";

/// What makes the bytes of an animal.
type Breed = Box<dyn FnOnce() -> Vec<u8>>;

/// A place for animals and for the process that visits them.
#[derive(Default)]
pub(crate) struct Cage {
    gate: bool,
    animals: Vec<(PathBuf, Breed)>,
}

/// What the visiting process works with.
pub(crate) struct Zoo {
    pub(crate) directory: PathBuf,
}

impl Cage {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Whoever hangs does so until [`Zoo::open_gate`].
    pub(crate) fn gate(mut self) -> Self {
        self.gate = true;
        self
    }

    /// With the plugin library of this name.
    pub(crate) fn plugin(self, name: &str, breed: impl FnOnce() -> Vec<u8> + 'static) -> Self {
        let path = Path::new("plugins").join(library_name(name));
        self.file(path, breed)
    }

    /// With a file at this place in the cage.
    pub(crate) fn file(
        mut self,
        path: impl Into<PathBuf>,
        breed: impl FnOnce() -> Vec<u8> + 'static,
    ) -> Self {
        self.animals.push((path.into(), Box::new(breed)));
        self
    }

    /// What `look` saw in a process of its own. The process stayed sound and ended as it should.
    pub(crate) fn visit<F: AsyncFnOnce(&Zoo) -> String>(self, look: F) -> String {
        match std::env::var_os(DIRECTORY) {
            Some(directory) => inside(directory.into(), look),
            None => self.outside(),
        }
    }

    fn outside(self) -> String {
        // The harness runs every test on a thread of its name.
        let thread = std::thread::current();
        let test = thread.name().unwrap();
        let cage = tempfile::tempdir().unwrap();
        // Directories on the way through links must be ours too, and a temporary directory may be a link.
        let directory = cage.path().canonicalize().unwrap();
        let sound: (PathBuf, Breed) = (
            Path::new("sound").join(library_name("sound")),
            Box::new(sound),
        );
        for (path, breed) in self.animals.into_iter().chain([sound]) {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, breed()).unwrap();
        }
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(DIRECTORY, &directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.gate {
            let gate = directory.join("gate");
            assert!(
                Command::new("mkfifo")
                    .arg(&gate)
                    .status()
                    .unwrap()
                    .success()
            );
            command.env(GATE, gate);
        }
        let output = wait(command.spawn().unwrap());
        let said = fs::read_to_string(directory.join("said"));
        match said {
            Ok(said) if output.status.success() => said,
            _ => panic!(
                "{test}: the visiting process ended with {}\n{}{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr),
            ),
        }
    }
}

/// Waits for the process, and ends it when the patience does.
fn wait(child: Child) -> Output {
    let id = child.id();
    let (sender, receiver) = mpsc::channel();
    let waiter = std::thread::spawn(move || {
        let output = child.wait_with_output();
        sender.send(()).unwrap();
        output.unwrap()
    });
    if receiver.recv_timeout(PATIENCE).is_err() {
        Command::new("kill")
            .args(["-9", &id.to_string()])
            .status()
            .unwrap();
    }
    waiter.join().unwrap()
}

/// The end of a visiting process, which ran its test until here only.
#[expect(
    clippy::exit,
    reason = "how the process ends is part of what is tested"
)]
fn inside<F: AsyncFnOnce(&Zoo) -> String>(directory: PathBuf, look: F) -> ! {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let zoo = Zoo { directory };
    let said = runtime.block_on(async {
        let said = look(&zoo).await;
        zoo.sound_plugin_works().await;
        said
    });
    fs::write(zoo.directory.join("said"), &said).unwrap();
    // A plugin that hangs may have kept a thread of the pool.
    runtime.shutdown_background();
    std::process::exit(0);
}

impl Zoo {
    /// The options of a loader that looks into this cage.
    pub(crate) fn options(&self) -> LoaderOptions {
        LoaderOptions {
            path: vec![self.directory.join("plugins")],
            stage: Some(self.directory.join("stage")),
            timeout: HumanDuration(Duration::from_secs(120)),
            ..LoaderOptions::default()
        }
    }

    /// A loader that looks into this cage.
    pub(crate) fn loader(&self) -> Loader {
        Loader::new(self.options())
    }

    /// The library of a plugin in this cage.
    pub(crate) fn library(&self, name: &str) -> PathBuf {
        self.directory.join("plugins").join(library_name(name))
    }

    /// Whoever hangs goes on. Returns when somebody was waiting.
    ///
    /// Blocks the test's own thread: while a constructor hangs, none can be started for it.
    pub(crate) fn open_gate(&self) {
        let gate = std::env::var_os(GATE).unwrap();
        fs::File::options().write(true).open(gate).unwrap();
    }

    /// Why the plugin `zoo` does not load.
    pub(crate) async fn refused(&self) -> Error {
        self.loader()
            .load("zoo", None)
            .await
            .expect_err("it loaded")
    }

    /// An instance of the plugin `zoo`.
    pub(crate) async fn open(&self, timeout: Duration) -> Result<PluginStorage> {
        let plugin = self.loader().load("zoo", None).await?;
        let open = OpenOptions {
            timeout,
            ..OpenOptions::default()
        };
        plugin
            .open_storage("animal", &serde_json::json!({}), &open)
            .await
    }

    /// Loads the sound plugin, or finds it loaded, and uses it.
    pub(crate) async fn sound_plugin_works(&self) {
        let loader = Loader::new(LoaderOptions {
            path: vec![self.directory.join("sound")],
            ..self.options()
        });
        let plugin = loader
            .load("sound", None)
            .await
            .expect("a sound plugin loads");
        let open = OpenOptions::default();
        let storage = plugin
            .open_storage("sound", &serde_json::json!({}), &open)
            .await
            .expect("a sound plugin makes an instance");
        works(&storage).await;
        let end = storage.destroy(Duration::from_secs(120)).await;
        assert_eq!(end, Destroyed::Clean);
    }
}

/// What is saved in this instance is there afterwards.
pub(crate) async fn works(storage: &PluginStorage) {
    let cx = Context::new().with_timeout(Duration::from_secs(120));
    let id = crash_id();
    let raw = RawCrash::new(&br#"{"ProductName":"Zoo"}"#[..], &Limits::default()).unwrap();
    storage
        .save_raw_crash(&cx, &id, &raw, &Dumps::new())
        .await
        .expect("it saves");
    let read = storage
        .get_raw_crash(&cx, &StoredId::from(id))
        .await
        .expect("it reads");
    assert_eq!(read, raw);
}

pub(crate) fn crash_id() -> CrashId {
    "de1bb258-cbbf-4589-a673-34f800160918".parse().unwrap()
}

/// The error on one line, with its kind in front.
pub(crate) fn told(error: &Error) -> String {
    format!("{:?}: {error}", error.kind())
}
