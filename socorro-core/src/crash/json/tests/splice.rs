use bytes::Bytes;
use proptest::prelude::*;

use super::generate::{Written, written_objects};
use crate::crash::Limits;
use crate::crash::json::{check_object, without};

fn remove(keys: &[&str], document: &str) -> String {
    let paths: Vec<Vec<String>> = keys
        .iter()
        .map(|key| key.split('.').map(str::to_owned).collect())
        .collect();
    let document = Bytes::copy_from_slice(document.as_bytes());
    let rest = without(&document, &paths).expect("it splices");
    String::from_utf8(rest.to_vec()).expect("UTF-8")
}

#[test]
fn commas_and_white_space_stay_right() {
    for (keys, document, rest) in [
        (&["a"][..], r#"{"a":1}"#, "{}"),
        (&["a"], r#"{ "a" : 1 }"#, "{  }"),
        (&["a"], r#"{ "a": 1, "b": 2 }"#, r#"{ "b": 2 }"#),
        (&["b"], r#"{ "a": 1, "b": 2 }"#, r#"{ "a": 1 }"#),
        (
            &["b"],
            r#"{ "a": 1 , "b": 2 , "c": 3 }"#,
            r#"{ "a": 1 , "c": 3 }"#,
        ),
        (
            &["a", "b"],
            r#"{ "a": 1, "b": 2, "c": 3 }"#,
            r#"{ "c": 3 }"#,
        ),
        (
            &["b", "c"],
            r#"{ "a": 1, "b": 2, "c": 3 }"#,
            r#"{ "a": 1 }"#,
        ),
        (
            &["a", "c"],
            r#"{ "a": 1, "b": 2, "c": 3 }"#,
            r#"{ "b": 2 }"#,
        ),
        (&["a", "b", "c"], r#"{ "a": 1, "b": 2, "c": 3 }"#, "{  }"),
        (
            &["a"],
            "{\n  \"a\": 1,\n  \"b\": 2\n}\n",
            "{\n  \"b\": 2\n}\n",
        ),
        (
            &["b"],
            "{\n  \"a\": 1,\n  \"b\": 2\n}\n",
            "{\n  \"a\": 1\n}\n",
        ),
        (&["a"], "\u{feff}{\"a\":1}", "\u{feff}{}"),
    ] {
        assert_eq!(remove(keys, document), rest, "{document}");
    }
}

#[test]
fn every_duplicate_goes_however_its_key_is_written() {
    for (keys, document, rest) in [
        (
            &["url"][..],
            r#"{"url":1,"a":0,"\u0075rl":2,"url":3}"#,
            r#"{"a":0}"#,
        ),
        (
            &["url"],
            r#"{"\u0075\u0072\u006C":{"deep":[1]},"URL":2}"#,
            r#"{"URL":2}"#,
        ),
        (
            &["a.b"],
            r#"{"a":{"b":1},"a":{"c":2,"b":3},"\u0061":{"b":4}}"#,
            r#"{"a":{},"a":{"c":2},"\u0061":{}}"#,
        ),
        (
            &["a.b"],
            r#"{"a":{"b":1},"a":null,"a":[{"b":1}],"a":"b"}"#,
            r#"{"a":{},"a":null,"a":[{"b":1}],"a":"b"}"#,
        ),
        (
            &["🦊"],
            r#"{"\ud83e\udd8a":1,"🦊":2,"\ud83e":3}"#,
            r#"{"\ud83e":3}"#,
        ),
    ] {
        assert_eq!(remove(keys, document), rest, "{document}");
    }
}

#[test]
fn paths_may_share_their_beginnings() {
    let document = r#"{"a":{"b":{"c":1,"d":2},"e":3},"b":{"c":4}}"#;
    for (keys, rest) in [
        (&["a", "a.b.c"][..], r#"{"b":{"c":4}}"#),
        (&["a.b.c", "a.b"], r#"{"a":{"e":3},"b":{"c":4}}"#),
        (&["a.b.c", "a.b.d"], r#"{"a":{"b":{},"e":3},"b":{"c":4}}"#),
        (
            &["a.b.c", "a.b.c", "a.e"],
            r#"{"a":{"b":{"d":2}},"b":{"c":4}}"#,
        ),
        (&["a.e", "b"], r#"{"a":{"b":{"c":1,"d":2}}}"#),
        (&["c", "b.a", "a.c", "a.b.c.d"], document),
    ] {
        assert_eq!(remove(keys, document), rest, "{keys:?}");
    }
}

#[test]
fn what_python_writes_stays_as_it_is() {
    let document = r#"{"n":NaN,"x":[1,2],"s":"\ud800\/","f":1.0E+2,"i":-Infinity}"#;
    assert_eq!(
        remove(&["x"], document),
        r#"{"n":NaN,"s":"\ud800\/","f":1.0E+2,"i":-Infinity}"#
    );
}

#[test]
fn a_broken_document_is_refused() {
    for document in [
        "",
        "[]",
        r#"{"url":1"#,
        r#"{"a":1}{"url":1}"#,
        r#"{"a":1,}"#,
    ] {
        let paths = [vec!["url".to_owned()]];
        assert!(
            without(&Bytes::from(document), &paths).is_err(),
            "{document}"
        );
    }
}

/// Removal as one would write it for a parsed document.
fn model(value: &Written, paths: &[&[String]]) -> Written {
    let Written::Object(members) = value else {
        return value.clone();
    };
    let rest = members.iter().filter_map(|(key, value)| {
        let below: Vec<&[String]> = paths
            .iter()
            .filter(|path| path.first() == Some(&key.name))
            .map(|path| &path[1..])
            .collect();
        let removed = below.iter().any(|path| path.is_empty());
        (!removed).then(|| (key.clone(), model(value, &below)))
    });
    Written::Object(rest.collect())
}

fn without_space(text: &str) -> String {
    let mut quoted = false;
    let mut escaped = false;
    let keep = |character: &char| {
        if escaped {
            escaped = false;
        } else {
            escaped = quoted && *character == '\\';
            quoted ^= *character == '"';
        }
        quoted || !character.is_ascii_whitespace()
    };
    text.chars().filter(keep).collect()
}

/// Is `part` what is left of `whole` after leaving something out?
fn is_left_of(part: &[u8], whole: &[u8]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|byte| whole.any(|other| other == byte))
}

fn paths() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop::collection::vec(prop::collection::vec("[abc]", 1..4), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn removal_is_the_models(object in written_objects(), spaces: u64, paths in paths()) {
        let document = Bytes::from(object.text(spaces));
        prop_assert_eq!(check_object(&document, &Limits::default()), Ok(()));

        let rest = without(&document, &paths).expect("it splices");

        let tails: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
        let expected = model(&object, &tails).text(0);
        let text = String::from_utf8(rest.to_vec()).expect("UTF-8");
        prop_assert_eq!(without_space(&text), &expected[..]);
        prop_assert!(is_left_of(&rest, &document));
        if expected == object.text(0) {
            prop_assert_eq!(rest.as_ptr(), document.as_ptr());
        }
    }
}
