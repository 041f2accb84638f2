//! `run --once`: drains the source and ends; what cannot be delivered stays.

use std::path::PathBuf;

use crate::support::{PATIENCE, Place};
use crate::tree::{assert_holds, crash, files, fill, mover};

/// How many links the date tree has: they say what is new.
fn new_crashes(place: &Place) -> usize {
    // The day in the ids, which is the directory they are saved below.
    let mut open = vec![place.path("spool/20260304/date")];
    let mut count = 0;
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                count += 1;
            }
        }
    }
    count
}

#[test]
fn acknowledged_crashes_stay_in_the_spool_and_are_new_no_more() {
    let place = Place::new(&mover("a", "ack"));
    fill(&place, "spool", 0..20);
    assert_eq!(new_crashes(&place), 20);
    let run = place.run(&["run", "--once"]);
    assert_eq!((run.code, run.text()), (Some(0), ""), "{}", run.err);
    assert_holds(&place.path("a"), 0..20);
    assert_holds(&place.path("spool"), 0..20);
    assert_eq!(new_crashes(&place), 0);
    assert_eq!(place.run(&["run", "--once"]).code, Some(0));
}

#[test]
fn deleted_crashes_are_at_the_destination_only() {
    let place = Place::new(&mover("a", "ack_and_delete"));
    fill(&place, "spool", 0..20);
    let run = place.run(&["run", "--once"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_holds(&place.path("a"), 0..20);
    assert_holds(&place.path("spool"), []);
    assert_eq!(new_crashes(&place), 0);
}

#[test]
fn an_unreadable_crash_stays_and_is_told() {
    let place = Place::new(&mover("a", "ack_and_delete"));
    fill(&place, "spool", 0..5);
    let (id, _, dump) = crash(3);
    let raw = format!("{id}.json");
    let garbage = b"{\"Number\": \"3";
    let file = find(&place, &raw);
    std::fs::write(&file, garbage).unwrap();
    for _ in 0..2 {
        let run = place.run(&["run", "--once"]);
        run.fails(
            1,
            &[
                id.as_ref(),
                "pipeline.mover",
                "1 crashes could not be delivered",
                "stay",
            ],
        );
    }
    assert_holds(&place.path("a"), [0, 1, 2, 4]);
    let left = files(&place.path("spool"));
    assert_eq!(left.len(), 2);
    assert_eq!(left[&raw], garbage);
    assert_eq!(left[&format!("{id}.dump")], dump);
    assert_eq!(new_crashes(&place), 1);

    // Repaired, it goes the same way.
    std::fs::write(file, crash(3).1).unwrap();
    assert_eq!(place.run(&["run", "--once"]).code, Some(0));
    assert_holds(&place.path("a"), 0..5);
}

#[test]
fn a_destination_that_fails_leaves_everything() {
    let place = Place::new(&mover("a", "ack_and_delete"));
    fill(&place, "spool", 0..5);
    // The day's directory cannot be made.
    std::fs::create_dir(place.path("a")).unwrap();
    place.write("a/20260304", "in the way");
    let run = place.run(&["run", "--once"]);
    run.fails(1, &["5 crashes could not be delivered"]);
    assert_holds(&place.path("spool"), 0..5);
    assert_eq!(new_crashes(&place), 5);
}

#[test]
fn a_source_that_fails_ends_the_program() {
    let place = Place::new(&mover("a", "ack"));
    fill(&place, "spool", 0..3);
    let mut run = place.mover();
    for _ in 0..3 {
        run.wait_for("delivered", PATIENCE).unwrap();
    }
    // Below every directory that is looked into.
    std::fs::remove_dir_all(place.path("spool")).unwrap();
    place.write("spool", "no directory");
    let status = run.wait(PATIENCE).unwrap();
    assert_eq!(status.code(), Some(1), "{}", run.tail());
    assert!(run.tail().contains("socorro: "), "{}", run.tail());
}

#[test]
fn a_source_that_is_not_there_refuses_the_start() {
    let place = Place::new(&mover("a", "ack"));
    place.write("spool", "no directory");
    place.run(&["run"]).fails(1, &["spool"]);
}

fn find(place: &Place, name: &str) -> PathBuf {
    let mut open = vec![place.path("spool")];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else if entry.file_name() == name {
                return entry.path();
            }
        }
    }
    panic!("no {name}");
}
