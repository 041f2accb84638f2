use proptest::prelude::*;
use serde_json::{Map, Value, json};
use socorro_core::ErrorKind;

use super::{FieldType, Fields, date, fix};
use crate::config::Config;

fn config(more: Value) -> Config {
    let mut options = json!({ "urls": ["http://127.0.0.1:9200"] });
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    serde_json::from_value(options).unwrap()
}

fn fixed(kind: FieldType, value: Value) -> Option<Value> {
    fix::value(kind, &value)
}

/// What upstream does, by the vectors 90 to 96.
#[test]
fn values_are_fixed_as_upstream() {
    use FieldType::{Boolean, Date, Double, Integer, Long};
    for (kind, value, expected) in [
        // 90
        (Integer, json!(2_147_483_648_u32), None),
        (Integer, json!("15"), Some(json!(15))),
        (Integer, json!(1.9), Some(json!(1))),
        (Integer, json!("1.5"), None),
        (Integer, json!(true), Some(json!(true))),
        (
            Integer,
            json!(-2_147_483_648_i64),
            Some(json!(-2_147_483_648_i64)),
        ),
        (Integer, json!(-2_147_483_649_i64), None),
        (Integer, json!(-1.9), Some(json!(-1))),
        (Integer, json!([1]), None),
        (Integer, json!("+7"), Some(json!(7))),
        (Integer, json!(null), None),
        // 91
        (Long, json!(9_223_372_036_854_775_808_u64), None),
        (
            Long,
            json!(9_223_372_036_854_775_807_i64),
            Some(json!(9_223_372_036_854_775_807_i64)),
        ),
        (Long, json!("9223372036854775808"), None),
        (Long, json!(9.3e18), None),
        (Long, json!(-9.3e18), None),
        // 92
        (Double, json!("nan"), None),
        (Double, json!("inf"), None),
        (Double, json!("1e400"), None),
        (Double, json!("-1e400"), None),
        (Double, json!("1.5"), Some(json!(1.5))),
        (Double, json!(2), Some(json!(2.0))),
        (Double, json!({}), None),
        // 93
        (Boolean, json!("True"), Some(json!(false))),
        (Boolean, json!("true"), Some(json!(true))),
        (Boolean, json!(1.0), Some(json!(true))),
        (Boolean, json!(1), Some(json!(true))),
        (Boolean, json!("1"), Some(json!(true))),
        (Boolean, json!(2), Some(json!(false))),
        (Boolean, json!([true]), Some(json!(false))),
        // 96, where upstream raises and loses the crash
        (Date, json!("x"), None),
        (Date, json!(1_400_000_000), None),
    ] {
        let seen = fixed(kind, value.clone());
        assert_eq!(seen, expected, "{kind:?} of {value}");
    }
}

/// Vector 94.
#[test]
fn texts_are_cut_between_characters() {
    for (value, most, expected) in [
        (json!("💩💩💩"), 5, "💩"),
        (json!("é"), 1, "BAD DATA"),
        (json!("abc"), 2, "ab"),
        (json!(""), 5, ""),
        (json!(5), 5, "BAD DATA"),
    ] {
        assert_eq!(fix::text(&value, most), json!(expected), "{value}");
    }
}

/// Vector 95.
#[test]
fn keywords_are_cut_and_lists_keep_their_shape() {
    for (value, most, expected) in [
        (json!(["abc", 5]), 2, json!(["ab", "BAD DATA"])),
        (json!([1, "a"]), 2, json!(["BAD DATA"])),
        (json!([]), 2, json!([])),
        (json!("💩💩💩"), 2, json!("💩💩")),
        (json!({"a": 1}), 2, json!("BAD DATA")),
        (json!(true), 2, json!("BAD DATA")),
    ] {
        assert_eq!(fix::keyword(&value, most), expected, "{value}");
    }
    let long = fixed(FieldType::Keyword, json!("💩".repeat(10_000))).unwrap();
    let long = long.as_str().unwrap();
    assert!(
        long.len() <= 32_766 && long.len() > 32_760,
        "a term that Lucene takes"
    );
    let exact = fixed(FieldType::Keyword, json!("a".repeat(10_001))).unwrap();
    assert_eq!(exact.as_str().unwrap().len(), 10_000);
}

#[test]
fn semicolons_part() {
    let of = |value| fixed(FieldType::SemicolonKeywords, value).unwrap();
    assert_eq!(of(json!("a; b;;c ;")), json!(["a", "b", "c"]));
    assert_eq!(of(json!(["x;y"])), json!(["x;y"]));
    assert_eq!(of(json!(3)), json!("BAD DATA"));
    assert_eq!(of(json!(" ; ")), json!([]));
}

#[test]
fn dates_are_read_as_the_originals_wrote_them() {
    for (text, expected) in [
        (
            "2015-03-01 12:00:00.123456",
            Some("2015-03-01T12:00:00.123456Z"),
        ),
        ("2015-03-01T12:00:00+00:00", Some("2015-03-01T12:00:00Z")),
        (
            "2015-03-01T12:00:00.5+02:00",
            Some("2015-03-01T10:00:00.5Z"),
        ),
        ("2015-03-01 12:00:00", Some("2015-03-01T12:00:00Z")),
        ("2015-03-01", Some("2015-03-01T00:00:00Z")),
        ("2015-02-30", None),
        ("x", None),
        ("", None),
        ("-009999-01-01T00:00:00Z", None),
        ("2015-03-01T12:00:00é", None),
    ] {
        assert_eq!(date::normal(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn only_listed_fields_are_indexed() {
    let fields = Fields::of(&config(json!({
        "fields": { "my_field": "long", "product": "ignore", "json_dump": "keyword", "url": "keyword" },
    })))
    .unwrap();
    let crash = json!({
        "signature": "f", "product": "Firefox", "my_field": "7", "secret": "x", "url": "https://private",
        "uptime": "no number", "email": "me", "version": null,
    });
    let searchable = fields.searchable(crash.as_object().unwrap());
    assert_eq!(
        Value::Object(searchable),
        json!({ "signature": "f", "my_field": 7 })
    );
}

#[test]
fn redaction_is_on_a_copy() {
    let fields = Fields::of(&config(json!({
        "default_fields": false, "fields": { "notes": "keyword" }, "forbidden_keys": ["notes.a", "x"],
    })))
    .unwrap();
    let crash: Map<String, Value> = [("notes".to_owned(), json!(["kept"]))]
        .into_iter()
        .collect();
    let before = crash.clone();
    assert_eq!(
        Value::Object(fields.searchable(&crash)),
        json!({ "notes": ["kept"] })
    );
    assert_eq!(crash, before);
    let mut nested = json!({ "a": 1, "b": 2 });
    fields.redact("notes", &mut nested);
    assert_eq!(nested, json!({ "b": 2 }));
}

#[test]
fn wrong_fields_are_refused() {
    for name in ["", "a.b", "a b", "é", &"a".repeat(65)] {
        let error = Fields::of(&config(json!({ "fields": { name: "long" } }))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.message().contains("no name of a field"), "{error}");
    }
    let many: Map<String, Value> = (0..500).map(|n| (format!("f{n}"), json!("long"))).collect();
    assert!(Fields::of(&config(json!({ "fields": many }))).is_err());
    assert!(Fields::of(&config(json!({ "forbidden_keys": ["a..b"] }))).is_err());
}

#[test]
fn built_in_fields_are_listed_once() {
    let mut names: Vec<&str> = super::BUILT_IN
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    let readme = include_str!("../../README.md");
    for name in names {
        assert!(
            readme.contains(&format!("`{name}`")),
            "README.md does not list {name}"
        );
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "[0-9.:T +-]{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((".{0,5}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever a processed crash has, what is indexed has the type of its field, and fixing it again changes nothing.
    #[test]
    fn any_value_fits_or_is_left_out(value in any_value()) {
        use FieldType::{Boolean, Date, Double, Integer, Keyword, Long, SemicolonKeywords, Text};
        for kind in [Keyword, SemicolonKeywords, Text, Integer, Long, Double, Boolean, Date] {
            let Some(once) = fix::value(kind, &value) else { continue };
            let fits = match kind {
                Keyword | SemicolonKeywords => once.is_string() || once.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
                Text | Date => once.is_string(),
                Integer | Long => once.is_i64() || once.is_boolean(),
                Double => once.is_f64(),
                _ => once.is_boolean(),
            };
            prop_assert!(fits, "{kind:?}: {once}");
            // A text that is bad data has no semicolon, yet is a list after.
            if kind != SemicolonKeywords {
                prop_assert_eq!(fix::value(kind, &once), Some(once));
            }
        }
    }
}
