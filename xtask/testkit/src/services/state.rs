//! The state file: which servers were started, by which processes, where, and with which credentials.
//!
//! It is written whenever something is known, not in the end: what a crash of the program that started the
//! servers leaves behind is in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::process::Process;
use super::{Kind, Server};

/// All that was started.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// Where the servers keep their files.
    pub(super) directory: PathBuf,
    pub(super) servers: BTreeMap<Kind, Entry>,
}

/// One of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Entry {
    /// What tests need to know; absent until it is decided.
    pub(super) server: Option<Server>,
    /// Whether it has come up.
    pub(super) ready: bool,
    /// Roots of its process trees.
    pub(super) processes: Vec<Process>,
}

impl State {
    /// What the file says; nothing was started when there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        match fs::read(path) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text).with_context(|| {
                format!("{} is not a state file of this version", path.display())
            })?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Kills every process of every server.
    pub(super) fn kill(&self) -> Result<()> {
        self.servers
            .values()
            .flat_map(|entry| &entry.processes)
            .try_for_each(Process::kill_tree)
    }
}

/// A state that is in a file after every change.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    state: Mutex<State>,
}

impl StateFile {
    pub(super) fn new(path: PathBuf, state: State) -> Result<Self> {
        let file = Self {
            path,
            state: Mutex::new(state),
        };
        file.change(|_| ())?;
        Ok(file)
    }

    pub(super) fn state(&self) -> State {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Changes the state and writes it; the old file is there until the new one is whole.
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let directory = self.path.parent().context("a state file in no directory")?;
        // Readable for its owner only, as tempfile makes it: there are passwords in it.
        let mut file = tempfile::NamedTempFile::new_in(directory)
            .with_context(|| format!("cannot write into {}", directory.display()))?;
        serde_json::to_writer_pretty(&mut file, &*state)?;
        file.flush()?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// Changes what is known about one server.
    pub(super) fn entry(&self, kind: Kind, change: impl FnOnce(&mut Entry)) -> Result<()> {
        self.change(|state| change(state.servers.entry(kind).or_default()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_was_written_is_read_by_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        assert!(State::read(&path).unwrap().is_none());
        let file = StateFile::new(path.clone(), State::default()).unwrap();
        let this = Process::of(std::process::id()).unwrap();
        let mut server = Server::at(Kind::Garage, "http://127.0.0.1:1".to_owned());
        server.password = "hidden".to_owned();
        file.entry(Kind::Garage, |entry| {
            entry.processes.push(this.clone());
            entry.server = Some(server.clone());
        })
        .unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let read = State::read(&path).unwrap().unwrap();
        let entry = &read.servers[&Kind::Garage];
        assert_eq!(entry.processes, [this]);
        assert_eq!(entry.server.as_ref().unwrap().password, "hidden");
        assert!(!format!("{server:?}").contains("hidden"));
    }

    #[test]
    fn another_file_is_no_state() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        fs::write(&path, "{}").unwrap();
        let error = State::read(&path).unwrap_err().to_string();
        assert!(error.contains("state.json"), "{error}");
    }
}
