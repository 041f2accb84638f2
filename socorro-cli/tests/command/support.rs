//! Runs the command against a directory of its own.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use socorro_testkit::plugins::{Profile, directory};
use socorro_testkit::program::Program;
use tempfile::TempDir;

/// Long enough for a busy machine; only a failure takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A directory with a configuration and what it names.
pub(crate) struct Place {
    directory: TempDir,
    /// Variables of the programs that are started here.
    pub(crate) variables: Vec<(String, String)>,
}

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Place {
    /// A place whose configuration is `text`, in which `{}` stands for the place itself.
    pub(crate) fn new(text: &str) -> Self {
        let place = Self {
            directory: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        };
        place.edit(text);
        place
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("socorro.toml")
    }

    /// Writes the configuration as an editor does: beside, and renamed over.
    pub(crate) fn edit(&self, text: &str) {
        let here = self.directory.path().display().to_string();
        let plugins = plugins().display().to_string();
        let text = format!(
            "[plugins]\npath = [{plugins:?}]\n\n{}",
            text.replace("{}", &here)
        );
        let new = self.path("socorro.toml.new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.config()).unwrap();
    }

    /// A file of this place.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The command with this configuration.
    pub(crate) fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_socorro"));
        command.arg("--config").arg(self.config());
        command.args(arguments.iter().map(AsRef::as_ref));
        command.current_dir(self.directory.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Done {
        finish(&mut self.command(arguments), b"")
    }

    /// Runs the command to its end, with this on its standard input.
    pub(crate) fn run_with<S: AsRef<str>>(&self, input: &[u8], arguments: &[S]) -> Done {
        finish(&mut self.command(arguments), input)
    }

    /// Starts the command and leaves it running.
    pub(crate) fn start<S: AsRef<str>>(&self, arguments: &[S]) -> Program {
        Program::start(&mut self.command(arguments)).unwrap()
    }

    /// Starts `run`, every delivery logged, and waits until it runs.
    pub(crate) fn mover(&self) -> Program {
        let mut mover = self.start(&["--log-level", MOVER_LEVEL, "run"]);
        mover.wait_for("started: generation 1", PATIENCE).unwrap();
        mover
    }
}

/// A server that takes connections and never answers: what opens a storage on it takes as long as it may.
pub(crate) struct Silent(TcpListener);

impl Silent {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// A storage on it.
    pub(crate) fn storage(&self) -> String {
        let address = self.0.local_addr().unwrap();
        format!("[storage.silent]\ntype = \"elasticsearch\"\nurls = [\"http://{address}\"]\n")
    }
}

/// Logs each delivery.
pub(crate) const MOVER_LEVEL: &str = "info,socorro_core::pipeline=debug";

impl Done {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// The lines of a command that has to have succeeded, in silence.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<&str> {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:?}");
        self.text().lines().collect()
    }

    /// The bytes of a command that has to have succeeded, in silence.
    #[track_caller]
    pub(crate) fn bytes(&self) -> &[u8] {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:?}");
        &self.out
    }

    /// Asserts that it failed with this code, that nothing was printed as a result, and that the message has
    /// each of these in it.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, says: &[&str]) {
        assert_eq!((self.code, self.text()), (Some(code), ""), "{}", self.err);
        for part in says {
            assert!(self.err.contains(part), "no {part:?} in: {}", self.err);
        }
    }
}

/// The built plugins.
pub(crate) fn plugins() -> PathBuf {
    directory(
        &["elasticsearch", "filesystem", "memory", "null"],
        Profile::Dev,
    )
    .unwrap()
}

/// Runs `command` to its end; fails when that takes too long.
pub(crate) fn finish(command: &mut Command, input: &[u8]) -> Done {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A command that does not read its input closes the pipe early.
    std::thread::spawn(move || drop(stdin.write_all(&input)));
    let out = collect(child.stdout.take().unwrap());
    let err = collect(child.stderr.take().unwrap());
    let (out, err) = (out.recv_timeout(PATIENCE), err.recv_timeout(PATIENCE));
    let (Ok(out), Ok(err)) = (out, err) else {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("{command:?} was not done after {PATIENCE:?}");
    };
    let code = child.wait().unwrap().code();
    socorro_testkit::canary::pass_on(&out);
    socorro_testkit::canary::pass_on(&err);
    Done {
        code,
        out,
        err: String::from_utf8(err).unwrap(),
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        // Nobody waits for it any more after a failure.
        drop(send.send(all));
    });
    receive
}

/// The names in a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Runs `command` to its end, its errors going to `errors`; its output, if it succeeded in time.
pub(crate) fn finish_on(command: &mut Command, errors: Stdio) -> Vec<u8> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .unwrap();
    let out = collect(child.stdout.take().unwrap()).recv_timeout(PATIENCE);
    if out.is_err() {
        child.kill().unwrap();
    }
    assert!(child.wait().unwrap().success(), "{command:?}");
    out.unwrap()
}
