//! A supervised process: started with a deadline, and reaped whatever happens.

use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use minidump_writer::app_memory::AppMemory;
use minidump_writer::crash_context::CrashContext;

use crate::channel::{self, Frame};

/// For the whole life of a process; far more than it needs, also on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// A process of this program in another role; dropping it kills and reaps it.
pub struct Process {
    child: Child,
    line: Line,
}

/// What a process told about itself.
#[derive(Default)]
pub struct Report {
    pub annotations: Vec<(String, String)>,
    pub memory: Vec<AppMemory>,
    /// None for a healthy process.
    pub crash: Option<Box<CrashContext>>,
}

/// The supervisor's end of the socket; reading ends at the deadline.
struct Line {
    stream: UnixStream,
    deadline: Instant,
}

impl Process {
    /// Starts this program again with a hidden subcommand.
    pub fn start(arguments: &[&str]) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let (stream, end) = UnixStream::pair().context("cannot make a socket pair")?;
        let child = Command::new(&program)
            .args(arguments)
            // Minidumps hold the environment, and the user's may hold secrets.
            .env_clear()
            .env("LANG", "C.UTF-8")
            .env("MOZ_CRASHREPORTER", "1")
            .stdin(Stdio::from(OwnedFd::from(end)))
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {} {arguments:?}", program.display()))?;
        let line = Line {
            stream,
            deadline: Instant::now() + DEADLINE,
        };
        Ok(Self { child, line })
    }

    /// The process id.
    pub fn id(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Receives everything up to the crash, or up to the point where a healthy process waits.
    pub fn report(&mut self) -> Result<Report> {
        let mut report = Report::default();
        loop {
            let frame = channel::receive(&mut self.line);
            match frame.map_err(|error| self.explain(error))? {
                Frame::Annotation(key, value) => report.annotations.push((key, value)),
                Frame::Memory(ptr, length) => report.memory.push(AppMemory { ptr, length }),
                Frame::Ready => return Ok(report),
                Frame::Crash(context) => {
                    report.crash = Some(context);
                    return Ok(report);
                }
            }
        }
    }

    /// Says why no report came, in the case of an early end with the status.
    fn explain(&mut self, error: io::Error) -> anyhow::Error {
        // The stream ends with the process, so this does not wait for long.
        match (error.kind() == ErrorKind::UnexpectedEof).then(|| self.child.wait()) {
            Some(Ok(status)) => anyhow!("the process ended before it crashed as asked ({status})"),
            _ => anyhow::Error::new(error).context("no report came from the process"),
        }
    }

    /// Lets the process go on to its end and waits for that.
    pub fn finish(mut self) -> Result<ExitStatus> {
        let lost = "cannot let the process end";
        self.line.stream.shutdown(Shutdown::Write).context(lost)?;
        // The end of the stream is the end of the process: waiting that can have a deadline.
        io::copy(&mut self.line, &mut io::sink()).context("the process did not end")?;
        self.child.wait().context("cannot wait for the process")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both do nothing for a process that was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let late = || io::Error::new(ErrorKind::TimedOut, format!("none within {DEADLINE:?}"));
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(late());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream
            .read(buffer)
            .map_err(|error| match error.kind() {
                ErrorKind::WouldBlock => late(),
                _ => error,
            })
    }
}
