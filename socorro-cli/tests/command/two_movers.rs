//! Two movers on one spool: one works, the other stands by.

use std::collections::BTreeSet;

use socorro_testkit::program::Program;

use crate::support::{PATIENCE, Place};
use crate::tree::{assert_holds, crash, fill, mover};

/// The crashes that this mover says it delivered, up to `count` of them.
fn delivered(mover: &mut Program, count: usize) -> BTreeSet<String> {
    let ids = (0..count).map(|_| id_of(&mover.wait_for("delivered", PATIENCE).unwrap()));
    let ids: BTreeSet<String> = ids.collect();
    assert_eq!(ids.len(), count, "one twice: {ids:?}");
    ids
}

fn id_of(line: &str) -> String {
    let (_, after) = line.split_once(" id=").unwrap();
    after.split_whitespace().next().unwrap().to_owned()
}

fn ids(numbers: std::ops::Range<u32>) -> BTreeSet<String> {
    numbers.map(|number| crash(number).0.to_string()).collect()
}

#[test]
fn the_second_stands_by_and_takes_over() {
    let place = Place::new(&mover("a", "ack"));
    let mut first = place.mover();
    fill(&place, "spool", 0..10);
    assert_eq!(delivered(&mut first, 10), ids(0..10));

    let mut second = place.mover();
    second.wait_for("stands by", PATIENCE).unwrap();
    fill(&place, "spool", 10..30);
    // Everything goes through the one that has the lock, each crash once.
    assert_eq!(delivered(&mut first, 20), ids(10..30));

    // Killed in the middle of others, of which some may have been acknowledged.
    fill(&place, "spool", 30..60);
    let mut done = delivered(&mut first, 5);
    first.signal("KILL").unwrap();
    done.extend(
        first
            .rest(PATIENCE)
            .unwrap()
            .iter()
            .filter(|line| line.contains("delivered"))
            .map(|line| id_of(line)),
    );
    fill(&place, "spool", 60..61);
    while done.len() < 31 {
        let id = id_of(&second.wait_for("delivered", PATIENCE).unwrap());
        // The kill may have come between the acknowledgement and the line about it, and not the other way.
        assert!(done.insert(id.clone()), "{id} twice");
        if id == crash(60).0.to_string() {
            break;
        }
    }
    second.signal("TERM").unwrap();
    assert!(second.wait(PATIENCE).unwrap().success());
    // Crashes of one directory come in any order: some may still wait behind the last one.
    assert_eq!(place.run(&["run", "--once"]).code, Some(0));
    assert_holds(&place.path("a"), 0..61);
}

#[test]
fn draining_beside_another_is_refused() {
    let place = Place::new(&mover("a", "ack"));
    let mut first = place.mover();
    fill(&place, "spool", 0..1);
    delivered(&mut first, 1);
    let pid = format!("process {}", first.id());
    place
        .run(&["run", "--once"])
        .fails(1, &["another source takes the new crashes", &pid]);
}
