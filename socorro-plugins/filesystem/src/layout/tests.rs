use std::time::{Duration, SystemTime};

use socorro_core::crash::{DumpName, StoredId};

use super::names::{DumpFile, dump_of};
use super::{Place, Slot, names, place, radix, slot};

fn id(digit_and_day: &str) -> StoredId {
    format!("0bba929f-8721-460c-dead-a43c2{digit_and_day}")
        .parse()
        .unwrap()
}

/// 2016-09-18 15:30:12 UTC.
fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_474_212_612)
}

#[test]
fn writes_where_todays_socorro_writes() {
    for (digit, dir) in [
        ("0071025", "20071025/name"),
        ("1160918", "20160918/name/0b"),
        ("2071025", "20071025/name/0b/ba"),
        ("3071025", "20071025/name/0b/ba/92"),
        ("4071025", "20071025/name/0b/ba/92/9f"),
        ("5071025", "20071025/name/0b/ba"),
        ("9071025", "20071025/name/0b/ba"),
    ] {
        assert_eq!(Place::writing(&id(digit)).unwrap().dir, dir);
    }
}

#[test]
fn reads_both_meanings_of_zero_and_every_shape() {
    let id = id("0071025");
    let raws: Vec<String> = Place::reading(&id, "20071025")
        .iter()
        .map(|place| place.raw(id.as_str()))
        .collect();
    assert_eq!(
        raws,
        [
            format!("20071025/name/{id}.json"),
            format!("20071025/name/{id}/{id}.json"),
            format!("20071025/name/0b/ba/92/9f/{id}.json"),
            format!("20071025/name/0b/ba/92/9f/{id}/{id}.json"),
            format!("20071025/raw_crash/{id}.json"),
        ]
    );
}

#[test]
fn the_written_place_is_read_first() {
    for digit in 0..=9 {
        let id = id(&format!("{digit}160918"));
        let written = Place::writing(&id).unwrap();
        assert_eq!(Place::reading(&id, "20160918").first(), Some(&written));
    }
}

#[test]
fn deep_radixes_run_into_the_dashes() {
    let id = id("9071025");
    assert_eq!(radix::path(id.as_str(), 6), "0b/ba/92/9f/-8/72");
}

#[test]
fn bases_are_the_day_and_the_day_of_the_month() {
    assert_eq!(
        Place::bases(&id("0071025")).unwrap(),
        ["20071025".to_owned(), "25".to_owned()]
    );
    let undated: StoredId = "0bba929f-8721-460c-dead-a43c2a999999".parse().unwrap();
    assert_eq!(Place::bases(&undated), None);
    assert!(place::is_base("20071025") && place::is_base("25"));
    assert!(!place::is_base(".socorro") && !place::is_base("2007102"));
}

#[test]
fn dump_files_have_the_name_between_id_and_suffix() {
    let id = id("0071025");
    let id = id.as_str();
    let flash: DumpName = "flash1".parse().unwrap();
    assert_eq!(names::dump(id, &flash), format!("{id}.flash1.dump"));
    assert_eq!(names::dump(id, &DumpName::default()), format!("{id}.dump"));
    assert_eq!(
        dump_of(id, &format!("{id}.flash1.dump")),
        Some(DumpFile::Named(flash))
    );
    assert_eq!(
        dump_of(id, &format!("{id}.dump")),
        Some(DumpFile::Named(DumpName::default()))
    );
    assert_eq!(
        dump_of(id, &format!("{id}. x.dump")),
        Some(DumpFile::Unnameable)
    );
    assert_eq!(dump_of(id, &format!("{id}.json")), None);
    assert_eq!(dump_of(id, "other.dump"), None);
}

#[test]
fn a_slot_is_four_seconds() {
    assert_eq!(Slot::of(moment()).path(), "date/15/30_03");
    assert_eq!(Slot::of(moment() + slot::LENGTH).path(), "date/15/30_04");
}

#[test]
fn links_are_those_of_the_original() {
    let dir = "20071025/name/0b/ba";
    assert_eq!(slot::slot_target("20071025", dir), "../../../name/0b/ba");
    let target = slot::name_target("20071025", dir, "date/15/30_03");
    assert_eq!(target, "../../../date/15/30_03");
    assert_eq!(slot::of_target(&target), Some("date/15/30_03"));
}

#[test]
fn a_link_that_leads_elsewhere_names_no_slot() {
    for target in [
        "/etc/passwd",
        "../../../etc",
        "../date/../../etc",
        "date//x",
        "",
    ] {
        assert_eq!(slot::of_target(target), None, "{target:?}");
    }
}

#[test]
fn a_slot_near_now_is_left_alone() {
    for (path, near) in [
        ("20160918/date/15/30_03", true),
        ("20160918/date/15/26_00", true),
        ("20160918/date/15/25_00", false),
        ("20160918/date/15/35_03", true),
        ("20160918/date/15/35_04", false),
        ("20160918/date/15", true),
        ("20160918/date/14", false),
        ("20160918/date/16", false),
        ("20160918/date/15/10", false),
        ("20160918/date/15/10_00/webhead_01_0", false),
    ] {
        assert_eq!(slot::is_near(path, moment()), near, "{path}");
    }
    let midnight = moment() + Duration::from_secs(8 * 3600 + 30 * 60);
    assert!(slot::is_near("20160918/date/23/59_00", midnight));
    assert!(slot::is_near("20160918/date/00/01_00", midnight));
    let before = midnight - Duration::from_secs(60);
    assert!(slot::is_near("20160919/date/00/01_00", before));
}
