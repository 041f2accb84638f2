//! `status` and `reload` over the control socket of a running program.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use crate::support::{PATIENCE, Place, finish};
use crate::tree;

/// The configuration with a control socket.
pub(crate) fn with_socket(text: &str) -> String {
    format!("{text}\n[control]\nsocket = \"{{}}/control.sock\"\n")
}

#[test]
fn tells_how_it_is_and_reloads() {
    let place = Place::new(&with_socket(&tree::mover("a", "ack")));
    let status = || place.run(&["status"]);
    status().fails(1, &["control.sock", "no program can be reached"]);
    let mut mover = place.mover();

    let socket = std::fs::symlink_metadata(place.path("control.sock")).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o7777, 0o600);
    let told = status();
    assert!(told.lines()[0].ends_with(", generation 1"), "{told:?}");
    let json = place.run(&["status", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(json.bytes()).unwrap();
    assert_eq!(
        (&json["generation"], &json["in_sync"]),
        (&1.into(), &true.into())
    );

    assert_eq!(place.run(&["reload"]).lines(), ["asked"]);
    mover
        .wait_for("nothing changed: generation 1", PATIENCE)
        .unwrap();
    let unchanged = place.run(&["reload", "--wait"]);
    assert!(
        unchanged.lines()[0].starts_with("reload: nothing changed"),
        "{unchanged:?}"
    );

    place.edit(&with_socket(&tree::mover("b", "ack")));
    let applied = place.run(&["reload", "--wait"]);
    assert!(
        applied.lines()[0].starts_with("reload applied: generation 2"),
        "{applied:?}"
    );

    // A backend that is not there is nothing that editing has to cure.
    let away = "[storage.away]\ntype = \"postgres\"\nurl = \"postgres://me@127.0.0.1:1/x?sslmode=disable\"\n";
    place.edit(&with_socket(&format!("{}{away}", tree::mover("b", "ack"))));
    place
        .run(&["reload", "--wait"])
        .fails(1, &["everything stays as it was", "storage.away"]);

    // Broken files keep nobody from asking.
    place.edit("[storage\n\n[control]\nsocket = \"{}/control.sock\"\n");
    place.run(&["reload", "--wait"]).fails(
        2,
        &["everything stays as it was: generation 2", "socorro.toml:4"],
    );
    let told = status();
    assert!(told.text().contains("reload refused"), "{told:?}");
    let elsewhere = place.path("control.sock").display().to_string();
    assert_eq!(place.run(&["status", "--socket", &elsewhere]).code, Some(0));

    place.edit(&with_socket(&tree::mover("b", "ack")).replace("control.sock", "moved.sock"));
    let restart = place.run(&["reload", "--wait", "--socket", &elsewhere]);
    assert_eq!(restart.code, Some(3), "{restart:?}");
    assert!(restart.text().contains("restart  control"), "{restart:?}");
    assert!(restart.err.contains("takes a restart"), "{restart:?}");

    mover.signal("TERM").unwrap();
    assert!(mover.wait(PATIENCE).unwrap().success());
    assert!(!place.path("control.sock").exists());
    let none = Place::new("");
    none.run(&["status"])
        .fails(2, &["control.socket", "--socket"]);
    std::fs::remove_file(none.config()).unwrap();
    none.run(&["status"])
        .fails(2, &["socorro.toml", "cannot be read"]);
}

#[test]
fn one_that_hangs_times_out() {
    let place = Place::new(&with_socket(""));
    let silent = std::os::unix::net::UnixListener::bind(place.path("control.sock")).unwrap();
    place
        .run(&["reload", "--wait", "--timeout", "50ms"])
        .fails(4, &["control.sock", "no answer"]);
    drop(silent);
    place
        .run(&["status"])
        .fails(1, &["no program can be reached"]);
}

#[test]
fn a_killed_programs_socket_is_replaced_and_a_running_ones_is_not() {
    let place = Place::new(&with_socket(&tree::mover("a", "ack")));
    let mut killed = place.mover();
    killed.signal("KILL").unwrap();
    killed.wait(PATIENCE).unwrap();
    assert!(place.path("control.sock").exists());
    let mut mover = place.mover();
    place
        .run(&["run"])
        .fails(1, &["control.sock", "belongs to a program that runs"]);
    assert_eq!(place.run(&["status"]).code, Some(0));
    mover.signal("TERM").unwrap();
    assert!(mover.wait(PATIENCE).unwrap().success());
}

#[test]
fn starts_on_the_last_good_configuration_when_asked_to() {
    let keep = "\n[reload]\nkeep = \"{}/last-good.toml\"\n";
    let right = format!("{}{keep}", tree::mover("a", "ack"));
    let place = Place::new(&right);
    assert_eq!(place.run(&["run", "--once"]).code, Some(0));
    let kept = place.path("last-good.toml");
    assert_eq!(
        std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777,
        0o600
    );

    place.edit(&right.replace("[storage.a]", "[storage.a"));
    place.run(&["run", "--once"]).fails(2, &["socorro.toml"]);
    let named = format!("--last-good={}", kept.display());
    for last_good in ["--last-good", named.as_str()] {
        let run = place.run(&["run", "--once", last_good]);
        assert_eq!(run.code, Some(0), "{run:?}");
        for part in [
            "LAST GOOD",
            "socorro.toml:",
            "last-good.toml; a reload reads the files again",
        ] {
            assert!(run.err.contains(part), "no {part:?} in: {}", run.err);
        }
    }
    let mut mover = place.start(&["run", "--last-good"]);
    mover.wait_for("LAST GOOD", PATIENCE).unwrap();
    place.edit(&right.replace("ack\"", "ack_and_delete\""));
    mover.signal("HUP").unwrap();
    mover
        .wait_for("reload applied: generation 2", PATIENCE)
        .unwrap();
    mover.signal("TERM").unwrap();
    assert!(mover.wait(PATIENCE).unwrap().success());
    assert!(
        std::fs::read_to_string(kept)
            .unwrap()
            .contains("ack_and_delete")
    );

    // It can be dumped, checked and compared like any other.
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_socorro"));
    check
        .arg("--config")
        .arg(place.path("last-good.toml"))
        .args(["config", "diff"]);
    check.arg(place.config());
    let same = finish(&mut check, b"");
    assert_eq!(same.code, Some(0), "{same:?}");
}
