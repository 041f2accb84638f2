//! Where one server lives, and how its programs are run there.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::Kind;
use super::process::Process;
use super::state::StateFile;
use super::user::User;

/// In the environment of every process of a server: whose it is, so that it can be found without any file.
pub(super) const MARK: &str = "SOCORRO_TEST_SERVER_OF";

/// The directory of one server, and whom it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) directory: PathBuf,
    pub(super) user: User,
    /// The value of [`MARK`].
    pub(super) mark: String,
    pub(super) state: Arc<StateFile>,
}

impl Place {
    /// Makes the directory.
    pub(super) fn make(&self) -> Result<()> {
        fs::create_dir_all(self.path("log"))
            .with_context(|| format!("cannot make {}", self.directory.display()))?;
        self.user.give_all(&self.directory)
    }

    /// A path in the directory.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes a file that the server's user can read, and nobody else.
    pub(super) fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;

        let path = self.path(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        file.write_all(content.as_bytes())?;
        self.user.give(&path)?;
        Ok(path)
    }

    /// Makes a directory of the server's user.
    pub(super) fn make_directory(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        self.user.give(&path)?;
        Ok(path)
    }

    /// A program that prepares the server, with nothing of the caller's environment but the search path.
    pub(super) fn tool(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.user.command(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.directory)
            .env("LC_ALL", "C.UTF-8")
            .env(MARK, &self.mark)
            .current_dir(&self.directory);
        command
    }

    /// A program that stays: in a session of its own, so that it survives who started it.
    pub(super) fn daemon(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.tool("setsid");
        command.arg(program);
        command
    }

    /// Runs a tool to its end and returns its output; fails with it when the tool fails.
    pub(super) fn run(&self, command: &mut Command) -> Result<String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let output = command
            .output()
            .with_context(|| format!("cannot run {name}"))?;
        ensure!(
            output.status.success(),
            "{name}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts a program made by [`daemon`](Self::daemon), its output in `log/NAME.log`.
    pub(super) fn spawn(&self, name: &str, command: &mut Command) -> Result<Process> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log(name))?;
        let child = command
            .stdout(log.try_clone()?)
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let process = Process::of(child.id()).with_context(|| format!("{name} ended at once"))?;
        self.state
            .entry(self.kind, |entry| entry.processes.push(process.clone()))?;
        Ok(process)
    }

    /// Waits until `ready` says so; fails with the end of the log when the process ends or takes too long.
    pub(super) fn wait(
        &self,
        name: &str,
        process: &Process,
        patience: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            if ready() {
                return Ok(());
            }
            if !process.is_running() {
                bail!("{name} ended instead of coming up:\n{}", self.tail(name));
            }
            if Instant::now() >= deadline {
                bail!(
                    "{name} did not come up within {patience:?}:\n{}",
                    self.tail(name)
                );
            }
            // None of these programs tells when it is ready.
            thread::sleep(Duration::from_millis(25));
        }
    }

    fn log(&self, name: &str) -> PathBuf {
        self.path("log").join(format!("{name}.log"))
    }

    /// The last lines of a log.
    fn tail(&self, name: &str) -> String {
        let text = fs::read(self.log(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// The first of these files that there is.
pub(super) fn first_existing(paths: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    paths.into_iter().find(|path| path.exists())
}

/// The program of this name in the search path.
pub(super) fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    first_existing(std::env::split_paths(&path).map(|directory| directory.join(name)))
}

/// What is in a directory, sorted by name; nothing when it is not there.
pub(super) fn list(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}
