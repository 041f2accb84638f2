use socorro_core::crash::{Dump, Dumps, Limits, ProcessedCrash};
use socorro_core::error::ErrorKind;
use socorro_core::storage::CrashStorage;

use super::support::{Tree, another, cx, dump_name, dumps, id, outside, raw, stored};
use crate::config::Layout;

#[tokio::test]
async fn a_crash_comes_back_byte_for_byte() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let id = id("0071025");
    let dumps = dumps(&[("upload_file_minidump", "abc"), ("flash1", "def")]);
    storage
        .save_raw_crash(&cx(), &id, &raw("x"), &dumps)
        .await
        .unwrap();

    assert_eq!(
        storage.get_raw_crash(&cx(), &stored(&id)).await.unwrap(),
        raw("x")
    );
    assert_eq!(storage.get_dumps(&cx(), &stored(&id)).await.unwrap(), dumps);
    let flash = storage
        .get_dump(&cx(), &stored(&id), &dump_name("flash1"))
        .await;
    assert_eq!(flash.unwrap(), "def");
    let catalog = storage.catalog(&cx(), &stored(&id)).await.unwrap();
    assert!(catalog.has_raw_crash() && catalog.dump_names().eq(dumps.names()));
    assert_eq!(
        tree.files(),
        [
            format!("20071025/name/{id}.dump"),
            format!("20071025/name/{id}.flash1.dump"),
            format!("20071025/name/{id}.json"),
        ]
    );
}

#[tokio::test]
async fn nothing_is_left_in_the_work_directories() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::DatedRadix).await;
    let id = id("1160918");
    for text in ["a", "b", "b"] {
        let dumps = dumps(&[("dump", text)]);
        storage
            .save_raw_crash(&cx(), &id, &raw(text), &dumps)
            .await
            .unwrap();
    }
    storage.delete(&cx(), &stored(&id)).await.unwrap();
    storage.health(&cx()).await.unwrap();
    for work in ["incoming", "replace"] {
        let left = std::fs::read_dir(tree.path().join(".socorro").join(work)).unwrap();
        assert_eq!(left.count(), 0, "{work}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let id = stored(&id("2071025"));
    let name = dump_name("dump");
    let kinds = [
        storage.get_raw_crash(&cx(), &id).await.unwrap_err().kind(),
        storage
            .get_dump(&cx(), &id, &name)
            .await
            .unwrap_err()
            .kind(),
        storage.get_dumps(&cx(), &id).await.unwrap_err().kind(),
        storage
            .get_dumps_as_files(&cx(), &id, tree.path())
            .await
            .unwrap_err()
            .kind(),
        storage
            .get_unredacted_processed_crash(&cx(), &id)
            .await
            .unwrap_err()
            .kind(),
    ];
    assert_eq!(kinds, [ErrorKind::NotFound; 5]);
    assert!(storage.catalog(&cx(), &id).await.unwrap().is_empty());
    storage.delete(&cx(), &id).await.unwrap();
}

#[tokio::test]
async fn other_bytes_replace_the_whole_set() {
    for layout in [Layout::Radix, Layout::DatedRadix] {
        let tree = Tree::new();
        let storage = tree.storage(layout).await;
        let id = id("0160918");
        let first = dumps(&[("dump", "1"), ("gone", "1"), ("same", "1")]);
        let second = dumps(&[("dump", "22"), ("new", "2"), ("same", "1")]);
        storage
            .save_raw_crash(&cx(), &id, &raw("1"), &first)
            .await
            .unwrap();
        storage
            .save_raw_crash(&cx(), &id, &raw("2"), &second)
            .await
            .unwrap();
        assert_eq!(
            storage.get_raw_crash(&cx(), &stored(&id)).await.unwrap(),
            raw("2")
        );
        assert_eq!(
            storage.get_dumps(&cx(), &stored(&id)).await.unwrap(),
            second
        );
        assert!(
            !tree
                .path()
                .join(format!("20160918/name/{id}.gone.dump"))
                .exists()
        );
        // Only the dumps differ, then only the raw crash.
        storage
            .save_raw_crash(&cx(), &id, &raw("2"), &first)
            .await
            .unwrap();
        assert_eq!(storage.get_dumps(&cx(), &stored(&id)).await.unwrap(), first);
        storage
            .save_raw_crash(&cx(), &id, &raw("3"), &first)
            .await
            .unwrap();
        assert_eq!(
            storage.get_raw_crash(&cx(), &stored(&id)).await.unwrap(),
            raw("3")
        );
        storage
            .save_raw_crash(&cx(), &id, &raw("3"), &Dumps::new())
            .await
            .unwrap();
        assert!(
            storage
                .get_dumps(&cx(), &stored(&id))
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn dumps_come_as_files_and_go_as_files() {
    let tree = Tree::new();
    let other = tempfile::tempdir().unwrap();
    let storage = tree.storage(Layout::Radix).await;
    let id = id("0160918");
    let large: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let given = Dumps::single(outside(&other, "given", &large));
    storage
        .save_raw_crash(&cx(), &id, &raw("x"), &given)
        .await
        .unwrap();
    // Equal bytes from a file and from memory are equal.
    storage
        .save_raw_crash(&cx(), &id, &raw("x"), &given)
        .await
        .unwrap();
    let in_memory = Dumps::single(large.clone());
    storage
        .save_raw_crash(&cx(), &id, &raw("x"), &in_memory)
        .await
        .unwrap();
    assert_eq!(
        storage.get_dumps(&cx(), &stored(&id)).await.unwrap(),
        in_memory
    );

    let files = storage
        .get_dumps_as_files(&cx(), &stored(&id), other.path())
        .await
        .unwrap();
    let path = other.path().join(format!("{id}.upload_file_minidump.dump"));
    assert_eq!(files, Dumps::single(path.clone()));
    // The file is the caller's: changing it does not change the store's.
    std::fs::write(&path, "changed").unwrap();
    assert_eq!(
        storage.get_dumps(&cx(), &stored(&id)).await.unwrap(),
        in_memory
    );
}

#[tokio::test]
async fn a_dump_file_that_cannot_be_read_is_the_callers_mistake() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::DatedRadix).await;
    let id = id("0160918");
    for path in [tree.path().join("nowhere"), tree.path().to_owned()] {
        let given = dumps(&[("a", "1")]).with(dump_name("flash1"), Dump::File(path.clone()));
        let error = storage
            .save_raw_crash(&cx(), &id, &raw("x"), &given)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let text = error.to_string();
        assert!(
            text.contains("flash1") && text.contains(path.to_str().unwrap()),
            "{text}"
        );
        assert!(
            text.contains(id.as_str()) && text.contains("spool"),
            "{text}"
        );
    }
    assert_eq!(tree.files(), Vec::<String>::new());
}

#[tokio::test]
async fn processed_crashes_are_gzip_and_need_no_raw_crash() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let id = id("1160918");
    let processed = |text: &str| ProcessedCrash::new(text.to_owned(), &Limits::default()).unwrap();
    for text in ["{\"a\":1}", "{\"a\":2}", "{\"a\":2}"] {
        storage
            .save_processed_crash(&cx(), &id, &processed(text))
            .await
            .unwrap();
        let got = storage
            .get_unredacted_processed_crash(&cx(), &stored(&id))
            .await
            .unwrap();
        assert_eq!(got, processed(text));
    }
    assert_eq!(tree.files(), [format!("20160918/name/0b/{id}.jsonz")]);
    let catalog = storage.catalog(&cx(), &stored(&id)).await.unwrap();
    assert!(catalog.has_processed_crash() && !catalog.has_raw_crash());
    storage
        .save_raw_crash(&cx(), &id, &raw("x"), &dumps(&[("d", "1")]))
        .await
        .unwrap();
    storage.delete(&cx(), &stored(&id)).await.unwrap();
    assert!(
        storage
            .catalog(&cx(), &stored(&id))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(!tree.path().join("20160918/name/0b").exists());
}

#[tokio::test]
async fn delete_leaves_the_neighbours() {
    for digit in ["0160918", "1160918", "2160918"] {
        let tree = Tree::new();
        let storage = tree.storage(Layout::DatedRadix).await;
        let (one, two) = (another(digit), another(digit));
        for id in [one, two] {
            let dumps = dumps(&[("dump", id.as_str())]);
            storage
                .save_raw_crash(&cx(), &id, &raw("x"), &dumps)
                .await
                .unwrap();
        }
        let before = tree.files();
        storage.delete(&cx(), &stored(&one)).await.unwrap();
        let expected: Vec<String> = before
            .into_iter()
            .filter(|file| !file.contains(one.as_str()))
            .collect();
        assert_eq!(tree.files(), expected);
        assert_eq!(expected.len(), 4);
    }
}

#[tokio::test]
async fn gzip_that_inflates_without_end_is_refused() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let id = id("0160918");
    // One member of a mebibyte of zeros, over and over.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![0; 1 << 20]).unwrap();
    let member = encoder.finish().unwrap();
    tree.write(&format!("20160918/name/{id}.jsonz"), member.repeat(300));
    let error = storage
        .get_unredacted_processed_crash(&cx(), &stored(&id))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);

    tree.write(&format!("20160918/name/{id}.jsonz"), "no gzip");
    let error = storage
        .get_unredacted_processed_crash(&cx(), &stored(&id))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[tokio::test]
async fn a_lost_dump_is_noticed() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let id = id("0160918");
    let set = dumps(&[("dump", "1"), ("flash1", "2")]);
    storage
        .save_raw_crash(&cx(), &id, &raw("x"), &set)
        .await
        .unwrap();
    let file = tree.path().join(format!("20160918/name/{id}.flash1.dump"));
    std::fs::remove_file(file).unwrap();
    let got = storage.get_dumps(&cx(), &stored(&id)).await;
    // Where files cannot be annotated, the directory is all there is to go by.
    match got {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt),
        Ok(dumps) => assert_eq!(dumps.len(), 1),
    }
    storage
        .save_raw_crash(&cx(), &id, &raw("x"), &set)
        .await
        .unwrap();
    assert_eq!(storage.get_dumps(&cx(), &stored(&id)).await.unwrap(), set);
}

#[tokio::test]
async fn a_raw_crash_rewritten_in_place_has_the_dumps_that_are_there() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let id = id("0160918");
    storage
        .save_raw_crash(&cx(), &id, &raw("x"), &dumps(&[("dump", "1")]))
        .await
        .unwrap();
    // As an original system saves again: the same files, written in place, and another dump.
    tree.write(
        &format!("20160918/name/{id}.json"),
        raw("longer").as_bytes(),
    );
    tree.write(&format!("20160918/name/{id}.flash1.dump"), "2");
    let got = storage.get_dumps(&cx(), &stored(&id)).await.unwrap();
    assert_eq!(got, dumps(&[("dump", "1"), ("flash1", "2")]));
}

#[tokio::test]
async fn a_passed_deadline_does_nothing() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let late = cx().with_timeout(std::time::Duration::ZERO);
    let saved = storage
        .save_raw_crash(&late, &id("0160918"), &raw("x"), &Dumps::new())
        .await;
    assert_eq!(saved.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(tree.files(), Vec::<String>::new());
}
