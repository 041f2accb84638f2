use proptest::prelude::*;
use socorro_core::crash::{CrashDate, CrashId};

use super::{Day, Id, lower_bound};

fn date(text: &str) -> CrashDate {
    text.parse().unwrap()
}

fn id(text: &str) -> CrashId {
    text.parse().unwrap()
}

#[test]
fn days_are_counted_from_2000() {
    let cases = [
        ("2000-01-01", 0),
        ("2000-01-03", 2),
        ("2000-02-29", 59),
        ("2000-03-01", 60),
        ("2000-12-31", 365),
        ("2001-01-01", 366),
        ("2007-10-25", 2854),
        ("2024-02-29", 8825),
        ("2099-12-31", 36524),
    ];
    for (text, days) in cases {
        assert_eq!(Day::from(date(text)), Day(days), "{text}");
    }
}

#[test]
fn every_day_is_one_more_than_the_day_before() {
    for (number, day) in (0..).zip(CrashDate::FIRST.through(CrashDate::LAST)) {
        assert_eq!(Day::from(day), Day(number), "{day}");
    }
}

#[test]
fn weeks_begin_with_monday_also_where_years_end() {
    let cases = [
        ("2012-04-08", "2012-04-02"),
        ("2012-04-02", "2012-04-02"),
        ("2012-04-01", "2012-03-26"),
        ("2007-10-25", "2007-10-22"),
        ("2020-12-31", "2020-12-28"),
        ("2021-01-03", "2020-12-28"),
        ("2021-01-04", "2021-01-04"),
        ("2024-12-31", "2024-12-30"),
        ("2000-01-03", "2000-01-03"),
    ];
    for (day, monday) in cases {
        let start = Day::from(date(day)).partition_start(7);
        assert_eq!(start, Day::from(date(monday)), "{day}");
    }
    // The first days of all belong to a week that began in the year before.
    assert_eq!(Day::from(date("2000-01-01")).partition_start(7), Day(-5));
}

#[test]
fn ids_come_back_from_their_bytes() {
    let text = "0bba929f-8721-460c-dead-a43c20071025";
    assert_eq!(Id::from(&id(text)).text(), text);
}

#[test]
fn bounds_of_ids_that_are_none_of_ours() {
    let cases = [
        (
            "0bba929f-8721-460c-dead-a43c20071025",
            "0bba929f-8721-460c-dead-a43c20071025",
        ),
        (
            "0bbA929f-8721-460c-dead-a43c20071025",
            "0bb9ffff-ffff-ffff-ffff-ffffffffffff",
        ),
        (
            "0bbz929f-8721-460c-dead-a43c20071025",
            "0bbfffff-ffff-ffff-ffff-ffffffffffff",
        ),
    ];
    for (text, bound) in cases {
        assert_eq!(
            lower_bound(text).map(Id::text).as_deref(),
            Some(bound),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn a_partition_holds_its_day(days in 0i32..36525, width in prop_oneof![Just(1), Just(7)]) {
        let start = Day(days).partition_start(width);
        prop_assert!(start.0 <= days && days < start.0 + width);
        prop_assert_eq!(start.partition_start(width), start);
        prop_assert_eq!((start.0 - 2).rem_euclid(width), 0);
    }

    #[test]
    fn ids_are_ordered_as_their_text(a: [u8; 16], b: [u8; 16]) {
        prop_assert_eq!(Id(a).cmp(&Id(b)), Id(a).text().cmp(&Id(b).text()));
    }

    #[test]
    fn a_bound_parts_what_is_greater_from_what_is_not(
        id: [u8; 16],
        strange in "[0-9a-fA-Fz]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-fA-F]{4}-[0-9a-f]{12}",
    ) {
        let bound = lower_bound(&strange).unwrap();
        prop_assert_eq!(Id(id) > bound, Id(id).text() > strange);
    }
}
