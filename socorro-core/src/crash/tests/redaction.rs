use crate::crash::{Limits, ProcessedCrash, Redaction};
use crate::error::ErrorKind;

fn processed(document: &'static str) -> ProcessedCrash {
    ProcessedCrash::new(document, &Limits::default()).expect(document)
}

fn redact(keys: &[&str], document: &'static str) -> String {
    let redaction = Redaction::new(keys).expect("good paths");
    let redacted = redaction.apply(&processed(document)).expect("it redacts");
    String::from_utf8(redacted.as_bytes().to_vec()).expect("UTF-8")
}

#[test]
fn the_originals_example() {
    assert_eq!(
        redact(&["a.b.c", " x "], r#"{"a":{"b":{"c":1,"d":2}},"x":1}"#),
        r#"{"a":{"b":{"d":2}}}"#
    );
}

#[test]
fn what_is_no_object_on_the_way_ends_the_path() {
    for document in [
        r#"{"a": null}"#,
        r#"{"a": [{"b": 1}]}"#,
        r#"{"a": "b"}"#,
        r#"{"b": 1}"#,
        r#"{"a.b": 1}"#,
        "{}",
    ] {
        assert_eq!(redact(&["a.b"], document), document);
    }
}

#[test]
fn without_a_match_the_document_is_shared() {
    let document = processed(r#"{"a": {"b": 1}}"#);
    for keys in [&[][..], &["c", "a.c", "a.b.c"]] {
        let redacted = Redaction::new(keys)
            .expect("good paths")
            .apply(&document)
            .expect("it redacts");
        assert_eq!(redacted.as_bytes().as_ptr(), document.as_bytes().as_ptr());
    }
}

#[test]
fn a_path_has_no_empty_part() {
    for key in ["", " ", ".", "a.", ".a", "a..b"] {
        let error = Redaction::new([key]).expect_err(key);
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(
            error.message().contains("redaction.forbidden_keys"),
            "{error}"
        );
    }
}

#[test]
fn a_document_that_was_never_checked_is_corrupt_not_half_redacted() {
    let redaction = Redaction::new(["url"]).expect("a good path");
    let broken = ProcessedCrash::assume_checked(r#"{"url": "secret", "#.into());
    let error = redaction.apply(&broken).expect_err("it is cut short");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(!error.to_string().contains("secret"), "{error}");
}
