use futures_util::FutureExt;

use super::*;

fn part(name: &str) -> Part {
    Part::Storage(name.into())
}

fn directory(exchange: Exchange) -> Vec<Resource> {
    vec![Resource::new("directory", "/x").with_exchange(exchange)]
}

#[test]
fn only_one_has_what_has_to_be_broken_first() {
    let holders = Holders::new();
    let old = holders.claim(part("old"), directory(Exchange::Overlap));
    let new = holders.claim(part("new"), directory(Exchange::BreakBeforeMake));
    old.acquire().unwrap();
    let error = new.acquire().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("storage.old"), "{error}");
    assert!(new.acquire_when_free().now_or_never().is_none());
    assert_eq!(holders.left(&[old.id(), new.id()]), [part("old")]);
    drop(old);
    new.acquire_when_free().now_or_never().unwrap();
}

#[test]
fn both_are_open_in_a_handover_and_one_works() {
    let holders = Holders::new();
    let old = holders.claim(part("a"), directory(Exchange::Handover));
    let new = holders.claim(part("a"), directory(Exchange::Overlap));
    old.acquire().unwrap();
    new.acquire().unwrap();
    assert!(new.alone().now_or_never().is_none());
    assert!(new.in_the_way(Exchange::Handover).is_some());
    assert!(new.in_the_way(Exchange::BreakBeforeMake).is_none());
    old.release();
    new.alone().now_or_never().unwrap();
}

#[test]
fn what_overlaps_is_in_nobodys_way() {
    let holders = Holders::new();
    let old = holders.claim(part("a"), directory(Exchange::Overlap));
    let new = holders.claim(part("a"), directory(Exchange::Overlap));
    old.acquire().unwrap();
    new.acquire().unwrap();
    new.alone().now_or_never().unwrap();
    assert!(holders.released(&[old.id()]).now_or_never().is_none());
    old.release();
    holders.released(&[old.id()]).now_or_never().unwrap();
}
