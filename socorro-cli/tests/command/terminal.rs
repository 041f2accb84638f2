//! On a terminal.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::{Place, finish_on};

/// A new terminal: our side of it and the programs'.
pub(crate) fn terminal() -> (File, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = OpenOptions::new()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (ours.into(), theirs)
}

#[test]
fn logs_are_coloured_and_results_are_not() {
    let place = Place::new("[storage.a]\ntype = \"filesystem\"\nroot = \"{}/a\"\n");
    let (mut ours, theirs) = terminal();
    let mut command = place.command(&["--log-level", "info", "config", "check", "--connect"]);
    let out = finish_on(&mut command, Stdio::from(theirs));
    // Ours is the only other end now; reading ends with an error when the programs' is closed.
    drop(command);
    let mut said = Vec::new();
    drop(ours.read_to_end(&mut said));
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("\u{1b}["), "{said:?}");
    assert!(!said.contains("panicked"), "{said}");
    let out = String::from_utf8(out).unwrap();
    assert!(
        out.ends_with("ok: 1 storages, 0 sources, 0 pipelines\n"),
        "{out:?}"
    );
    assert!(!out.contains('\u{1b}'), "{out:?}");
}
