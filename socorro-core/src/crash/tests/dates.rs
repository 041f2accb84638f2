use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::ids::days;
use crate::crash::CrashDate;

fn day(text: &str) -> CrashDate {
    text.parse().expect(text)
}

#[test]
fn only_days_of_this_century_are_days() {
    for wrong in [
        "2023-02-29",
        "2023-13-01",
        "1999-12-31",
        "2100-01-01",
        "2023-2-9",
        "20230209",
        "2023/02/09",
        "2023-02-09 ",
        "2--3-02-09",
        "２023-02-0",
        "",
    ] {
        let error = wrong.parse::<CrashDate>().expect_err(wrong);
        assert!(error.message().contains("YYYY-MM-DD"), "{error}");
    }
    assert_eq!(day("2024-02-29").compact(), "20240229");
    assert_eq!(CrashDate::new(2023, 2, 29), None);
}

#[test]
fn a_moment_has_its_day_in_utc() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!(CrashDate::of(at(1_474_243_199)), day("2016-09-18"));
    assert_eq!(CrashDate::of(at(1_474_243_200)), day("2016-09-19"));
    assert_eq!(CrashDate::of(at(0)), CrashDate::FIRST);
    assert_eq!(CrashDate::of(at(5_000_000_000)), CrashDate::LAST);
}

#[test]
fn a_moment_beyond_the_calendar_reads_as_the_nearest_day() {
    let far = Duration::from_secs(1 << 40);
    assert_eq!(CrashDate::of(SystemTime::UNIX_EPOCH + far), CrashDate::LAST);
    assert_eq!(
        CrashDate::of(SystemTime::UNIX_EPOCH - far),
        CrashDate::FIRST
    );
}

#[test]
fn a_range_has_both_ends() {
    let range: Vec<_> = day("2024-02-28").through(day("2024-03-01")).collect();
    assert_eq!(
        range,
        [day("2024-02-28"), day("2024-02-29"), day("2024-03-01")]
    );
    assert_eq!(day("2024-03-01").through(day("2024-02-28")).count(), 0);
    assert_eq!(CrashDate::FIRST.through(CrashDate::LAST).count(), 36_525);
    assert_eq!(CrashDate::LAST.tomorrow(), None);
}

proptest! {
    #[test]
    fn days_read_back(day in days()) {
        prop_assert_eq!(day.to_string().parse::<CrashDate>().ok(), Some(day));
        prop_assert_eq!(CrashDate::from_compact(&day.compact()), Some(day));
        prop_assert_eq!(CrashDate::new(day.year(), day.month(), day.day()), Some(day));
    }

    #[test]
    fn days_sort_as_their_text(a in days(), b in days()) {
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.cmp(&b), a.compact().cmp(&b.compact()));
    }
}
