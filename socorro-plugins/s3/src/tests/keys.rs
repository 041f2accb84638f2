use proptest::prelude::*;
use socorro_core::conformance::data::Maker;
use socorro_core::crash::{CrashDate, CrashId, DumpName, StoredId};

use crate::layout::{Layout, id_at_end, id_of_day, thing_of};

const ID: &str = "fff13cf0-5671-4496-ab89-47a922141114";

fn stored(text: &str) -> StoredId {
    text.parse().unwrap()
}

#[test]
fn are_those_that_socorro_writes() {
    let (layout, id) = (Layout::new(""), ID.parse::<CrashId>().unwrap());
    assert_eq!(layout.raw(&id), format!("v1/raw_crash/20141114/{ID}"));
    assert_eq!(
        layout.thing("dump_names", ID),
        format!("v1/dump_names/{ID}")
    );
    for name in ["", "dump", "upload_file_minidump"] {
        let name: DumpName = name.parse().unwrap();
        assert_eq!(layout.thing(thing_of(&name), ID), format!("v1/dump/{ID}"));
    }
    let flash: DumpName = "flash1".parse().unwrap();
    assert_eq!(
        layout.thing(thing_of(&flash), ID),
        format!("v1/flash1/{ID}")
    );
}

#[test]
fn are_those_that_socorro_wrote() {
    let dev = Layout::new("dev");
    assert_eq!(dev, Layout::new("dev/"));
    assert_eq!(dev.thing("dump", ID), format!("dev/v1/dump/{ID}"));
    assert_eq!(
        dev.raws(&stored(ID)),
        [
            format!("dev/v1/raw_crash/20141114/{ID}"),
            format!("dev/v2/raw_crash/fff/20141114/{ID}"),
            format!("dev/v1/raw_crash/{ID}"),
        ]
    );
    let undated = "fff13cf0-5671-4496-ab89-47a92xxxxxxx";
    assert_eq!(
        dev.raws(&stored(undated)),
        [format!("dev/v1/raw_crash/{undated}")]
    );
    assert_eq!(
        dev.things("processed_crash", &stored(ID)),
        [
            format!("dev/v1/processed_crash/{ID}"),
            format!("dev/v1/processed_crash/20141114/{ID}"),
        ]
    );
}

#[test]
fn of_another_day_are_no_ids() {
    assert_eq!(id_of_day(&format!("20141114/{ID}")), Some(stored(ID)));
    for wrong in [
        format!("20141115/{ID}"),
        format!("20141114/x/{ID}"),
        format!("20141114{ID}"),
        ID.to_owned(),
        "20141114/".to_owned(),
        "20141114/fff13cf0-5671-4496-ab89-47a92xxxxxxx".to_owned(),
    ] {
        assert_eq!(id_of_day(&wrong), None, "{wrong}");
    }
}

proptest! {
    /// Every key of every scheme, under any prefix, leads back to its id; keys of a day lie within it and sort as
    /// their ids do.
    #[test]
    fn lead_back_to_their_ids(
        seed: u64,
        digit in 0u8..10,
        days in (0usize..36_525, 0usize..36_525),
        prefix in "[a-zA-Zé名+% ._-]{0,12}",
    ) {
        let day = |number| CrashDate::FIRST.through(CrashDate::LAST).nth(number).unwrap();
        let layout = Layout::new(&prefix);
        let mut maker = Maker::new(seed);
        let one = maker.id_with_digit(day(days.0), digit).unwrap();
        let two = maker.id(day(days.1));
        let id = StoredId::from(one);
        for key in layout.raws(&id).into_iter().chain(layout.things("processed_crash", &id)) {
            prop_assert_eq!(id_at_end(&key), Some(id.clone()));
        }
        let start = layout.dated_raws();
        let rest = |key: &str| key.strip_prefix(&start).unwrap().to_owned();
        prop_assert_eq!(id_of_day(&rest(&layout.raw(&one))), Some(id));
        prop_assert_eq!(one.cmp(&two), layout.raw(&one).cmp(&layout.raw(&two)));
        prop_assert!(layout.raw(&one).len() <= 1024);
    }

    /// No dump's name leads to a key that is something else's.
    #[test]
    fn of_dumps_are_no_others(name in "[A-Za-z0-9_.-]{1,64}") {
        let Ok(name) = name.parse::<DumpName>() else { return Ok(()) };
        let layout = Layout::new("p");
        let key = layout.thing(thing_of(&name), ID);
        for taken in ["dump_names", "raw_crash", "processed_crash"] {
            prop_assert_ne!(&key, &layout.thing(taken, ID));
        }
        prop_assert!(!layout.raws(&stored(ID)).contains(&key));
    }
}
