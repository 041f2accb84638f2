//! The shared servers: started together, stopped together.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::place::{MARK, Place};
use super::process::{self, Process};
use super::state::{Entry, State, StateFile};
use super::user::User;
use super::{Kind, Server, Use, install, kinds, own, shared};
use crate::memory::{self, Files};

/// How a server is.
#[derive(Debug)]
#[non_exhaustive]
pub struct Status {
    /// Which kind.
    pub kind: Kind,
    /// What tests get; absent when there is none.
    pub server: Option<Server>,
    /// The first of its processes, when it was started here.
    pub pid: Option<u32>,
    /// Whether it accepts connections.
    pub healthy: bool,
    /// Whether a variable of the environment names it.
    pub given: bool,
}

/// Where the state file is, and the servers' files where their user can reach it.
pub(super) fn home() -> PathBuf {
    crate::target().join("services")
}

/// Installs, builds and fetches what these servers need and is missing, without starting any.
pub fn fetch(kinds: &[Kind], report: &(dyn Fn(Kind, &str) + Sync)) -> Result<()> {
    let mut wanted = Vec::new();
    for &kind in kinds {
        if shared::given(kind)?.is_none() {
            wanted.push(kind);
        }
    }
    side_by_side(&wanted, |kind| {
        install::install(kind, &|text| report(kind, text))
    })
}

/// Does the same for each kind at the same time; the error names each that failed.
fn side_by_side(kinds: &[Kind], each: impl Fn(Kind) -> Result<()> + Sync) -> Result<()> {
    let each = &each;
    let failures: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = kinds
            .iter()
            .map(|&kind| (kind, scope.spawn(move || each(kind))))
            .collect();
        running
            .into_iter()
            .filter_map(|(kind, running)| match running.join() {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(format!("{kind}: {error:#}")),
                Err(_) => Some(format!("{kind}: panicked")),
            })
            .collect()
    });
    ensure!(
        failures.is_empty(),
        "not every server can be had:\n{}",
        failures.join("\n")
    );
    Ok(())
}

/// Starts these servers, installing what is missing; `report` is told what happens to which.
///
/// A server that is up already is left alone, one that a variable names is only looked at. Servers come up side
/// by side; when some do not, the others stay up and the error names each that failed.
pub fn up(kinds: &[Kind], files: Files, report: &(dyn Fn(Kind, &str) + Sync)) -> Result<()> {
    let home = home();
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let _alone = alone(&home)?;
    sweep(&home, false)?;
    let mut wanted = Vec::new();
    for &kind in kinds {
        match shared::given(kind)? {
            Some(server) => report(kind, &format!("given: {}", server.url)),
            None => wanted.push(kind),
        }
    }
    let user = User::ordinary()?;
    let file = home.join("state.json");
    let mut state = State::read(&file)?.unwrap_or_default();
    if !user.can_use(&state.directory) {
        state.kill()?;
        state = State {
            directory: directory(&home, files, user)?,
            ..State::default()
        };
    }
    let directory = state.directory.clone();
    let state = Arc::new(StateFile::new(file, state)?);
    side_by_side(&wanted, |kind| {
        let place = Place {
            kind,
            directory: directory.join(kind.name()),
            user,
            mark: mark(&home),
            state: state.clone(),
        };
        bring_up(&place, report)
    })
}

fn bring_up(place: &Place, report: &(dyn Fn(Kind, &str) + Sync)) -> Result<()> {
    let kind = place.kind;
    let say = |text: &str| report(kind, text);
    let old = place
        .state
        .state()
        .servers
        .remove(&kind)
        .unwrap_or_default();
    if is_up(&old) {
        say("is up already");
        return Ok(());
    }
    old.processes.iter().try_for_each(Process::kill_tree)?;
    remove(&place.directory)?;
    place.state.entry(kind, |entry| *entry = Entry::default())?;

    let began = Instant::now();
    install::install(kind, &say)?;
    let installed = Instant::now();
    let server = kinds::prepare(place, Use::Shared)?;
    place
        .state
        .entry(kind, |entry| entry.server = Some(server.clone()))?;
    kinds::start(place, &server, Use::Shared)?;
    place.state.entry(kind, |entry| entry.ready = true)?;
    say(&format!(
        "up at {} after {:.1} s, besides {:.1} s for installing",
        server.url,
        installed.elapsed().as_secs_f64(),
        (installed - began).as_secs_f64()
    ));
    Ok(())
}

fn is_up(entry: &Entry) -> bool {
    entry.ready
        && entry.processes.iter().all(Process::is_running)
        && entry.server.as_ref().is_some_and(Server::accepts)
}

/// Stops the servers and removes their files. Also finds what a crash of whoever started them left behind, and
/// servers of tests that are gone. Returns how many processes there were.
pub fn down() -> Result<usize> {
    let home = home();
    if !home.exists() {
        return sweep(&home, true);
    }
    let _alone = alone(&home)?;
    let file = home.join("state.json");
    let state = State::read(&file)?.unwrap_or_default();
    let running = state
        .servers
        .values()
        .flat_map(|entry| &entry.processes)
        .filter(|process| process.is_running())
        .count();
    state.kill()?;
    let strays = sweep(&home, true)?;
    if state.directory.is_absolute() {
        remove(&state.directory)?;
    }
    if file.exists() {
        fs::remove_file(&file)?;
    }
    Ok(running + strays)
}

/// How every server is.
pub fn status() -> Result<Vec<Status>> {
    let state = State::read(&shared::state_file())?.unwrap_or_default();
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let given = shared::given(kind)?;
        let entry = state.servers.get(&kind);
        let is_given = given.is_some();
        let server = given.or_else(|| entry?.server.clone());
        let pid = entry
            .filter(|_| !is_given)
            .and_then(|entry| entry.processes.first())
            .map(|process| process.pid);
        let healthy = if is_given {
            server.as_ref().is_some_and(Server::accepts)
        } else {
            entry.is_some_and(is_up)
        };
        all.push(Status {
            kind,
            server,
            pid,
            healthy,
            given: is_given,
        });
    }
    Ok(all)
}

/// Kills marked processes: of servers that tests which are gone left behind, and with `ours` the shared ones.
fn sweep(home: &Path, ours: bool) -> Result<usize> {
    own::sweep();
    let mut killed = 0;
    for (process, of) in process::with_variable(MARK) {
        let stray = match serde_json::from_str::<Process>(&of) {
            Ok(test) => !test.is_running(),
            Err(_) => ours && of == mark(home),
        };
        if stray {
            process.kill_tree()?;
            killed += 1;
        }
    }
    Ok(killed)
}

/// The mark of the servers shared in this target directory.
fn mark(home: &Path) -> String {
    home.display().to_string()
}

/// One at a time: waits while another process starts or stops servers here.
fn alone(home: &Path) -> Result<File> {
    let lock = File::create(home.join("lock"))?;
    lock.lock()
        .context("cannot lock the state of the servers")?;
    Ok(lock)
}

/// A directory that `user` can use: on disk in `home`, or among the temporary files if it cannot get there.
fn directory(home: &Path, files: Files, user: User) -> Result<PathBuf> {
    if files == Files::InMemory && memory::directory().is_some() {
        return temporary(files, user);
    }
    let wanted = home.join("data");
    fs::create_dir_all(&wanted)?;
    user.give(&wanted)?;
    if user.can_use(&wanted) {
        return Ok(wanted);
    }
    temporary(Files::OnDisk, user)
}

/// One that stays.
fn temporary(files: Files, user: User) -> Result<PathBuf> {
    let directory = files.temporary("socorro-services-")?.keep();
    user.give(&directory)?;
    Ok(directory)
}

fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}
