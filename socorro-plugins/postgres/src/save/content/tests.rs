use socorro_core::crash::{CrashDate, CrashId, Dumps, Limits, RawCrash};
use socorro_core::{Bytes, ErrorKind};

use super::{Content, digest};
use crate::save::Item;

fn item(document: &'static str, dumps: Dumps) -> Item {
    Item {
        id: CrashId::new(CrashDate::new(2026, 7, 1).unwrap(), [1; 16]),
        raw: Some((RawCrash::new(document, &Limits::default()).unwrap(), dumps)),
        processed: None,
    }
}

#[test]
fn a_digest_tells_sets_of_dumps_apart() {
    let dump = |name: &str, bytes: &'static str| (name.parse().unwrap(), Bytes::from(bytes));
    let sets = [
        vec![],
        vec![dump("a", "")],
        vec![dump("a", "b")],
        vec![dump("ab", "")],
        vec![dump("a", ""), dump("b", "")],
        vec![dump("a", "b"), dump("c", "d")],
        vec![dump("a", "bc"), dump("c", "d")],
    ];
    let mut digests: Vec<_> = sets.iter().map(|set| digest(set)).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), sets.len());
}

#[test]
fn a_dump_in_a_file_is_as_good_as_its_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.dmp");
    std::fs::write(&path, "MDMP").unwrap();
    let from_file = Content::of(item("{}", Dumps::single(path)), true).unwrap();
    let from_memory = Content::of(item("{}", Dumps::single(Bytes::from("MDMP"))), true).unwrap();
    assert_eq!(
        from_file.raw.unwrap().digest,
        from_memory.raw.unwrap().digest
    );
}

#[test]
fn a_file_that_is_none_is_the_crash_at_fault() {
    let directory = tempfile::tempdir().unwrap();
    for path in [
        directory.path().join("missing"),
        directory.path().to_owned(),
    ] {
        let error = Content::of(item("{}", Dumps::single(path)), true)
            .map(drop)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn declined_dumps_are_not_read() {
    let content = Content::of(
        item("{}", Dumps::single(std::path::PathBuf::from("/nowhere"))),
        false,
    );
    let raw = content.unwrap().raw.unwrap();
    assert!(raw.dumps.is_empty() && raw.digest.is_empty());
}

#[test]
fn the_form_for_queries_is_given_up_once() {
    let mut content = Content::of(item("{}", Dumps::new()), true).unwrap();
    assert!(content.refuse_json("why"));
    assert!(!content.refuse_json("again"));
    assert_eq!(
        content.raw.unwrap().document.refused.as_deref(),
        Some("why")
    );
}
