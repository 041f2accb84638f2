//! The inside of the processes whose dumps are taken.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;

use anyhow::{Context, Result, bail};
use crash_handler::{CrashEvent, CrashEventResult, CrashHandler};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

use crate::channel;
use crate::ways::Way;

/// Names as in a browser; the kernel keeps 15 bytes.
const THREADS: [&str; 3] = ["Compositor", "Socket Thread", "StyleThread#0"];
const STACK_DATA: usize = 12 * 1024;
const HEAP_RECORDS: usize = 500;

/// Crashes this process in the given way; returns only if something failed.
pub fn crash(way: Way) -> Result<()> {
    prepare()?;
    report_panics();
    // SAFETY: the closure only makes system calls, on memory that is there already, and takes no
    // lock and allocates nothing: it is fit for a signal handler.
    let event: Box<dyn CrashEvent> = unsafe {
        crash_handler::make_crash_event(|context| {
            // A supervisor that is gone needs no report: die all the same.
            let _ = channel::send_crash(context);
            channel::wait_for_release();
            // The limit alone would not keep a core handler given as a pipe from being started.
            let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
            // "Handled" makes the signal's default action follow, past the standard library's
            // handler, which would turn a stack overflow into an abort.
            CrashEventResult::Handled(true)
        })
    };
    let handler = CrashHandler::attach(event).context("cannot install the crash handler")?;
    handler.set_ptracer(Some(std::os::unix::process::parent_id()));
    way.crash()?;
    bail!("the process survived the crash {}", way.name())
}

/// Waits, healthy, until its dump has been taken.
pub fn companion() -> Result<()> {
    prepare()?;
    channel::send_ready().context("cannot reach the supervisor")?;
    channel::wait_for_release();
    Ok(())
}

/// Makes the process leave nothing behind and worth dumping.
fn prepare() -> Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Core, none).context("cannot forbid core files")?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .context("cannot ask to be killed with the supervisor")?;
    start_threads()?;
    // Linux minidumps hold stacks only, unless they are told of other memory. Leaked, so that it
    // is there when the crash comes.
    channel::send_memory(heap_records().leak()).context("cannot reach the supervisor")
}

/// Starts named threads that wait forever, with data on their stacks.
fn start_threads() -> Result<()> {
    let started = Arc::new(Barrier::new(THREADS.len() + 1));
    for name in THREADS {
        let started = Arc::clone(&started);
        let body = move || {
            let mut data = [0_u8; STACK_DATA];
            for (byte, text) in data.iter_mut().zip(name.bytes().cycle()) {
                *byte = text;
            }
            started.wait();
            loop {
                thread::park();
                black_box(&data);
            }
        };
        thread::Builder::new()
            .name(name.into())
            .spawn(body)
            .with_context(|| format!("cannot start the thread {name}"))?;
    }
    started.wait();
    Ok(())
}

/// Text that can be recognised in a dump.
fn heap_records() -> Vec<u8> {
    let mut text = String::new();
    for record in 0..HEAP_RECORDS {
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "record {record:05}: café {:016x} on the heap",
            record * 0x9e37_79b9
        );
    }
    text.into_bytes()
}

/// Makes a panic end in an abort, with its message as annotations.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let reason = panic
            .payload_as_str()
            .unwrap_or("a panic without a message");
        let thread = thread::current();
        let name = thread.name().unwrap_or("unnamed");
        let place = panic
            .location()
            .map_or_else(String::new, |place| format!(" at {place}"));
        // A supervisor that is gone needs no report: die all the same.
        let _ = channel::send_annotation("MozCrashReason", reason);
        let message = format!("thread '{name}' panicked{place}:\n{reason}");
        let _ = channel::send_annotation("AbortMessage", &message);
        std::process::abort();
    }));
}
