//! SIGHUP from the first moment on: no start dies of it, and none misses the edit that it announced.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;
use socorro_testkit::program::Program;

use crate::support::{PATIENCE, Place};

const STARTS: u32 = 1000;

#[test]
fn a_thousand_starts_under_hangups_die_never_and_end_on_the_new_file() {
    let place = Place::new("");
    // The signals come so long after the fork, evenly spread: before `main`, in the middle of the start, after it.
    let spread = time_of_a_start(&place) * 2;
    let next = AtomicU32::new(0);
    let (before, at, after) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|threads| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            threads.spawn(|| {
                // Children inherit what is blocked, so no signal can do anything before their `main` says so. With
                // the other two: what a program inherits must not keep it from ending either.
                let mut held = SigSet::empty();
                held.extend([Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT]);
                held.thread_block().unwrap();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= STARTS {
                        return;
                    }
                    match start(&place, number, spread) {
                        Seen::ByTheStart => before.fetch_add(1, Ordering::Relaxed),
                        Seen::ByTheReload => after.fetch_add(1, Ordering::Relaxed),
                    };
                    at.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    println!("seen by the start: {before:?}, by the reload: {after:?}");
    assert_eq!(at.into_inner(), STARTS);
    // Both sides of the moment that matters.
    assert!(before.into_inner() > 0 && after.into_inner() > 0);
}

/// How long it takes here and now until a program runs.
fn time_of_a_start(place: &Place) -> Duration {
    let forked = Instant::now();
    let mut run = place.start(&["run"]);
    run.wait_for("started: generation 1", PATIENCE).unwrap();
    let took = forked.elapsed();
    run.signal("KILL").unwrap();
    run.wait(PATIENCE).unwrap();
    took
}

/// Who read the new file first.
enum Seen {
    ByTheStart,
    ByTheReload,
}

fn start(place: &Place, number: u32, spread: Duration) -> Seen {
    let file = place.write(&format!("{number}.toml"), "[limits]\ndumps = 1\n");
    let new = place.write(&format!("{number}.new"), "[limits]\ndumps = 2\n");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_socorro"));
    command.arg("--config").arg(&file).arg("run");
    let due = Instant::now() + spread * number / STARTS;
    let mut run = Program::start(&mut command).unwrap();
    // The moment is the test: nothing is waited for.
    thread::sleep(due.saturating_duration_since(Instant::now()));
    std::fs::rename(new, file).unwrap();
    let pid = Pid::from_raw(run.id().try_into().unwrap());
    kill(pid, Signal::SIGHUP).unwrap();
    // The attempt that the signal made has read the new file, so after it the program is on it either way.
    let line = run.wait_for("INFO socorro_core::live::history: reload", PATIENCE);
    let line = line.unwrap_or_else(|error| panic!("start {number}: {error}"));
    let seen = if line.contains("reload applied: generation 2") {
        Seen::ByTheReload
    } else {
        assert!(line.contains("nothing changed: generation 1"), "{line}");
        Seen::ByTheStart
    };
    kill(pid, Signal::SIGTERM).unwrap();
    assert_eq!(run.wait(PATIENCE).unwrap().code(), Some(0));
    seen
}
