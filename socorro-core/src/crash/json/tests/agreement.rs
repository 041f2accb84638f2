//! The scanner beside a strict parser.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::generate::objects;
use crate::crash::Limits;
use crate::crash::json::{check_object, field};

fn accepts(document: &[u8]) -> bool {
    check_object(document, &Limits::default()).is_ok()
}

/// Whether the strict parser's refusal is one that the tolerant scan does not share.
fn is_peculiar(document: &[u8]) -> bool {
    let text = String::from_utf8_lossy(document);
    let strict = serde_json::from_slice::<Value>(document)
        .map_or_else(|error| error.to_string(), |_| String::new());
    text.contains("NaN")
        || text.contains("Infinity")
        || text.starts_with('\u{feff}')
        || strict.contains("surrogate")
        || strict.contains("unexpected end of hex escape")
        || strict.contains("number out of range")
}

fn pretty(object: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec_pretty(object).expect("it serializes")
}

/// One change to a document.
#[derive(Clone, Debug)]
enum Mutation {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, &'static str),
    Remove(prop::sample::Index),
    Truncate(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let pieces = vec![
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "\\ude00", "0", "-", ".", "e",
        "1e999", "+", "true", "null", "NaN", "Infinity", " ", "\t", "\n", "\u{b}", "\0", "é",
        "\u{feff}", "\"a\":1,", "/",
    ];
    let index = any::<prop::sample::Index>;
    let mutation = prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (index(), prop::sample::select(pieces)).prop_map(|(at, text)| Mutation::Insert(at, text)),
        index().prop_map(Mutation::Remove),
        index().prop_map(Mutation::Truncate),
        (index(), index()).prop_map(|(a, b)| Mutation::Swap(a, b)),
    ];
    prop::collection::vec(mutation, 1..4)
}

fn mutate(document: &mut Vec<u8>, mutation: &Mutation) {
    if document.is_empty() {
        return;
    }
    let length = document.len();
    match mutation {
        Mutation::Set(at, byte) => document[at.index(length)] = *byte,
        Mutation::Insert(at, text) => {
            let at = at.index(length + 1);
            document.splice(at..at, text.bytes());
        }
        Mutation::Remove(at) => {
            document.remove(at.index(length));
        }
        Mutation::Truncate(at) => document.truncate(at.index(length)),
        Mutation::Swap(a, b) => document.swap(a.index(length), b.index(length)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_a_strict_parser_writes_is_accepted(object in objects()) {
        let compact = serde_json::to_vec(&object).expect("it serializes");
        prop_assert!(accepts(&compact));
        prop_assert!(accepts(&pretty(&object)));
    }

    #[test]
    fn a_strict_parsers_verdict_is_ours(object in objects(), mutations in mutations()) {
        let mut document = pretty(&object);
        for mutation in &mutations {
            mutate(&mut document, mutation);
        }
        let strict = serde_json::from_slice::<Map<String, Value>>(&document).is_ok();
        let ours = accepts(&document);
        if strict {
            prop_assert!(ours, "refused: {:?}", String::from_utf8_lossy(&document));
        } else if !is_peculiar(&document) {
            prop_assert!(!ours, "accepted: {:?}", String::from_utf8_lossy(&document));
        }
    }

    #[test]
    fn fields_are_what_was_written(object in objects()) {
        let document = pretty(&object);
        for (key, value) in &object {
            prop_assert_eq!(field(&document, key), Some(value.clone()));
        }
        if !object.contains_key("absent") {
            prop_assert_eq!(field(&document, "absent"), None);
        }
    }
}
