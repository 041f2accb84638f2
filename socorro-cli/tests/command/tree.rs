//! Trees of crashes: made through the library, looked at as plain files.

use std::collections::BTreeMap;
use std::path::Path;

use socorro_core::config::Layers;
use socorro_core::crash::{CrashDate, CrashId, Dumps, Limits, RawCrash};
use socorro_core::live::Socorro;

use crate::support::Place;

/// Where crashes go from and to: `spool` with the date tree, `a` and `b` of today's layout.
pub(crate) const MOVER: &str = r#"
[storage.spool]
type = "filesystem"
root = "{}/spool"
layout = "dated_radix"

[storage.a]
type = "filesystem"
root = "{}/a"

[storage.b]
type = "filesystem"
root = "{}/b"

[source.new]
type = "filesystem"
use = "storage.spool"
poll = "20ms"
redeliver_after = "1h"

[pipeline.mover]
source = "new"
from = "spool"
"#;

/// [`MOVER`] with the rest of its pipeline.
pub(crate) fn mover(to: &str, after: &str) -> String {
    format!("{MOVER}to = [{to:?}]\nafter = {after:?}\n")
}

/// One crash that is different for each number: raw crash and the default dump.
pub(crate) fn crash(number: u32) -> (CrashId, Vec<u8>, Vec<u8>) {
    let mut entropy = [7; 16];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    let id = CrashId::new(CrashDate::new(2026, 3, 4).unwrap(), entropy);
    let raw = format!("{{\"Number\": \"{number}\", \"ProductName\": \"Test\"}}");
    let dump = number.to_le_bytes().repeat(1 + number as usize % 7000);
    (id, raw.into_bytes(), dump)
}

/// Saves these crashes in a storage of `place`.
pub(crate) fn fill(place: &Place, storage: &str, numbers: std::ops::Range<u32>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let layers = Layers::new().file(place.config());
        let socorro = Socorro::builder(layers)
            .only(storage)
            .start()
            .await
            .unwrap();
        let handle = socorro.storage(storage).unwrap();
        let saves = numbers.map(|number| {
            let (handle, (id, raw, dump)) = (handle.clone(), crash(number));
            tokio::spawn(async move {
                let raw = RawCrash::new(raw, &Limits::default()).unwrap();
                handle
                    .save_raw_crash(&id, &raw, &Dumps::single(dump))
                    .await
                    .unwrap();
            })
        });
        for save in saves.collect::<Vec<_>>() {
            save.await.unwrap();
        }
        socorro.shutdown().await;
    });
}

/// Every file below `root` that belongs to a crash, by its name.
pub(crate) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        // A tree that nothing was saved in is not there, and emptied directories go away.
        for entry in std::fs::read_dir(directory).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with('.') {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else if entry.file_type().unwrap().is_file() {
                let content = std::fs::read(entry.path()).unwrap();
                assert_eq!(files.insert(name.clone(), content), None, "{name} twice");
            }
        }
    }
    files
}

/// Asserts that the tree holds these crashes, whole, and nothing else.
#[track_caller]
pub(crate) fn assert_holds(root: &Path, numbers: impl IntoIterator<Item = u32>) {
    let mut expected = BTreeMap::new();
    for number in numbers {
        let (id, raw, dump) = crash(number);
        expected.insert(format!("{id}.json"), raw);
        expected.insert(format!("{id}.dump"), dump);
    }
    let found = files(root);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected));
    for (name, content) in &expected {
        assert!(found[name] == *content, "{name} is damaged");
    }
}
