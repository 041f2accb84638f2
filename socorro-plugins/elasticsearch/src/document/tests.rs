use proptest::prelude::*;
use serde_json::{Value, json};
use socorro_core::ErrorKind;
use socorro_core::conformance::data::DOCUMENTS;
use socorro_core::crash::{CrashId, Limits, ProcessedCrash};

use super::{Document, Maker, text};
use crate::config::Config;

const BUDGET: usize = 64 << 10;

fn maker(more: Value) -> Maker {
    let mut options = json!({ "urls": ["http://127.0.0.1:9200"], "max_document_size": "64KiB" });
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    let config: Config = serde_json::from_value(options).unwrap();
    Maker::new(&config).unwrap()
}

fn id() -> CrashId {
    "0bba929f-8721-460c-dead-a43c20071025".parse().unwrap()
}

fn crash(text: &str) -> ProcessedCrash {
    ProcessedCrash::new(text.to_owned(), &Limits::default()).unwrap()
}

fn written(document: &Document) -> Vec<u8> {
    let mut out = Vec::new();
    document.write_to(&mut out);
    assert_eq!(out.len(), document.size());
    assert!(!out.contains(&b'\n'), "it is one line of a bulk request");
    out
}

fn read(document: &Document) -> Value {
    serde_json::from_slice(&written(document)).unwrap()
}

#[test]
fn a_document_has_what_is_searched_and_the_exact_crash() {
    let text = "{\"signature\": \"f\",\n \"email\":\"x@y\", \"uptime\": \"12\"}";
    let document = maker(json!({})).make(id(), &crash(text)).unwrap();
    assert_eq!(
        read(&document),
        json!({
            "crash_id": id().as_str(), "date": "2007-10-25", "document": text, "document_size": text.len(),
            "processed_crash": { "signature": "f", "uptime": 12 },
        })
    );
}

#[test]
fn a_document_need_not_be_kept() {
    let document = maker(json!({ "keep_document": false }))
        .make(id(), &crash("{\"signature\": \"f\"}"))
        .unwrap();
    assert_eq!(
        read(&document),
        json!({ "crash_id": id().as_str(), "date": "2007-10-25", "processed_crash": { "signature": "f" } })
    );
}

#[test]
fn odd_documents_are_kept_byte_by_byte() {
    for (name, text) in DOCUMENTS {
        let document = maker(json!({})).make(id(), &crash(text)).unwrap();
        assert_eq!(read(&document)["document"], json!(text), "{name}");
    }
}

#[test]
fn fields_are_removed_and_recorded() {
    let mut document = maker(json!({}))
        .make(
            id(),
            &crash("{\"signature\":\"f\",\"uptime\":1,\"version\":\"1\"}"),
        )
        .unwrap();
    assert!(!document.remove("not_there"));
    assert!(document.remove("uptime"));
    assert!(!document.remove("uptime"));
    assert_eq!(read(&document)["removed_fields"], json!(["uptime"]));
    assert!(document.remove_all());
    assert!(!document.remove_all());
    assert_eq!(document.removed(), ["uptime", "signature", "version"]);
    assert_eq!(read(&document)["processed_crash"], json!({}));
    assert!(read(&document)["document"].is_string());
}

#[test]
fn the_largest_field_goes_first() {
    let big = "x".repeat(100_000);
    let text = format!("{{\"json_dump\": {{\"a\": \"{big}\"}}, \"signature\": \"f\", \"b\": [1]}}");
    let document = read(&maker(json!({})).make(id(), &crash(&text)).unwrap());
    assert_eq!(document["document_cut"], json!(["json_dump"]));
    assert_eq!(document["processed_crash"], json!({ "signature": "f" }));
    let kept: Value = serde_json::from_str(document["document"].as_str().unwrap()).unwrap();
    assert_eq!(kept, json!({ "signature": "f", "b": [1] }));
}

#[test]
fn the_exact_crash_comes_before_what_is_searched() {
    // Alone it fits, with its copy it does not.
    let text = format!(
        "{{\"signature\": \"{}\", \"app_notes\": \"{}\", \"uptime\": 1}}",
        "s".repeat(9_000),
        "n".repeat(32_000)
    );
    let document = read(&maker(json!({})).make(id(), &crash(&text)).unwrap());
    assert_eq!(document["document"], json!(text));
    assert_eq!(document["removed_fields"], json!(["app_notes"]));
    assert_eq!(document["processed_crash"]["uptime"], json!(1));
}

#[test]
fn too_large_may_be_refused() {
    let text = format!("{{\"a\": \"{}\"}}", "x".repeat(100_000));
    let error = maker(json!({ "oversize": "refuse" }))
        .make(id(), &crash(&text))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("max_document_size"), "{error}");
}

#[test]
fn what_cannot_be_cut_by_name_is_left_out_whole() {
    let text = format!(
        "{{\"a.b\": \"{}\", \"signature\": \"f\"}}",
        "x".repeat(100_000)
    );
    let document = read(&maker(json!({})).make(id(), &crash(&text)).unwrap());
    assert_eq!(document["document"], json!("{}"));
    assert_eq!(document["document_cut"], json!(["*"]));
    assert_eq!(document["processed_crash"], json!({ "signature": "f" }));
}

proptest! {
    // Documents over the budget are large, and slow without optimization.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_quoted_text_comes_back(text in "(?s).{0,200}") {
        let quoted = text::quoted(text.as_bytes());
        prop_assert_eq!(serde_json::from_slice::<String>(&quoted).unwrap(), text);
    }

    /// Whatever is in a crash: within the budget, valid, the same again, and nothing is missing that is not recorded.
    #[test]
    fn any_document_fits_its_budget(
        members in prop::collection::vec(
            (prop_oneof!["[a-z_.]{0,8}", Just("signature".to_owned()), Just("app_notes".to_owned()), "\\PC{0,300}"],
             0usize..60_000, prop_oneof![Just("x"), Just("\\\""), Just("é"), Just("\\u0000")]),
            0..12,
        ),
    ) {
        let mut text = String::from("{");
        for (place, (key, size, filler)) in members.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            text.push_str(&format!("{comma}{}: \"{}\"", Value::from(key.as_str()), filler.repeat(size / filler.len())));
        }
        text.push('}');
        let (maker, crash) = (maker(json!({})), crash(&text));
        let document = maker.make(id(), &crash).unwrap();
        let bytes = written(&document);
        prop_assert!(bytes.len() <= BUDGET, "{} bytes", bytes.len());
        prop_assert_eq!(&bytes, &written(&maker.make(id(), &crash).unwrap()));
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        let kept = read["document"].as_str().unwrap();
        prop_assert!(serde_json::from_str::<Value>(kept).unwrap().is_object());
        prop_assert_eq!(kept == text, read.get("document_cut").is_none());
        for field in ["signature", "app_notes"] {
            let there = members.iter().any(|(key, ..)| key == field);
            let indexed = read["processed_crash"].get(field).is_some();
            let recorded = read["removed_fields"].as_array().is_some_and(|names| names.contains(&json!(field)));
            prop_assert_eq!(there, indexed || recorded, "{}", field);
            prop_assert!(!(indexed && recorded));
        }
    }
}
