//! A running program: its output line by line, signals to it, its end. Nothing here waits by sleeping.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::canary;

/// A program under test. Killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    seen: VecDeque<String>,
}

/// How many of the last lines an error shows.
const SHOWN: usize = 40;

impl Program {
    /// Starts `command` without input, its output and errors read as one stream of lines.
    pub fn start(command: &mut Command) -> Result<Self> {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// Starts `command` and returns the way to its input as well.
    pub fn start_with_input(command: &mut Command) -> Result<(Self, ChildStdin)> {
        let mut program = Self::spawn(command.stdin(Stdio::piped()))?;
        let input = program.child.stdin.take().context("no stdin")?;
        Ok((program, input))
    }

    fn spawn(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let (line, lines) = channel();
        let out: Box<dyn std::io::Read + Send> =
            Box::new(child.stdout.take().context("no stdout")?);
        let err: Box<dyn std::io::Read + Send> =
            Box::new(child.stderr.take().context("no stderr")?);
        for stream in [out, err] {
            let line = line.clone();
            thread::spawn(move || {
                for text in BufReader::new(stream).lines().map_while(Result::ok) {
                    canary::pass_on(text.as_bytes());
                    if line.send(text).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self {
            child,
            lines,
            seen: VecDeque::new(),
        })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line that contains `text` and returns it; fails after `timeout` or when the program ends
    /// without it, showing the last lines.
    pub fn wait_for(&mut self, text: &str, timeout: Duration) -> Result<String> {
        let deadline = Instant::now() + timeout;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    self.remember(line.clone());
                    if line.contains(text) {
                        return Ok(line);
                    }
                }
                Err(RecvTimeoutError::Timeout) => bail!(
                    "no {text:?} within {timeout:?}; last lines:\n{}",
                    self.tail()
                ),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!(
                        "the program ended without {text:?}; last lines:\n{}",
                        self.tail()
                    )
                }
            }
        }
    }

    /// Every line until the program ends by itself; fails after `timeout`.
    pub fn rest(&mut self, timeout: Duration) -> Result<Vec<String>> {
        let deadline = Instant::now() + timeout;
        let mut rest = Vec::new();
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    self.remember(line.clone());
                    rest.push(line);
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(rest),
                Err(RecvTimeoutError::Timeout) => bail!(
                    "still running after {timeout:?}; last lines:\n{}",
                    self.tail()
                ),
            }
        }
    }

    /// Sends a signal by name, such as `HUP`.
    pub fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.id().to_string())
            .status()?;
        ensure!(
            status.success(),
            "cannot send SIG{name} to process {}",
            self.id()
        );
        Ok(())
    }

    /// Waits until the program ends by itself and returns how; fails after `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        // Both streams close when the program ends.
        self.rest(timeout)?;
        Ok(self.child.wait()?)
    }

    /// The last lines, for messages.
    pub fn tail(&self) -> String {
        self.seen
            .iter()
            .map(|line| format!("    {line}\n"))
            .collect()
    }

    fn remember(&mut self, line: String) {
        if self.seen.len() == SHOWN {
            self.seen.pop_front();
        }
        self.seen.push_back(line);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
