use proptest::prelude::*;
use socorro_core::conformance::data::DOCUMENTS;

use super::refusal;

#[test]
fn what_jsonb_holds_is_let_pass() {
    let cases = [
        "{}",
        " \n{\"a\": 1}\r\n",
        r#"{"a": "NaN Infinity", "N": "I", "b": [true, false, null]}"#,
        r#"{"pair": "\ud83d\udca5", "quote": "\"", "backslash": "\\", "u": "\\u0000", "e": "\u00e9"}"#,
        r#"{"a": 1.0, "b": -0, "c": 1E+2, "d": 18446744073709551617, "e": 1e-999, "f": 0.10000000000000000001}"#,
        r#"{"twice": 1, "twice": 2}"#,
        "{\"名前\": \"💥 \u{2028} \u{feff}\"}",
    ];
    for document in cases {
        assert_eq!(refusal(document.as_bytes()), None, "{document}");
    }
}

#[test]
fn what_it_refuses_is_found() {
    let cases = [
        ("\u{feff}{}".to_owned(), "byte order mark"),
        (r#"{"a": NaN}"#.to_owned(), "NaN"),
        (r#"{"a": [-Infinity]}"#.to_owned(), "NaN"),
        (r#"{"a": "\u0000"}"#.to_owned(), "\\u0000"),
        (r#"{"\u0000": 1}"#.to_owned(), "\\u0000"),
        (r#"{"a": "\ud800"}"#.to_owned(), "half"),
        (r#"{"a": "\udc00\ud800"}"#.to_owned(), "half"),
        (r#"{"a": "\ud800\u0041"}"#.to_owned(), "half"),
        (r#"{"a": "\ud800\\udc00"}"#.to_owned(), "half"),
        (r#"{"a": "\\\uDFFF"}"#.to_owned(), "half"),
        (r#"{"a": 1e99999}"#.to_owned(), "number"),
        (format!(r#"{{"a": {}}}"#, "1".repeat(200_000)), "number"),
    ];
    for (document, why) in cases {
        let found = refusal(document.as_bytes()).unwrap_or("nothing");
        assert!(found.contains(why), "{document:.60}: {found}");
    }
}

#[test]
fn of_the_odd_documents_of_the_suite() {
    let refused: Vec<_> = DOCUMENTS
        .iter()
        .filter(|(_, document)| refusal(document.as_bytes()).is_some())
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(
        refused,
        ["NaN and the infinities", "lone surrogates", "escapes"]
    );
}

proptest! {
    /// Whatever serde makes of text without a zero is ordinary JSON.
    #[test]
    fn ordinary_documents_pass(texts in proptest::collection::vec("[^\u{0}]*", 0..8), number: f64) {
        let document = serde_json::json!({ "texts": texts, "number": number, "nested": { "texts": texts } });
        prop_assert_eq!(refusal(document.to_string().as_bytes()), None);
    }

    #[test]
    fn nothing_makes_it_panic(bytes: Vec<u8>) {
        let _ = refusal(&bytes);
    }
}
