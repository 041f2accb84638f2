#![allow(clippy::zombie_processes, reason = "`kill_tree` reaps what it kills")]

use std::process::Command;

use super::*;

fn sleeper() -> Process {
    let child = Command::new("sh")
        .args(["-c", "sleep 1000 & sleep 1000 & wait"])
        .spawn()
        .unwrap();
    Process::of(child.id()).unwrap()
}

#[test]
fn a_recycled_id_is_another_process() {
    let process = sleeper();
    let other = Process {
        pid: process.pid,
        started: "1@before".to_owned(),
    };
    assert!(!other.is_running());
    assert_eq!(other.tree(), []);
    other.signal(Signal::KILL);
    other.kill_tree().unwrap();
    assert!(
        process.is_running(),
        "the other was not killed in its place"
    );
    process.kill_tree().unwrap();
    assert!(!process.is_running());
}

#[test]
fn what_a_process_started_is_killed_with_it() {
    let process = sleeper();
    let deadline = Instant::now() + PATIENCE;
    while process.tree().len() < 3 && Instant::now() < deadline {
        thread::yield_now();
    }
    let tree = process.tree();
    assert_eq!(tree.len(), 3);
    assert_eq!(tree[0], process);
    process.kill_tree().unwrap();
    assert!(tree.iter().all(|process| !process.is_running()));
}

#[test]
fn a_paused_tree_has_stopped_when_that_returns() {
    let process = sleeper();
    process.pause_tree().unwrap();
    assert!(process.tree().iter().all(Process::is_stopped));
    process.kill_tree().unwrap();
}

#[test]
fn a_name_with_parentheses_and_spaces_is_no_obstacle() {
    let stat = "17 (a) Z (b) S 5 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 0 0";
    let stat = Stat::parse(stat).unwrap();
    assert!(!stat.ended);
    assert_eq!(stat.parent, 5);
    assert_eq!(stat.started, 4711);
}

#[test]
fn a_process_is_found_by_a_variable() {
    let child = Command::new("sleep")
        .arg("1000")
        .env("SOCORRO_TESTKIT_SELF_TEST", "x y")
        .spawn()
        .unwrap();
    let process = Process::of(child.id()).unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut found = with_variable("SOCORRO_TESTKIT_SELF_TEST");
    // Until the program is executed, the environment is still ours.
    while found.is_empty() && Instant::now() < deadline {
        thread::yield_now();
        found = with_variable("SOCORRO_TESTKIT_SELF_TEST");
    }
    process.kill_tree().unwrap();
    assert_eq!(found, [(process, "x y".to_owned())]);
}
