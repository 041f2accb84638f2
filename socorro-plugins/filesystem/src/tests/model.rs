//! The storage against a map: the same operations leave the same crashes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use socorro_core::crash::{CrashDate, CrashId, Dumps, Limits, ProcessedCrash};
use socorro_core::storage::ListRequest;

use super::support::{Tree, dumps, raw, stored};
use crate::config::Layout;
use crate::store::Store;

#[derive(Clone, Debug)]
enum Action {
    Save(CrashId, u8, Vec<u8>),
    SaveProcessed(CrashId, u8),
    Delete(CrashId),
    Reopen,
}

#[derive(Clone, Default)]
struct Crash {
    raw: Option<(u8, Vec<u8>)>,
    processed: Option<u8>,
}

/// Few ids, in the same radix directories, at every depth.
fn ids() -> impl Strategy<Value = CrashId> {
    (0..3_u8, 0..10_u8, 0..2_u8).prop_map(|(which, digit, day)| {
        let text = format!("0bba929f-8721-460c-dead-0000{which}{digit}16091{}", day + 8);
        text.parse().unwrap()
    })
}

fn actions() -> impl Strategy<Value = Action> {
    let sets = prop::collection::vec(0..3_u8, 0..3);
    prop_oneof![
        5 => (ids(), 0..3_u8, sets).prop_map(|(id, text, set)| Action::Save(id, text, set)),
        2 => (ids(), 0..3_u8).prop_map(|(id, text)| Action::SaveProcessed(id, text)),
        3 => ids().prop_map(Action::Delete),
        1 => Just(Action::Reopen),
    ]
}

fn set(names: &[u8]) -> Dumps {
    let texts: Vec<(String, String)> = names
        .iter()
        .enumerate()
        .map(|(place, name)| (format!("name{name}"), format!("{place}{name}")))
        .collect();
    let pairs: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    dumps(&pairs)
}

fn processed(text: u8) -> ProcessedCrash {
    ProcessedCrash::new(format!("{{\"a\":{text}}}"), &Limits::default()).unwrap()
}

fn compare(store: &Store, model: &BTreeMap<CrashId, Crash>, limit: u32) {
    for (id, crash) in model {
        let id = stored(id);
        match &crash.raw {
            Some((text, names)) => {
                assert_eq!(store.get_raw(&id).unwrap(), raw(&text.to_string()));
                assert_eq!(store.get_dumps(&id).unwrap(), set(names));
            }
            None => assert!(store.get_raw(&id).unwrap_err().is_not_found()),
        }
        match crash.processed {
            Some(text) => assert_eq!(store.get_processed(&id).unwrap(), processed(text)),
            None => assert!(store.get_processed(&id).unwrap_err().is_not_found()),
        }
    }
    let expected = model
        .iter()
        .filter(|(_, crash)| crash.raw.is_some() || crash.processed.is_some())
        .map(|(id, _)| stored(id));
    let (first, last) = (CrashDate::FIRST, CrashDate::LAST);
    let mut listed = Vec::new();
    let mut request = Some(ListRequest {
        limit,
        ..ListRequest::days(first, last)
    });
    while let Some(now) = request {
        let page = store.list(&now).unwrap();
        assert!(page.ids.len() <= limit as usize);
        assert!(!page.more || !page.ids.is_empty());
        listed.extend(page.ids.iter().cloned());
        request = now.next(&page);
    }
    assert!(listed.iter().cloned().eq(expected), "{listed:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_same_as_a_map(
        actions in prop::collection::vec(actions(), 1..24),
        dated in any::<bool>(),
        limit in 1..6_u32,
    ) {
        let tree = Tree::in_memory();
        let layout = if dated { Layout::DatedRadix } else { Layout::Radix };
        let mut store = tree.store(layout);
        let mut model: BTreeMap<CrashId, Crash> = BTreeMap::new();
        for action in actions {
            match action {
                Action::Save(id, text, names) => {
                    store.save_raw(&id, &raw(&text.to_string()), &set(&names)).unwrap();
                    model.entry(id).or_default().raw = Some((text, names));
                }
                Action::SaveProcessed(id, text) => {
                    store.save_processed(&id, &processed(text)).unwrap();
                    model.entry(id).or_default().processed = Some(text);
                }
                Action::Delete(id) => {
                    store.delete(&stored(&id)).unwrap();
                    model.insert(id, Crash::default());
                }
                Action::Reopen => store = tree.store(layout),
            }
        }
        compare(&store, &model, limit);
        for id in model.keys() {
            store.delete(&stored(id)).unwrap();
        }
        let left: Vec<String> =
            tree.files().into_iter().filter(|file| !file.contains("/date/")).collect();
        prop_assert!(left.is_empty(), "{:?}", left);
    }
}
