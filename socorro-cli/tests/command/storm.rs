//! Edits and signals faster than anybody can follow.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{PATIENCE, Place};

fn text(revision: u32) -> String {
    format!("[control]\nsocket = \"{{}}/control.sock\"\n[limits]\ndumps = {revision}\n")
}

const EDITS: u32 = 1000;
const SIGNALS: u32 = 20;

#[test]
fn a_storm_of_signals_over_a_thousand_edits_ends_on_the_last() {
    let place = Place::new(&text(1));
    let mut run = place.start(&["run"]);
    run.wait_for("started: generation 1", PATIENCE).unwrap();
    let pid = Pid::from_raw(run.id().try_into().unwrap());
    for revision in 2..EDITS + 2 {
        place.edit(&text(revision));
        for _ in 0..SIGNALS {
            kill(pid, Signal::SIGHUP).unwrap();
        }
    }
    // Behind the last signal's attempt, if that is not over yet.
    let reload = place.run(&["reload", "--wait"]);
    assert_eq!(reload.code, Some(0), "{reload:?}");
    let diff = place.run(&["config", "diff", "--running"]);
    assert_eq!(diff.code, Some(0), "it runs the last file: {diff:?}");
    let status = place.run(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.out).unwrap();
    let attempts = status["report"]["attempt"].as_u64().unwrap();
    println!("{attempts} attempts");
    assert!(
        attempts <= u64::from(2 * EDITS) + 2,
        "{attempts} attempts for {} signals over {EDITS} edits",
        EDITS * SIGNALS
    );
    // Ending wins, and who asks after that is not heard.
    kill(pid, Signal::SIGTERM).unwrap();
    run.wait_for("ending", PATIENCE).unwrap();
    // It may have ended.
    let _ = kill(pid, Signal::SIGHUP);
    let rest = run.rest(PATIENCE).unwrap();
    assert!(!rest.iter().any(|line| line.contains("reload")), "{rest:?}");
    assert_eq!(run.wait(PATIENCE).unwrap().code(), Some(0));
}
