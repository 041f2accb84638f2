//! A server of a test's own, which the test may kill.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;
use tempfile::TempDir;

use super::place::Place;
use super::process::Process;
use super::state::{State, StateFile};
use super::user::User;
use super::{Kind, Server, Use, front, install, kinds};
use crate::memory::{self, Files};

/// A server of one's own. Killed, and its files removed, when dropped.
#[derive(Debug)]
pub struct Own {
    place: Place,
    server: Server,
    // Removed after the processes are killed: fields are dropped after `drop`.
    _directory: TempDir,
}

/// No server takes longer to end in order.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a server of one's own: own ports, own directory. Always starts one, whatever the environment names.
pub fn own(kind: Kind) -> Result<Own> {
    install::check(kind)?;
    let directory = directory(kind)?;
    let this = Process::of(std::process::id()).context("this process is not in /proc")?;
    let file = directory.path().join("state.json");
    let place = Place {
        kind,
        directory: directory.path().to_owned(),
        user: User::ordinary()?,
        mark: serde_json::to_string(&this)?,
        state: Arc::new(StateFile::new(file, State::default())?),
    };
    // From here on dropping it cleans up, however far it comes.
    let mut own = Own {
        server: Server::at(kind, String::new()),
        place,
        _directory: directory,
    };
    own.server = kinds::prepare(&own.place, Use::Own)?;
    own.place
        .state
        .entry(kind, |entry| entry.server = Some(own.server.clone()))?;
    own.start()?;
    if let Some(server) = own.entry().server {
        own.server = server;
    }
    own.server = front::with_tls(own.server.clone())?;
    Ok(own)
}

/// The names of the directories begin with this and the number of the process that made them.
const PREFIX: &str = "socorro-own-";

/// A new one, removed when dropped.
fn directory(kind: Kind) -> Result<TempDir> {
    let prefix = format!("{PREFIX}{}-{kind}-", std::process::id());
    // Ceph writes past the cache, which file systems in memory do not offer everywhere.
    let made = Files::in_memory(kind != Kind::Ceph).temporary(&prefix);
    made.context("cannot make a directory for a server")
}

/// Removes from memory what tests left there that were killed before they could: nothing else frees it.
pub(super) fn sweep() {
    let all = memory::directory().map(fs::read_dir);
    for entry in all.into_iter().flatten().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| {
            let (process, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
            process.parse::<u32>().ok()
        });
        if process.is_some_and(|process| Process::of(process).is_none()) {
            // What is somebody else's stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Own {
    /// The server, as from [`shared`](super::shared).
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Kills it: nothing it has not written is written any more.
    pub fn kill(&mut self) -> Result<()> {
        self.processes().iter().try_for_each(Process::kill_tree)?;
        self.forget()
    }

    /// Stops it in order.
    pub fn stop(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let processes = self.processes();
        // The last one started is the server; the ones before are what it needs.
        if let Some(server) = processes.last() {
            kinds::ask_to_end(self.place.kind, server);
            server.wait(deadline);
        }
        self.kill()
    }

    /// Starts it again after [`kill`](Self::kill) or [`stop`](Self::stop): the same data, ports and passwords.
    pub fn start(&mut self) -> Result<()> {
        kinds::start(&self.place, &self.server, Use::Own)
    }

    /// Stops all its processes where they are: connections stay open, and nothing is answered once this has
    /// returned.
    pub fn pause(&self) -> Result<()> {
        self.processes().iter().try_for_each(Process::pause_tree)
    }

    /// Lets them go on.
    pub fn resume(&self) {
        for process in self.trees() {
            process.signal(Signal::CONT);
        }
    }

    fn entry(&self) -> super::state::Entry {
        let mut state = self.place.state.state();
        state.servers.remove(&self.place.kind).unwrap_or_default()
    }

    fn processes(&self) -> Vec<Process> {
        self.entry().processes
    }

    fn trees(&self) -> Vec<Process> {
        self.processes().iter().flat_map(Process::tree).collect()
    }

    fn forget(&self) -> Result<()> {
        self.place
            .state
            .entry(self.place.kind, |entry| entry.processes.clear())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // What cannot be killed now is found by `services down`.
        let _ = self.kill();
    }
}
