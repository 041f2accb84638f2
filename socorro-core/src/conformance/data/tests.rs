use std::collections::BTreeSet;

use super::*;

fn day() -> CrashDate {
    "2011-02-03".parse().unwrap()
}

#[test]
fn the_same_seed_makes_the_same_crashes() {
    let two = || Maker::new(7).sample(day()).unwrap();
    assert_eq!(two(), two());
    assert_ne!(two(), Maker::new(8).sample(day()).unwrap());
}

#[test]
fn ids_are_different_and_of_their_day() {
    let mut maker = Maker::new(1);
    let mut ids = BTreeSet::new();
    for digit in 0..=9 {
        let id = maker.id_with_digit(day(), digit).unwrap();
        assert_eq!((id.digit(), id.date()), (digit, day()));
        let neighbour = maker.neighbour(&id).unwrap();
        assert_eq!(id.as_str()[..8], neighbour.as_str()[..8]);
        assert_eq!(neighbour.date(), day());
        ids.extend([id, neighbour]);
    }
    assert_eq!(ids.len(), 20);
}

#[test]
fn every_document_is_accepted() {
    for (odd, document) in DOCUMENTS {
        RawCrash::new(document, &Limits::default())
            .unwrap_or_else(|error| panic!("{odd}: {error}"));
    }
}

#[test]
fn names_are_names_and_one_is_as_long_as_can_be() {
    let dumps = Maker::new(2).named_dumps().unwrap();
    assert_eq!(dumps.len(), DUMP_NAMES.len());
    let longest = dumps.names().map(|name| name.as_str().len()).max();
    assert_eq!(longest, Some(DumpName::MAX_LEN));
}

#[test]
fn a_shuffle_keeps_everything() {
    let mut items: Vec<u32> = (0..50).collect();
    Maker::new(3).shuffle(&mut items);
    assert_ne!(items, (0..50).collect::<Vec<_>>());
    items.sort_unstable();
    assert_eq!(items, (0..50).collect::<Vec<_>>());
}
