use super::super::ticket::{Waiting, ticket};
use super::{Batchable, Batcher};

/// A name and a weight; equal names exclude each other.
struct Item(&'static str, usize);

impl Batchable for Item {
    fn weight(&self) -> usize {
        self.1
    }

    fn goes_with(&self, other: &Self) -> bool {
        self.0 != other.0
    }
}

fn push(batcher: &Batcher<Item>, item: Item) -> Waiting<()> {
    let (ticket, waiting) = ticket();
    batcher.push((item, ticket));
    waiting
}

fn take(batcher: &Batcher<Item>, idle: usize) -> Vec<&'static str> {
    let batch = batcher.take(idle);
    batch.into_iter().map(|(item, _)| item.0).collect()
}

#[test]
fn a_batch_is_what_fits_in_order() {
    let batcher = Batcher::new(10);
    let _waiting = [("a", 4), ("b", 4), ("c", 4), ("d", 2)]
        .map(|(name, weight)| push(&batcher, Item(name, weight)));
    assert_eq!(take(&batcher, 0), ["a", "b", "d"]);
    assert_eq!(take(&batcher, 0), ["c"]);
    assert!(take(&batcher, 0).is_empty());
}

#[test]
fn what_is_too_heavy_goes_alone() {
    let batcher = Batcher::new(10);
    let _waiting =
        [("huge", 99), ("a", 1)].map(|(name, weight)| push(&batcher, Item(name, weight)));
    assert_eq!(take(&batcher, 0), ["huge"]);
    assert_eq!(take(&batcher, 0), ["a"]);
}

#[test]
fn one_crash_is_in_a_batch_once() {
    let batcher = Batcher::new(10);
    let _waiting = ["a", "a", "b", "a"].map(|name| push(&batcher, Item(name, 1)));
    assert_eq!(take(&batcher, 0), ["a", "b"]);
    assert_eq!(take(&batcher, 0), ["a"]);
    assert_eq!(take(&batcher, 0), ["a"]);
}

#[test]
fn threads_share_what_waits() {
    let batcher = Batcher::new(100);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let _waiting = names.map(|name| push(&batcher, Item(name, 1)));
    assert_eq!(take(&batcher, 3), ["a", "b"]);
    assert_eq!(take(&batcher, 2), ["c", "d"]);
    assert_eq!(take(&batcher, 0), ["e", "f", "g", "h"]);
}

#[test]
fn what_nobody_waits_for_is_left_out() {
    let batcher = Batcher::new(100);
    let given_up = push(&batcher, Item("a", 1));
    let _waiting = push(&batcher, Item("b", 1));
    drop(given_up);
    assert_eq!(take(&batcher, 0), ["b"]);
}
