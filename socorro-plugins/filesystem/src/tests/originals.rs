//! Trees as the original systems lay them out, read, listed and deleted.

use socorro_core::crash::{Dumps, StoredId};
use socorro_core::error::ErrorKind;
use socorro_core::storage::{CrashStorage, ListRequest};

use super::support::{Tree, cx, dumps, raw, stored};
use crate::FilesystemStorage;
use crate::config::Layout;

/// Where a crash's files go: raw crash, default dump, `flash1`, processed crash, and what else there is.
struct Layouted {
    name: &'static str,
    digit_and_day: &'static str,
    raw: &'static str,
    dump: &'static str,
    flash: &'static str,
    processed: Option<&'static str>,
    /// Links: path and target.
    links: &'static [(&'static str, &'static str)],
    /// Other files of the crash.
    others: &'static [(&'static str, &'static str)],
}

macro_rules! beside {
    ($name:literal, $id:literal, $dir:literal, $links:expr) => {
        Layouted {
            name: $name,
            digit_and_day: $id,
            raw: concat!($dir, "/ID.json"),
            dump: concat!($dir, "/ID.dump"),
            flash: concat!($dir, "/ID.flash1.dump"),
            processed: Some(concat!($dir, "/ID.jsonz")),
            links: $links,
            others: &[],
        }
    };
}

const ALL: &[Layouted] = &[
    beside!("radix, depth 1", "1160918", "20160918/name/0b/ID", &[]),
    beside!("radix, depth 2", "2071025", "20071025/name/0b/ba/ID", &[]),
    beside!(
        "radix, depth 3",
        "3071025",
        "20071025/name/0b/ba/92/ID",
        &[]
    ),
    beside!(
        "radix, depth 4",
        "4071025",
        "20071025/name/0b/ba/92/9f/ID",
        &[]
    ),
    beside!(
        "radix, 0 meaning 4",
        "0071025",
        "20071025/name/0b/ba/92/9f/ID",
        &[]
    ),
    beside!(
        "radix, depth 5",
        "5071025",
        "20071025/name/0b/ba/92/9f/-8/ID",
        &[]
    ),
    beside!("legacy, depth 1", "1160918", "20160918/name/0b", &[]),
    beside!(
        "legacy, 0 meaning 4",
        "0071025",
        "20071025/name/0b/ba/92/9f",
        &[]
    ),
    beside!(
        "legacy, depth 9",
        "9071025",
        "20071025/name/0b/ba/92/9f/-8/72/1-/46/0c",
        &[]
    ),
    beside!("HEAD, 0 meaning 0", "0071025", "20071025/name", &[]),
    beside!("HEAD, depth 2", "2071025", "20071025/name/0b/ba", &[]),
    beside!(
        "dated radix",
        "2071025",
        "20071025/name/0b/ba/ID",
        &[
            ("20071025/date/15/30_03/ID", "../../../name/0b/ba/ID"),
            (
                "20071025/name/0b/ba/ID/date_root",
                "../../../../../date/15/30_03"
            ),
        ]
    ),
    beside!(
        "legacy dated radix",
        "1160918",
        "20160918/name/0b",
        &[
            ("20160918/date/15/30_03/ID", "../../../name/0b"),
            ("20160918/name/0b/ID", "../../date/15/30_03"),
        ]
    ),
    beside!(
        "temporary, the day of the month",
        "2071025",
        "25/name/0b/ba",
        &[
            ("25/date/15/30_03/ID", "../../../name/0b/ba"),
            ("25/name/0b/ba/ID", "../../../date/15/30_03"),
        ]
    ),
    Layouted {
        name: "antenna",
        digit_and_day: "0160918",
        raw: "20160918/raw_crash/ID.json",
        dump: "20160918/upload_file_minidump/ID",
        flash: "20160918/flash1/ID",
        processed: None,
        links: &[],
        others: &[(
            "20160918/dump_names/ID.json",
            r#"["flash1", "upload_file_minidump"]"#,
        )],
    },
    Layouted {
        name: "antenna without its list",
        digit_and_day: "1160918",
        raw: "20160918/raw_crash/ID.json",
        dump: "20160918/upload_file_minidump/ID",
        flash: "20160918/flash1/ID",
        processed: None,
        links: &[],
        others: &[],
    },
];

impl Layouted {
    fn id(&self, beginning: &str) -> StoredId {
        format!("{beginning}{}", self.digit_and_day)
            .parse()
            .unwrap()
    }

    fn write(&self, tree: &Tree, id: &StoredId) {
        let path = |path: &str| path.replace("ID", id.as_str());
        tree.write(&path(self.raw), raw("old").as_bytes());
        tree.write(&path(self.dump), "dump");
        tree.write(&path(self.flash), "flash");
        if let Some(processed) = self.processed {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            std::io::Write::write_all(&mut gzip, b"{\"a\":1}").unwrap();
            tree.write(&path(processed), gzip.finish().unwrap());
        }
        for (other, content) in self.others {
            tree.write(&path(other), content);
        }
        for (link, target) in self.links {
            tree.symlink(&path(target), &path(link));
        }
    }
}

const CRASH: &str = "0bba929f-8721-460c-dead-a43c2";
/// Shares every radix directory with the crash.
const NEIGHBOUR: &str = "0bba929f-8721-460c-dead-b43c2";

fn set() -> Dumps {
    dumps(&[("dump", "dump"), ("flash1", "flash")])
}

async fn day(storage: &FilesystemStorage, id: &StoredId) -> Vec<String> {
    let request = ListRequest::day(id.date().unwrap());
    let page = storage.list(&cx(), &request).await.unwrap();
    assert!(!page.more);
    page.ids.iter().map(StoredId::to_string).collect()
}

#[tokio::test]
async fn everything_they_wrote_is_read() {
    for layout in ALL {
        let tree = Tree::new();
        let id = layout.id(CRASH);
        layout.write(&tree, &id);
        let storage = tree.storage(Layout::Radix).await;
        let name = layout.name;
        assert_eq!(
            storage.get_raw_crash(&cx(), &id).await.unwrap(),
            raw("old"),
            "{name}"
        );
        assert_eq!(
            storage.get_dumps(&cx(), &id).await.unwrap(),
            set(),
            "{name}"
        );
        let catalog = storage.catalog(&cx(), &id).await.unwrap();
        assert!(catalog.dump_names().eq(set().names()), "{name}");
        assert_eq!(
            catalog.has_processed_crash(),
            layout.processed.is_some(),
            "{name}"
        );
        if layout.processed.is_some() {
            let processed = storage.get_unredacted_processed_crash(&cx(), &id).await;
            assert_eq!(processed.unwrap().as_bytes(), "{\"a\":1}", "{name}");
        }
        assert_eq!(day(&storage, &id).await, [id.to_string()], "{name}");
    }
}

#[tokio::test]
async fn all_at_once_are_each_listed_once() {
    let tree = Tree::new();
    // A link beside the files of one layout is where another has a directory.
    for layout in ALL.iter().filter(|layout| layout.links.is_empty()) {
        layout.write(&tree, &layout.id(CRASH));
    }
    let storage = tree.storage(Layout::Radix).await;
    let mut expected: Vec<StoredId> = ALL.iter().map(|layout| layout.id(CRASH)).collect();
    expected.sort();
    expected.dedup();
    let all = ListRequest::days(
        expected[0].date().unwrap(),
        expected.last().unwrap().date().unwrap(),
    );
    let page = storage.list(&cx(), &all).await.unwrap();
    assert_eq!(page.ids, expected);
    let mut request = Some(ListRequest { limit: 1, ..all });
    let mut one_by_one = Vec::new();
    while let Some(now) = request {
        let page = storage.list(&cx(), &now).await.unwrap();
        one_by_one.extend(page.ids.iter().cloned());
        request = now.next(&page);
    }
    assert_eq!(one_by_one, expected);
}

#[tokio::test]
async fn deleting_leaves_nothing_of_it_and_all_of_its_neighbour() {
    for layout in ALL {
        let tree = Tree::new();
        let (id, neighbour) = (layout.id(CRASH), layout.id(NEIGHBOUR));
        layout.write(&tree, &neighbour);
        let before = tree.files();
        layout.write(&tree, &id);
        let storage = tree.storage(Layout::Radix).await;
        storage.delete(&cx(), &id).await.unwrap();
        assert_eq!(tree.files(), before, "{}", layout.name);
        assert_eq!(storage.get_dumps(&cx(), &neighbour).await.unwrap(), set());
        storage.delete(&cx(), &neighbour).await.unwrap();
        assert_eq!(tree.files(), Vec::<String>::new(), "{}", layout.name);
    }
}

#[tokio::test]
async fn saving_over_what_they_wrote() {
    for layout in ALL {
        let tree = Tree::new();
        let id = layout.id(CRASH);
        layout.write(&tree, &id);
        let before = tree.files();
        let storage = tree.storage(Layout::Radix).await;
        let crash = id.crash_id().unwrap();
        let name = layout.name;
        storage
            .save_raw_crash(&cx(), &crash, &raw("old"), &set())
            .await
            .unwrap();
        assert_eq!(tree.files(), before, "{name}: equal bytes change nothing");
        let new = dumps(&[("dump", "new")]);
        storage
            .save_raw_crash(&cx(), &crash, &raw("new"), &new)
            .await
            .unwrap();
        assert_eq!(
            storage.get_raw_crash(&cx(), &id).await.unwrap(),
            raw("new"),
            "{name}"
        );
        assert_eq!(storage.get_dumps(&cx(), &id).await.unwrap(), new, "{name}");
        assert_eq!(day(&storage, &id).await, [id.to_string()], "{name}");
        storage.delete(&cx(), &id).await.unwrap();
        assert!(
            storage.catalog(&cx(), &id).await.unwrap().is_empty(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn ids_that_only_old_data_has() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    // No date in it: it was put under the day it came.
    let undated: StoredId = "0bba929f-8721-460c-dead-a43c22999999".parse().unwrap();
    let upper: StoredId = "0BBA929F-8721-460C-DEAD-A43C22160918".parse().unwrap();
    let lettered: StoredId = "0bba929f-8721-460c-dead-a43c2a160918".parse().unwrap();
    tree.write(&format!("20160919/name/0b/ba/{undated}.json"), "{}");
    tree.write(&format!("20160918/name/0B/BA/{upper}.json"), "{}");
    tree.write(&format!("20160918/name/0b/ba/92/9f/{lettered}.json"), "{}");
    for id in [&undated, &upper, &lettered] {
        storage.get_raw_crash(&cx(), id).await.unwrap();
    }
    assert_eq!(
        day(&storage, &upper).await,
        [upper.to_string(), lettered.to_string()]
    );
    for id in [&undated, &upper, &lettered] {
        storage.delete(&cx(), id).await.unwrap();
    }
    assert_eq!(tree.files(), Vec::<String>::new());
}

#[tokio::test]
async fn an_empty_crash_directory_and_a_missing_raw_crash_are_not_found() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let id = stored(&super::support::id("1160918"));
    std::fs::create_dir_all(tree.path().join(format!("20160918/name/0b/{id}"))).unwrap();
    tree.write(
        &format!("20160918/upload_file_minidump/{id}"),
        "an incomplete upload",
    );
    tree.write(
        &format!("20160918/name/0b/{id}.flash1.dump"),
        "an interrupted save",
    );
    for kind in [
        storage.get_raw_crash(&cx(), &id).await.unwrap_err().kind(),
        storage.get_dumps(&cx(), &id).await.unwrap_err().kind(),
    ] {
        assert_eq!(kind, ErrorKind::NotFound);
    }
    assert!(day(&storage, &id).await.is_empty());
    assert!(storage.catalog(&cx(), &id).await.unwrap().is_empty());
}

#[tokio::test]
async fn antennas_list_may_name_the_default_dump_oddly_and_more_than_there_is() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let id = stored(&super::support::id("0160918"));
    tree.write(&format!("20160918/raw_crash/{id}.json"), "{}");
    tree.write(&format!("20160918/upload_file_minidump/{id}"), "dump");
    let list = r#"["", null, "lost", "../../escape", "raw_crash"]"#;
    tree.write(&format!("20160918/dump_names/{id}.json"), list);
    let got = storage.get_dumps(&cx(), &id).await.unwrap();
    assert_eq!(got, dumps(&[("dump", "dump")]));
}
