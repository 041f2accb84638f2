//! What is told while something is away, leaves, or takes too long.

use serde_json::Value;

use crate::control::with_socket;
use crate::support::{PATIENCE, Place, Silent};
use crate::tree;

fn json(place: &Place, arguments: &[&str]) -> Value {
    serde_json::from_slice(place.run(arguments).bytes()).unwrap()
}

/// A mover to a disk that is not there, which goes on trying.
fn to_nowhere(root: &str) -> String {
    let away = format!(
        "\n[storage.away]\ntype = \"filesystem\"\nroot = \"{{}}/{root}\"\nstart = \"degraded\"\n\
         retry = {{ policy = \"infinite_backoff\", delays = [\"100ms\"], jitter = \"none\" }}\n\
         [reload]\ndrain_timeout = \"5min\"\n"
    );
    with_socket(&(tree::mover("away", "ack_and_delete") + &away))
}

#[test]
fn what_is_away_and_what_leaves_is_told() {
    let place = Place::new(&to_nowhere("nowhere/old"));
    tree::fill(&place, "spool", 0..1);
    let mut mover = place.start(&["run"]);
    mover.wait_for("degraded storage.away", PATIENCE).unwrap();
    mover
        .wait_for("trying again after a delay", PATIENCE)
        .unwrap();

    let status = json(&place, &["status", "--json"]);
    let why = status["degraded"]["storage.away"].as_str().unwrap();
    assert!(why.contains("nowhere/old"), "{status:#}");
    assert_eq!(status["in_sync"], true);
    let told = place.run(&["status"]);
    assert!(
        told.text().contains("\nis away  storage.away: "),
        "{told:?}"
    );
    assert!(
        told.text()
            .contains("\nbusy     storage.away: 1 operations"),
        "{told:?}"
    );

    // The operation goes on in its own generation.
    place.edit(&to_nowhere("nowhere/new"));
    assert_eq!(place.run(&["reload", "--wait"]).code, Some(0));
    let status = json(&place, &["status", "--json"]);
    let leaving: Vec<&Value> = status["leaving"].as_array().unwrap().iter().collect();
    let leaving = leaving.iter().find(|one| one["part"] == "storage.away");
    let leaving = leaving.unwrap_or_else(|| panic!("{status:#}"));
    assert_eq!(
        (
            &leaving["stage"],
            &leaving["operations"],
            &leaving["generation"]
        ),
        (&"draining".into(), &1.into(), &2.into()),
    );
    let told = place.run(&["status"]);
    let line = "\ndraining storage.away of before generation 2: 1 operations, since ";
    assert!(told.text().contains(line), "{told:?}");

    // It ends where it began, when the disk is there.
    std::fs::create_dir(place.path("nowhere")).unwrap();
    mover.wait_for("no longer degraded", PATIENCE).unwrap();
    let deadline = std::time::Instant::now() + PATIENCE;
    while json(&place, &["status", "--json"])["leaving"] != Value::Array(Vec::new()) {
        assert!(
            std::time::Instant::now() < deadline,
            "{}",
            place.run(&["status"]).text()
        );
    }
    tree::assert_holds(&place.path("nowhere/old"), [0]);
    mover.signal("TERM").unwrap();
    assert!(mover.wait(PATIENCE).unwrap().success());
}

#[test]
fn an_attempt_that_takes_too_long_ends_with_4() {
    let quick = with_socket("[reload]\ntimeout = \"100ms\"\n");
    let place = Place::new(&quick);
    let mut program = place.start(&["run"]);
    program.wait_for("started: generation 1", PATIENCE).unwrap();
    let silent = Silent::new();
    place.edit(&(quick + &silent.storage()));
    place.run(&["reload", "--wait"]).fails(
        4,
        &[
            "everything stays as it was: generation 1",
            "gave up after 100ms",
            "reload.timeout",
        ],
    );
    let report = json(&place, &["status", "--json"])["report"].take();
    assert_eq!(report["refusal"], "timed_out", "{report:#}");
    tells(&place, &["applied", "refused: timed_out"]);
    program.signal("TERM").unwrap();
    assert!(program.wait(PATIENCE).unwrap().success());
}

#[test]
fn an_attempt_that_fails_ends_with_1() {
    let place = Place::new(&with_socket(""));
    let mut program = place.start(&["run"]);
    program.wait_for("started: generation 1", PATIENCE).unwrap();
    let nowhere = "[storage.s]\ntype = \"filesystem\"\nroot = \"{}/no/where\"\n";
    place.edit(&with_socket(nowhere));
    let says = [
        "everything stays as it was: generation 1",
        "storage.s: ",
        "no/where",
    ];
    place.run(&["reload", "--wait"]).fails(1, &says);
    tells(&place, &["applied", "refused: failed"]);
    program.signal("TERM").unwrap();
    assert!(program.wait(PATIENCE).unwrap().success());
}

/// The history has these outcomes.
#[track_caller]
fn tells(place: &Place, outcomes: &[&str]) {
    let history = place.run(&["status", "--history"]);
    let lines = history.lines();
    assert_eq!(lines.len(), outcomes.len(), "{history:?}");
    for (line, outcome) in lines.iter().zip(outcomes) {
        assert!(line.contains(outcome), "{history:?}");
    }
}
