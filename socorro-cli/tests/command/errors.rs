//! What is wrong in a configuration, as a person, a log and a machine are told it.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{PATIENCE, Place};
use crate::terminal::terminal;

const BAD: &str =
    "[storage.a]\ntype = \"filesystem\"\nroot = \"{}/a\"\nlayout = \"radixx\" # hush\n";

/// What the command says on a terminal, with these variables.
fn on_a_terminal(place: &Place, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let (mut ours, theirs) = terminal();
    let mut command = place.command(&["config", "check"]);
    command.env_remove("NO_COLOR").env("TERM", "xterm");
    command.envs(variables.iter().copied());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::from(theirs));
    let status = command.status().unwrap();
    drop(command);
    let mut said = Vec::new();
    // Reading ends with an error, because the other end is closed.
    drop(ours.read_to_end(&mut said));
    (status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn a_terminal_shows_the_line_and_no_comment() {
    let place = Place::new(BAD);
    let (code, said) = on_a_terminal(&place, &[]);
    assert_eq!(code, Some(2));
    for part in [
        "\u{1b}[31m[not_one_of] Error:",
        "│ layout = \"radixx\"",
        "did you mean \"radix\"?",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert!(!said.contains("hush"), "{said}");
    for plain in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let (code, said) = on_a_terminal(&place, &[plain]);
        assert_eq!(code, Some(2));
        assert!(
            said.starts_with("socorro: ") && !said.contains('\u{1b}'),
            "{said}"
        );
    }
}

#[test]
fn a_machine_reads_an_object_for_each_error() {
    let place = Place::new(&format!("{BAD}rot = 1\n"));
    for arguments in [
        &["config", "check", "--json"][..],
        &["--log", "json", "config", "check"],
        &["--log", "json", "run", "--once"],
    ] {
        let done = place.run(arguments);
        done.fails(2, &[]);
        let errors: Vec<Value> = done
            .err
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let codes: Vec<&Value> = errors.iter().map(|error| &error["code"]).collect();
        assert_eq!(codes, ["not_one_of", "unknown_key"], "{}", done.err);
        assert_eq!(errors[0]["key"], "storage.a.layout");
        assert_eq!(errors[0]["origin"]["kind"], "file");
        assert!(errors[0]["origin"]["line"].as_u64() > Some(3));
    }
    let done = place.run(&["--log", "json", "crash", "ls", "nowhere"]);
    let error: Value = serde_json::from_str(&done.err).unwrap();
    assert_eq!(error["code"], "no_such_storage");
}

#[test]
fn a_check_that_is_right_is_told_to_a_machine_too() {
    let place = Place::new(&BAD.replace("radixx", "radix"));
    let done = place.run(&["config", "check", "--connect", "--json"]);
    let checked: Value = serde_json::from_str(done.text()).unwrap();
    assert_eq!(done.code, Some(0));
    assert_eq!(checked["storages"], 1);
    assert_eq!(checked["health"][0]["part"], "storage.a");
    assert_eq!(checked["health"][0]["usable"], true);
}

#[test]
fn a_variable_that_a_changed_type_leaves_behind_is_warned_about() {
    let mut place = Place::new("[storage.a]\ntype = \"filesystem\"\nroot = \"{}/a\"\n");
    place
        .variables
        .push(("SOCORRO__STORAGE__A__LAYOUT".to_owned(), "radix".to_owned()));
    let done = place.run(&["--set", "storage.a.type=null", "config", "check"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    for part in [
        "SOCORRO__STORAGE__A__LAYOUT does not count",
        "storage.a.layout",
    ] {
        assert!(done.err.contains(part), "no {part:?} in {}", done.err);
    }
    // In the layer that changes the type it is a mistake.
    let done = place.run(&[
        "--set",
        "storage.a.type=null",
        "--set",
        "storage.a.layout=radix",
        "config",
        "check",
    ]);
    done.fails(2, &["storage.a.layout", "and was \"filesystem\" by"]);
}

#[test]
fn a_refused_reload_is_logged_a_line_for_each_error() {
    let place = Place::new("");
    let mut mover = place.mover();
    place.edit(BAD);
    mover.signal("HUP").unwrap();
    let line = mover.wait_for("storage.a.layout", PATIENCE).unwrap();
    assert!(line.contains("socorro.toml:7:10: "), "{line}");
    mover.signal("TERM").unwrap();
    assert!(mover.wait(PATIENCE).unwrap().success());
}
