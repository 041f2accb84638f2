//! Signals at the edges of a life: at the start, and at the end.

use std::process::Command;

use socorro_testkit::program::Program;

use crate::support::{PATIENCE, Place};
use crate::tree::{assert_holds, fill, mover};

#[test]
fn sigterm_and_sigint_end_it_well() {
    let place = Place::new(&mover("a", "ack_and_delete"));
    for signal in ["TERM", "INT"] {
        fill(&place, "spool", 0..50);
        let mut mover = place.mover();
        mover.wait_for("delivered", PATIENCE).unwrap();
        mover.signal(signal).unwrap();
        let status = mover.wait(PATIENCE).unwrap();
        assert_eq!(status.code(), Some(0), "{}", mover.tail());
        assert!(mover.tail().contains("ending"), "{}", mover.tail());
        let rest = place.run(&["run", "--once"]);
        assert_eq!(rest.code, Some(0), "{}", rest.err);
        assert_holds(&place.path("a"), 0..50);
        assert_holds(&place.path("spool"), []);
        std::fs::remove_dir_all(place.path("a")).unwrap();
    }
}

#[test]
fn a_signal_to_reload_at_the_start_does_not_end_it() {
    let place = Place::new(&mover("a", "ack"));
    for _ in 0..30 {
        // Until a program handles SIGHUP, it has what it inherits; a shell lets it inherit to ignore it, as
        // nohup does.
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' HUP; echo ignoring; exec \"$0\" \"$@\""]);
        shell
            .arg(env!("CARGO_BIN_EXE_socorro"))
            .arg("--config")
            .arg(place.config())
            .arg("run");
        let mut run = Program::start(&mut shell).unwrap();
        run.wait_for("ignoring", PATIENCE).unwrap();
        for _ in 0..10 {
            run.signal("HUP").unwrap();
        }
        run.wait_for("started: generation 1", PATIENCE).unwrap();
        run.signal("HUP").unwrap();
        run.wait_for("nothing changed: generation 1", PATIENCE)
            .unwrap();
        run.signal("TERM").unwrap();
        assert_eq!(
            run.wait(PATIENCE).unwrap().code(),
            Some(0),
            "{}",
            run.tail()
        );
    }
}
