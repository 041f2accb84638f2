//! SIGKILL while crashes are moved: none is lost, none is half there.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use socorro_testkit::program::Program;

use crate::support::{MOVER_LEVEL, PATIENCE, Place};
use crate::tree::{assert_holds, fill, mover};

const CRASHES: u32 = 200;
const SEED: u64 = 0x5eed_0c0d;

#[test]
fn kills_at_any_moment_lose_nothing() {
    println!("seed {SEED:#x}");
    let mut random = SEED;
    // What an interrupted delete left is swept at the next start.
    let swept = "type = \"filesystem\"\nsweep_after = \"1ms\"\nroot";
    let text = mover("a", "ack_and_delete").replace("type = \"filesystem\"\nroot", swept);
    let place = Place::new(&text);
    fill(&place, "spool", 0..CRASHES);
    let mut kills = 0;
    loop {
        let mut run = place.start(&["--log-level", MOVER_LEVEL, "run", "--once"]);
        if survives(&mut run, below(&mut random, 25)) {
            break;
        }
        kills += 1;
        assert!(kills < 100, "it never gets done");
    }
    println!("{kills} kills");
    assert!(kills >= 5);
    assert_eq!(place.run(&["run", "--once"]).code, Some(0));
    assert_holds(&place.path("a"), 0..CRASHES);
    assert_holds(&place.path("spool"), []);
}

/// Kills the program after so many deliveries, or at its start; true when it was done before.
fn survives(run: &mut Program, deliveries: u64) -> bool {
    let started = run.wait_for("started", PATIENCE);
    started.unwrap();
    for _ in 0..deliveries {
        // The output of a program that is done ends.
        if run.wait_for(" delivered ", PATIENCE).is_err() {
            assert_eq!(
                run.wait(PATIENCE).unwrap().code(),
                Some(0),
                "{}",
                run.tail()
            );
            return true;
        }
    }
    // At once, without a program that sends it: the moment counts.
    let pid = Pid::from_raw(run.id().try_into().unwrap());
    kill(pid, Signal::SIGKILL).unwrap();
    let status = run.wait(PATIENCE).unwrap();
    status.success()
}

/// The next number below `end`: xorshift.
fn below(state: &mut u64, end: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % end
}
