use serde_json::{Value, json};

use crate::crash::json::field;

fn value_of(text: &str) -> Value {
    field(format!("{{\"a\": {text}}}").as_bytes(), "a").expect(text)
}

#[test]
fn the_last_duplicate_wins_however_its_key_is_written() {
    let document = br#"{"a": 1, "\u0061": 2, "b": {"a": 3, "a": 4}, "c": 5}"#;
    assert_eq!(field(document, "a"), Some(json!(2)));
    assert_eq!(field(document, "b"), Some(json!({"a": 4})));
    assert_eq!(field(document, "c"), Some(json!(5)));
    assert_eq!(field(document, "d"), None);
    assert_eq!(field("\u{feff}{\"a\":1}".as_bytes(), "a"), Some(json!(1)));
    assert_eq!(field(br#"{"\ud83e\udd8a": 1}"#, "🦊"), Some(json!(1)));
    assert_eq!(field(br#"{"": 1}"#, ""), Some(json!(1)));
}

#[test]
fn what_a_value_cannot_hold_reads_as_the_nearest() {
    for (text, value) in [
        ("NaN", json!(null)),
        ("[Infinity, -Infinity]", json!([null, null])),
        (r#""\ud800""#, json!("\u{fffd}")),
        (
            r#""\ud800\ud83e\udd8a\udc00x""#,
            json!("\u{fffd}🦊\u{fffd}x"),
        ),
        (r#""\ud800\u0041""#, json!("\u{fffd}A")),
        (r#""\ud800\n""#, json!("\u{fffd}\n")),
        ("18446744073709551615", json!(u64::MAX)),
        ("18446744073709551616", json!(18446744073709551616.0)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("-9223372036854775809", json!(-9223372036854775808.0)),
        ("1e400", json!(null)),
        ("-1e400", json!(null)),
        ("1e-400", json!(0.0)),
        ("-0", json!(-0.0)),
        ("0", json!(0)),
        ("1.0", json!(1.0)),
    ] {
        assert_eq!(value_of(text), value, "{text}");
    }
    assert_eq!(value_of(&"9".repeat(10_000)), json!(null));
}

#[test]
fn escapes_are_resolved() {
    assert_eq!(
        value_of(r#""\"\\\/\b\f\n\r\t\u00e9\u0000é""#),
        json!("\"\\/\u{8}\u{c}\n\r\té\0é")
    );
}

#[test]
fn what_is_no_object_has_no_fields() {
    for document in ["", "[]", "{\"a\":1", "{\"a\"", "{\"a\":}", "\"a\""] {
        assert_eq!(field(document.as_bytes(), "a"), None, "{document}");
    }
}
