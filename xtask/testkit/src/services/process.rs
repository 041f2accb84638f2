//! Processes of servers: named so that another process with a recycled id is never taken for one.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde::{Deserialize, Serialize};

/// A process: its id, and when it was started, which together no other process has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// Clock ticks since the start of the system, and which start of the system.
    started: String,
}

/// No process that was killed takes longer to disappear, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

impl Process {
    /// The process that has this id now.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let stat = Stat::read(pid)?;
        Some(Self {
            pid,
            started: format!("{}@{}", stat.started, boot()),
        })
    }

    /// Whether it is this very process that has the id, and it has not ended.
    pub(super) fn is_running(&self) -> bool {
        self.reap();
        Stat::read(self.pid).is_some_and(|stat| !stat.ended || has_threads(self.pid))
            && Self::of(self.pid).as_ref() == Some(self)
    }

    /// It and everything it started, itself first.
    pub(super) fn tree(&self) -> Vec<Self> {
        if !self.is_running() {
            return Vec::new();
        }
        let all: Vec<(u32, u32)> = all()
            .into_iter()
            .filter_map(|pid| Stat::read(pid).map(|stat| (pid, stat.parent)))
            .collect();
        let mut tree = vec![self.pid];
        let mut next = 0;
        while let Some(&parent) = tree.get(next) {
            tree.extend(
                all.iter()
                    .filter(|(_, of)| *of == parent)
                    .map(|(pid, _)| pid),
            );
            next += 1;
        }
        tree.into_iter().filter_map(Self::of).collect()
    }

    /// Sends it a signal; nothing happens when it is gone.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
            && self.is_running()
        {
            // It may end between the look and the signal.
            let _ = kill_process(pid, signal);
        }
    }

    /// Stops it and everything it started where they are, and returns when every thread has stopped.
    pub(super) fn pause_tree(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        // Again for what was started while the others were looked for.
        loop {
            let going: Vec<Self> = self
                .tree()
                .into_iter()
                .filter(|one| !one.is_stopped())
                .collect();
            if going.is_empty() {
                return Ok(());
            }
            for process in &going {
                process.signal(Signal::STOP);
            }
            ensure!(
                Instant::now() < deadline,
                "process {} does not stop",
                self.pid
            );
            // The signal is on its way to each thread; there is no event when it has arrived.
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether none of its threads runs.
    fn is_stopped(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid));
        threads.into_iter().flatten().flatten().all(|thread| {
            fs::read_to_string(thread.path().join("stat"))
                .ok()
                .and_then(|stat| Stat::parse(&stat))
                .is_none_or(|stat| stat.ended || stat.stopped)
        })
    }

    /// Kills it and everything it started, at once, and waits until they are gone.
    pub(super) fn kill_tree(&self) -> Result<()> {
        // Stopped first, so that it starts nothing more while the others are looked for.
        self.signal(Signal::STOP);
        let tree = self.tree();
        for process in &tree {
            process.signal(Signal::KILL);
        }
        let deadline = Instant::now() + PATIENCE;
        for process in &tree {
            ensure!(
                process.wait(deadline),
                "process {} does not end although it was killed",
                process.pid
            );
        }
        Ok(())
    }

    /// Waits until it has ended, which it says.
    pub(super) fn wait(&self, deadline: Instant) -> bool {
        while self.is_running() {
            if Instant::now() >= deadline {
                return false;
            }
            // A process that is not our child gives no event.
            thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// The name of its program, cut to 15 characters by the system.
    pub(super) fn name(&self) -> String {
        fs::read_to_string(format!("/proc/{}/comm", self.pid))
            .map(|name| name.trim_end().to_owned())
            .unwrap_or_default()
    }

    /// Takes note of its end, in case it is our child.
    fn reap(&self) {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}

/// Every process whose environment has the variable `name`, with its value.
pub(super) fn with_variable(name: &str) -> Vec<(Process, String)> {
    let prefix = format!("{name}=");
    all()
        .into_iter()
        .filter_map(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
            let value = environment
                .split(|byte| *byte == 0)
                .find_map(|variable| variable.strip_prefix(prefix.as_bytes()))?;
            Some((
                Process::of(pid)?,
                String::from_utf8_lossy(value).into_owned(),
            ))
        })
        .collect()
}

/// The ids of all processes.
fn all() -> Vec<u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Whether there are threads besides the first: when that has ended before them, files are still open.
fn has_threads(pid: u32) -> bool {
    fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|threads| threads.count() > 1)
}

/// Which start of the system this is.
fn boot() -> String {
    fs::read_to_string(PathBuf::from("/proc/sys/kernel/random/boot_id"))
        .map(|id| id.trim_end().to_owned())
        .unwrap_or_default()
}

/// What the system knows about a process.
struct Stat {
    /// Of its first thread.
    ended: bool,
    stopped: bool,
    parent: u32,
    started: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field is the program's name in parentheses and may itself contain anything.
    fn parse(stat: &str) -> Option<Self> {
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let started = fields.nth(17)?.parse().ok()?;
        Some(Self {
            ended: matches!(state, "Z" | "X"),
            stopped: matches!(state, "T" | "t"),
            parent,
            started,
        })
    }
}

#[cfg(test)]
mod tests;
