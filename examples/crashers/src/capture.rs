//! Takes the minidump of a crashed process, with ptrace, from its parent.

use std::io::Cursor;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use minidump_writer::CrashContextExt;
use minidump_writer::crash_context::CrashContext;
use minidump_writer::minidump_writer::MinidumpWriterConfig;

use crate::check;
use crate::process::{Process, Report};
use crate::ways::{Way, signal_name};

/// The writer's own 100 ms are short on a busy machine; it goes on as soon as all has stopped.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// What is known of one crash.
pub struct Captured {
    pub annotations: Vec<(String, String)>,
    pub signal: i32,
    pub minidump: Vec<u8>,
    /// The minidump of the browser process, for a crash of a content process.
    pub browser: Option<Vec<u8>>,
}

/// Crashes a process and returns what it left.
pub fn crash(way: Way) -> Result<Captured> {
    let browser = (way.process_type() == "content")
        .then(|| Process::start(&["companion"]))
        .transpose()?;
    let mut process = Process::start(&["crash", way.name()])?;
    let mut report = process.report()?;
    let annotations = std::mem::take(&mut report.annotations);
    let Some(context) = &report.crash else {
        bail!("the process is healthy, it should have crashed");
    };
    let signal = context.siginfo.ssi_signo.cast_signed();
    let minidump = dump(&process, report).context("no minidump of the crashed process")?;
    let status = process.finish()?;
    // Both ways to know must agree, and with what was asked for: else this is no real crash.
    ensure!(
        status.signal() == Some(signal) && signal == way.signal() as i32,
        "the process caught {} and ended with {status}, {} was expected",
        signal_name(signal),
        signal_name(way.signal() as i32),
    );
    let browser = browser
        .map(companion)
        .transpose()
        .context("no minidump of the browser")?;
    Ok(Captured {
        annotations,
        signal,
        minidump,
        browser,
    })
}

/// Takes the minidump of a healthy process and ends it.
fn companion(mut process: Process) -> Result<Vec<u8>> {
    let report = process.report()?;
    let minidump = dump(&process, report)?;
    let status = process.finish()?;
    ensure!(status.success(), "the process ended with {status}");
    Ok(minidump)
}

/// Takes the minidump of a process that waits.
fn dump(process: &Process, report: Report) -> Result<Vec<u8>> {
    let thread = report
        .crash
        .as_ref()
        .map_or(process.id(), |context| context.tid);
    let mut config = MinidumpWriterConfig::new(process.id(), thread);
    config
        .stop_timeout(STOP_TIMEOUT)
        .set_app_memory(report.memory);
    if let Some(context) = report.crash {
        config.set_crash_context(CrashContextExt {
            inner: with_address(*context),
        });
    }
    let bytes = config
        .write(&mut Cursor::new(Vec::new()))
        .with_context(|| format!("the writer failed ({})", check::ALLOW_PTRACE))?;
    check::holds_thread(&bytes, thread.cast_unsigned())?;
    Ok(bytes)
}

/// Moves the fault's address to where the writer looks for it.
///
/// The handler copies a `siginfo_t` over a `signalfd_siginfo`, which agree on the first fields
/// only: the address lands in `ssi_uid` and `ssi_fd`, and `ssi_addr` stays 0.
fn with_address(mut context: CrashContext) -> CrashContext {
    let info = &mut context.siginfo;
    // A code that is not positive means: sent by a program, so there is no address.
    if info.ssi_code > 0 && info.ssi_addr == 0 {
        info.ssi_addr = u64::from(info.ssi_fd.cast_unsigned()) << 32 | u64::from(info.ssi_uid);
    }
    context
}
