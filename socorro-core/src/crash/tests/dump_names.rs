use proptest::prelude::*;

use crate::crash::DumpName;
use crate::error::ErrorKind;

#[test]
fn older_names_of_the_default_read_as_the_default() {
    for text in ["", "dump", "upload_file_minidump"] {
        let name: DumpName = text.parse().expect(text);
        assert!(name.is_default());
        assert_eq!(name.as_str(), "upload_file_minidump");
    }
    assert!(!"dump2".parse::<DumpName>().expect("a name").is_default());
}

#[test]
fn a_refusal_says_why() {
    for (text, why) in [
        ("raw_crash", "reserved"),
        ("dump_names", "reserved"),
        ("processed_crash", "reserved"),
        ("crash_report", "reserved"),
        ("raw", "reserved"),
        ("processed", "reserved"),
        (".hidden", "dot"),
        ("..", "dot"),
        ("a/b", "'/'"),
        ("a b", "' '"),
        ("é", "'é'"),
        ("a\n", "'\\n'"),
        (&"x".repeat(65), "64"),
    ] {
        let error = text.parse::<DumpName>().expect_err(text);
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains(why), "{error}");
    }
    assert!("x".repeat(64).parse::<DumpName>().is_ok());
}

/// The grammar again, as plainly as possible.
fn grammar(text: &str) -> bool {
    let reserved = [
        "raw_crash",
        "dump_names",
        "processed_crash",
        "crash_report",
        "raw",
        "processed",
    ];
    let allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    text.is_empty()
        || (text.len() <= 64
            && !text.starts_with('.')
            && text.chars().all(|c| allowed.contains(c))
            && !reserved.contains(&text))
}

proptest! {
    #[test]
    fn exactly_the_grammar_is_accepted(
        text in prop_oneof![any::<String>(), "[A-Za-z0-9_.-]{0,66}", "[a-z._/-]{1,4}"],
    ) {
        let name = text.parse::<DumpName>();
        prop_assert_eq!(name.is_ok(), grammar(&text));
        if let Ok(name) = name {
            let expected = if matches!(&*text, "" | "dump") { DumpName::DEFAULT } else { &text };
            prop_assert_eq!(name.as_str(), expected);
            let json = serde_json::to_string(&name).expect("it serializes");
            prop_assert_eq!(serde_json::from_str::<DumpName>(&json).ok(), Some(name));
        }
    }
}
