//! Nothing in the tree leads out of it.

use std::os::unix::fs::symlink;

use socorro_core::crash::{Dumps, StoredId};
use socorro_core::error::ErrorKind;
use socorro_core::storage::{CrashStorage, ListRequest};

use super::support::{Tree, cx, dumps, id, raw, stored};
use crate::config::Layout;

/// A tree of which `name` of a day leads to another directory, in which there is a crash of this id.
async fn with_link(path: &str, id: &StoredId) -> (Tree, tempfile::TempDir) {
    let (tree, other) = (Tree::new(), tempfile::tempdir().unwrap());
    let inside = tree.path().join(path);
    std::fs::create_dir_all(inside.parent().unwrap()).unwrap();
    symlink(other.path(), &inside).unwrap();
    for file in [format!("{id}.json"), format!("{id}.dump"), "0b".to_owned()] {
        std::fs::write(other.path().join(file), "{}").unwrap();
    }
    (tree, other)
}

fn count(dir: &tempfile::TempDir) -> usize {
    std::fs::read_dir(dir.path()).unwrap().count()
}

#[tokio::test]
async fn a_linked_directory_is_not_followed() {
    let crash = id("0160918");
    let id = stored(&crash);
    for path in ["20160918", "20160918/name", "20160918/raw_crash"] {
        let (tree, other) = with_link(path, &id).await;
        let storage = tree.storage(Layout::Radix).await;
        assert!(
            storage
                .get_raw_crash(&cx(), &id)
                .await
                .unwrap_err()
                .is_not_found(),
            "{path}"
        );
        let day = ListRequest::day(crash.date());
        assert!(
            storage.list(&cx(), &day).await.unwrap().ids.is_empty(),
            "{path}"
        );
        storage.delete(&cx(), &id).await.unwrap();
        if path != "20160918/raw_crash" {
            let set = dumps(&[("dump", "x")]);
            let error = storage
                .save_raw_crash(&cx(), &crash, &raw("x"), &set)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{path}: {error}");
        }
        assert_eq!(count(&other), 3, "{path}");
    }
}

#[tokio::test]
async fn a_linked_file_is_not_followed() {
    let (tree, other) = (Tree::new(), tempfile::tempdir().unwrap());
    let secret = other.path().join("secret");
    std::fs::write(&secret, "{}").unwrap();
    let storage = tree.storage(Layout::Radix).await;
    let crash = id("0160918");
    let id = stored(&crash);
    storage
        .save_raw_crash(&cx(), &crash, &raw("x"), &Dumps::new())
        .await
        .unwrap();
    for name in [format!("{id}.json"), format!("{id}.jsonz")] {
        let path = tree.path().join("20160918/name").join(name);
        let _ = std::fs::remove_file(&path);
        symlink(&secret, &path).unwrap();
    }
    assert!(
        storage
            .get_raw_crash(&cx(), &id)
            .await
            .unwrap_err()
            .is_not_found()
    );
    let processed = storage.get_unredacted_processed_crash(&cx(), &id).await;
    assert!(processed.unwrap_err().is_not_found());
    // A save puts a file in place of the link, and leaves alone what it led to.
    storage
        .save_raw_crash(&cx(), &crash, &raw("y"), &Dumps::new())
        .await
        .unwrap();
    storage.delete(&cx(), &id).await.unwrap();
    assert_eq!(std::fs::read(&secret).unwrap(), b"{}");
    assert_eq!(tree.files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_link_to_a_slot_elsewhere_removes_nothing_there() {
    let (tree, other) = (Tree::new(), tempfile::tempdir().unwrap());
    let crash = id("0160918");
    std::fs::write(other.path().join(crash.as_str()), "precious").unwrap();
    for target in [
        other.path().display().to_string(),
        format!("../../../../..{}", other.path().display()),
        format!("../date/../../../../..{}", other.path().display()),
    ] {
        tree.write(&format!("20160918/name/{crash}.json"), "{}");
        tree.symlink(&target, &format!("20160918/name/{crash}"));
        let storage = tree.storage(Layout::DatedRadix).await;
        storage.delete(&cx(), &stored(&crash)).await.unwrap();
        assert_eq!(count(&other), 1, "{target}");
        assert_eq!(tree.files(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_work_directory_may_not_be_a_link_either() {
    let (tree, other) = (Tree::new(), tempfile::tempdir().unwrap());
    symlink(other.path(), tree.path().join(".socorro")).unwrap();
    let storage = tree.storage(Layout::Radix).await;
    let saved = storage
        .save_raw_crash(&cx(), &id("0160918"), &raw("x"), &Dumps::new())
        .await;
    assert_eq!(saved.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(count(&other), 0);
}

#[tokio::test]
async fn pipes_and_directories_in_the_place_of_files_are_passed_over() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let crash = id("0160918");
    let dir = tree.path().join("20160918/name");
    std::fs::create_dir_all(&dir).unwrap();
    let pipe = dir.join(format!("{crash}.json"));
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
    std::fs::create_dir(dir.join(format!("{crash}.jsonz"))).unwrap();
    assert!(
        storage
            .get_raw_crash(&cx(), &stored(&crash))
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        storage
            .catalog(&cx(), &stored(&crash))
            .await
            .unwrap()
            .is_empty()
    );
}
