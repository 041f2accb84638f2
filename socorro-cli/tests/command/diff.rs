//! `config diff`: what a reload would do, told before; `--out` and `reload --expect`: that, or nothing.

use crate::control::with_socket;
use crate::support::{PATIENCE, Place, finish, plugins};
use crate::tree;

#[test]
fn beside_a_program_with_exit_codes() {
    let place = Place::new(&tree::mover("a", "ack"));
    let here = place
        .path("socorro")
        .parent()
        .unwrap()
        .display()
        .to_string();
    let next = |text: &str| {
        let text = text.replace("{}", &here);
        let text = format!("[plugins]\npath = [{:?}]\n\n{text}", plugins());
        place.write("next.toml", text);
        place.run(&["config", "diff", "next.toml"])
    };
    let same = next(&tree::mover("a", "ack"));
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(
        same.text().ends_with("nothing changes\n"),
        "{}",
        same.text()
    );

    let changed = next(&tree::mover("b", "ack"));
    assert_eq!((changed.code, changed.err.as_str()), (Some(3), ""));
    let text = changed.text();
    for line in [
        "keep     storage.a\n",
        "replace  pipeline.mover\n           pipeline.mover.to: [\"a\"] (",
        "socorro.toml:",
        ") -> [\"b\"] (next.toml:",
    ] {
        assert!(text.contains(line), "no {line:?} in: {text}");
    }
    let json = place.run(&["config", "diff", "--json", "next.toml"]);
    assert_eq!(json.code, Some(3));
    let json: serde_json::Value = serde_json::from_slice(&json.out).unwrap();
    assert_eq!(json["changes"]["pipeline.mover"], "replace");

    let wrong = next("[storage.a]\ntype = \"filesystem\"\nrot = 1\n");
    wrong.fails(2, &["next.toml:6:1: storage.a.rot"]);
    place
        .run(&["config", "diff", "nowhere.toml"])
        .fails(2, &["nowhere.toml"]);
    place.run(&["config", "diff"]).fails(2, &["FILE"]);
    place
        .run(&["config", "diff", "next.toml", "--out", "next.toml"])
        .fails(2, &["rot"]);
    let before = std::fs::read(place.path("socorro.toml")).unwrap();
    place
        .run(&["config", "diff", "socorro.toml", "--out", "socorro.toml"])
        .fails(1, &["there is something that is no plan"]);
    assert_eq!(std::fs::read(place.path("socorro.toml")).unwrap(), before);
    assert!(!place.path("spool").exists(), "nothing is opened");
}

#[test]
fn an_edit_that_a_variable_hides_is_named() {
    let mut place = Place::new(&tree::mover("a", "ack"));
    place.variables.push((
        "SOCORRO__PIPELINE__MOVER__CONCURRENCY".to_owned(),
        "3".to_owned(),
    ));
    let text = std::fs::read_to_string(place.config()).unwrap();
    let edited = text.replace("after = \"ack\"", "after = \"ack\"\nconcurrency = 5");
    assert_ne!(text, edited);
    place.write("next.toml", edited);
    let diff = place.run(&["config", "diff", "next.toml"]);
    assert_eq!(diff.code, Some(0), "{diff:?}");
    let says =
        "now says 5, but \"3\" (environment variable SOCORRO__PIPELINE__MOVER__CONCURRENCY) holds";
    assert!(diff.text().contains(says), "{}", diff.text());
}

#[test]
fn what_was_reviewed_is_applied_or_nothing_is() {
    let place = Place::new(&with_socket(&tree::mover("a", "ack")));
    let mut mover = place.mover();
    let running =
        |arguments: &[&str]| place.run(&[&["config", "diff", "--running"], arguments].concat());
    assert_eq!(running(&[]).code, Some(0));

    place.edit(&with_socket(&tree::mover("b", "ack")));
    let diff = running(&["--out", "plan.json"]);
    assert_eq!(diff.code, Some(3), "{diff:?}");
    assert!(
        diff.text().contains("replace  pipeline.mover"),
        "{}",
        diff.text()
    );

    // Edited after the review.
    place.edit(&with_socket(&tree::mover("b", "ack_and_delete")));
    let refused = place.run(&["reload", "--expect", "plan.json"]);
    refused.fails(
        1,
        &[
            "everything stays as it was: generation 1",
            "pipeline.mover: the configuration does not say what was reviewed",
        ],
    );

    // Undone again: it is what was reviewed.
    place.edit(&with_socket(&tree::mover("b", "ack")));
    let applied = place.run(&["reload", "--expect", "plan.json"]);
    assert!(
        applied.lines()[0].starts_with("reload applied: generation 2"),
        "{applied:?}"
    );
    place
        .run(&["reload", "--expect", "plan.json"])
        .fails(1, &["what runs is not what the plan starts from"]);

    // A plan that was made beside the program fits as well.
    place.write("now.toml", std::fs::read(place.config()).unwrap());
    place.edit(&with_socket(&tree::mover("a", "ack")));
    place.write("then.toml", std::fs::read(place.config()).unwrap());
    let mut offline = std::process::Command::new(env!("CARGO_BIN_EXE_socorro"));
    offline.current_dir(place.path("")).args([
        "--config",
        "now.toml",
        "config",
        "diff",
        "then.toml",
        "--out",
        "plan.json",
    ]);
    let diff = finish(&mut offline, b"");
    assert_eq!(diff.code, Some(3), "{diff:?}");
    let applied = place.run(&["reload", "--expect", "plan.json"]);
    assert!(
        applied.lines()[0].starts_with("reload applied: generation 3"),
        "{applied:?}"
    );

    // A hangup in between takes the ground away from under it.
    place.edit(&with_socket(&tree::mover("b", "ack")));
    assert_eq!(running(&["--out", "plan.json"]).code, Some(3));
    mover.signal("HUP").unwrap();
    mover
        .wait_for("reload applied: generation 4", PATIENCE)
        .unwrap();
    place
        .run(&["reload", "--expect", "plan.json"])
        .fails(1, &["the plan says replace, a reload now would say keep"]);

    place.write("plan.json", "{}");
    place
        .run(&["reload", "--expect", "plan.json"])
        .fails(2, &["plan.json", "no saved plan"]);
    place.edit(&with_socket("[storage\n"));
    running(&[]).fails(2, &["socorro.toml:4"]);
    mover.signal("TERM").unwrap();
    assert!(mover.wait(PATIENCE).unwrap().success());
}
