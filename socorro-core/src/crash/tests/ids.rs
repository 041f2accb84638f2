use proptest::prelude::*;

use crate::crash::{CrashDate, CrashId, LegacyId, StoredId};
use crate::error::ErrorKind;

const STEM: &str = "0bba929f-8721-460c-dead-a43c2";

/// What the original systems' tests say of their ids, and what ours says of the same text.
struct Case {
    id: String,
    /// Good for saving.
    strict: bool,
    /// Good for reading.
    stored: bool,
    /// The day its last six characters name.
    date: Option<&'static str>,
    digit: Option<u8>,
}

fn case(
    id: &str,
    strict: bool,
    stored: bool,
    date: Option<&'static str>,
    digit: Option<u8>,
) -> Case {
    Case {
        id: id.to_owned(),
        strict,
        stored,
        date,
        digit,
    }
}

fn cases() -> Vec<Case> {
    let new = |id: &str, date, digit| case(id, true, true, Some(date), Some(digit));
    let old = |id: &str, date, digit| case(id, false, true, date, digit);
    let none = |id: &str, date| case(id, false, false, date, None);
    let stem = |end: &str| format!("{STEM}{end}");
    vec![
        new(&stem("0071025"), "2007-10-25", 0),
        new(&stem("1160918"), "2016-09-18", 1),
        new(&stem("2071025"), "2007-10-25", 2),
        new(&stem("5071025"), "2007-10-25", 5),
        new("3efa014e-a9e9-405d-ae7e-9def54181210", "2018-12-10", 4),
        new("de1bb258-cbbf-4589-a673-34f801160918", "2016-09-18", 1),
        new("de1bb258-cbbf-4589-a673-34f802160918", "2016-09-18", 2),
        new("e8820616-1462-49b6-9784-e99a32120201", "2012-02-01", 2),
        new(&stem("0240229"), "2024-02-29", 0),
        // Old data bears these; the originals call some of them valid.
        old("3efa014e-a9e9-405d-ae7e-9def54ffffff", None, Some(4)),
        old(
            "DE1BB258-CBBF-4589-A673-34F800160918",
            Some("2016-09-18"),
            Some(0),
        ),
        old(&stem("9999999"), None, Some(9)),
        old(&stem("0230229"), None, Some(0)),
        old(&stem("a071025"), Some("2007-10-25"), None),
        old(
            "de1bb258-cbbf-4589-a673-34f80a160918",
            Some("2016-09-18"),
            None,
        ),
        // No ids, though the originals read a date at the end of some.
        none(
            "bp-de1bb258-cbbf-4589-a673-34f800160918",
            Some("2016-09-18"),
        ),
        none("de1bb258cbbf4589a67334f800160918", Some("2016-09-18")),
        none("de1bb258-cbbf-4589-a673-34f800160918\n", None),
        none(" de1bb258-cbbf-4589-a673-34f80016091", None),
        none("", None),
        none("foo", None),
    ]
}

#[test]
fn ids_of_the_original_systems() {
    for case in cases() {
        let id = case.id.as_str();
        let date = case
            .date
            .map(|date| date.parse::<CrashDate>().expect("a date"));
        assert_eq!(CrashDate::at_end_of(id), date, "{id:?}");
        assert_eq!(id.parse::<CrashId>().is_ok(), case.strict, "{id:?}");
        assert_eq!(id.parse::<LegacyId>().is_ok(), case.stored, "{id:?}");
        match id.parse::<StoredId>() {
            Ok(stored) => {
                assert!(case.stored, "{id:?}");
                assert_eq!(stored.as_str(), id);
                assert_eq!(stored.date(), date, "{id:?}");
                assert_eq!(stored.digit(), case.digit, "{id:?}");
                assert_eq!(stored.crash_id().is_some(), case.strict, "{id:?}");
            }
            Err(error) => {
                assert!(!case.stored, "{id:?}");
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
            }
        }
    }
}

#[test]
fn a_refusal_says_what_is_wrong() {
    for (id, why) in [
        ("foo", "has not 36 characters"),
        (
            "DE1BB258-cbbf-4589-a673-34f800160918",
            "has a wrong character at position 1",
        ),
        (
            "0bba929f-8721-460c-dead-a43c20230229",
            "does not end in a date YYMMDD",
        ),
    ] {
        let error = id.parse::<CrashId>().expect_err(id);
        assert!(error.message().contains(why), "{error}");
        assert!(error.message().contains(id), "{error}");
    }
}

#[test]
fn an_undated_id_comes_before_all_others() {
    let undated: StoredId = format!("{STEM}9999999").parse().expect("an old id");
    let first = StoredId::from(CrashId::new(CrashDate::FIRST, [0; 16]));
    assert!(undated < first);
}

#[test]
fn ids_cross_serde_as_text_and_are_checked() {
    let id: CrashId = format!("{STEM}0071025").parse().expect("an id");
    let json = serde_json::to_string(&id).expect("it serializes");
    assert_eq!(json, format!("\"{id}\""));
    assert_eq!(serde_json::from_str::<CrashId>(&json).ok(), Some(id));
    assert!(serde_json::from_str::<CrashId>("\"foo\"").is_err());
    assert!(serde_json::from_str::<StoredId>("\"../../etc/passwd\"").is_err());
}

#[test]
fn random_ids_differ() {
    let day = CrashDate::FIRST;
    assert_ne!(
        CrashId::random(day).expect("entropy"),
        CrashId::random(day).expect("entropy")
    );
}

pub(super) fn days() -> impl Strategy<Value = CrashDate> {
    (2000u16..=2099, 1u8..=12, 1u8..=31).prop_filter_map("a real day", |(year, month, day)| {
        CrashDate::new(year, month, day)
    })
}

fn ids() -> impl Strategy<Value = CrashId> {
    (days(), any::<[u8; 16]>()).prop_map(|(day, entropy)| CrashId::new(day, entropy))
}

proptest! {
    #[test]
    fn a_new_id_reads_back(day in days(), entropy: [u8; 16]) {
        let id = CrashId::new(day, entropy);
        prop_assert_eq!(id.to_string().parse::<CrashId>().ok(), Some(id));
        prop_assert_eq!((id.date(), id.digit()), (day, 0));
        prop_assert_eq!(CrashDate::at_end_of(id.as_str()), Some(day));
        prop_assert_eq!(StoredId::from(id).crash_id(), Some(id));
    }

    #[test]
    fn ids_sort_by_day_then_text(a in ids(), b in ids()) {
        let expected = (a.date(), a.as_str()).cmp(&(b.date(), b.as_str()));
        prop_assert_eq!(a.cmp(&b), expected);
        prop_assert_eq!(StoredId::from(a).cmp(&StoredId::from(b)), expected);
    }

    #[test]
    fn any_text_reads_or_is_refused(text in any::<String>()) {
        let _ = text.parse::<CrashDate>();
        let _ = CrashDate::at_end_of(&text);
        let _ = CrashDate::from_compact(&text);
        prop_assert_eq!(text.parse::<CrashId>().is_err(), text.parse::<StoredId>().is_err());
    }

    #[test]
    fn one_changed_byte_is_noticed_or_reads_back(id in ids(), place in 0usize..36, byte: u8) {
        let mut bytes = id.as_str().as_bytes().to_vec();
        bytes[place] = byte;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match text.parse::<StoredId>() {
            Ok(read) => {
                prop_assert_eq!(read.as_str(), &text);
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            }
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidInput),
        }
    }
}
