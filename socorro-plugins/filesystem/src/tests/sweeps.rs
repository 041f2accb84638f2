//! What interrupted processes left is found and put in order.

use std::time::Duration;

use socorro_core::crash::Dumps;
use socorro_core::storage::{Check, CrashStorage};

use super::support::{Tree, cx, dumps, id, raw, stored};
use crate::Swept;
use crate::config::Layout;

const HOUR: Duration = Duration::from_secs(3600);

/// A save that was killed after its dumps and links were in place.
fn interrupt(tree: &Tree) {
    let id = id("1160918");
    tree.write(&format!(".socorro/incoming/{id}.json"), "{}");
    tree.write(&format!("20160918/name/0b/{id}.dump"), "stray");
    tree.write(&format!("20160918/name/0b/{id}.old.dump"), "stray");
    tree.symlink("../../../name/0b", &format!("20160918/date/15/30_03/{id}"));
    tree.symlink("../../date/15/30_03", &format!("20160918/name/0b/{id}"));
}

fn incoming(tree: &Tree) -> usize {
    std::fs::read_dir(tree.path().join(".socorro/incoming"))
        .unwrap()
        .count()
}

#[tokio::test]
async fn an_interrupted_save_is_swept_once_it_is_old() {
    let tree = Tree::new();
    tree.real_time();
    interrupt(&tree);
    let storage = tree.storage(Layout::DatedRadix).await;
    assert_eq!(incoming(&tree), 1, "it may be at work yet");
    tree.advance(HOUR * 2);
    let swept = storage.sweep(&cx(), HOUR).await.unwrap();
    assert_eq!(
        swept,
        Swept {
            interrupted: 1,
            ..Swept::default()
        }
    );
    assert_eq!(tree.files(), Vec::<String>::new());
    assert_eq!(incoming(&tree), 0);
    assert_eq!(storage.sweep(&cx(), HOUR).await.unwrap(), Swept::default());
}

#[tokio::test]
async fn opening_sweeps() {
    let tree = Tree::new();
    interrupt(&tree);
    tree.real_time();
    tree.advance(HOUR * 2);
    tree.storage(Layout::DatedRadix).await;
    assert_eq!(tree.files(), Vec::<String>::new());
}

#[tokio::test]
async fn the_next_save_of_the_id_is_not_mixed_with_the_interrupted_one() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::DatedRadix).await;
    interrupt(&tree);
    let id = id("1160918");
    let set = dumps(&[("flash1", "new")]);
    storage
        .save_raw_crash(&cx(), &id, &raw("x"), &set)
        .await
        .unwrap();
    assert_eq!(storage.get_dumps(&cx(), &stored(&id)).await.unwrap(), set);
    assert_eq!(tree.files().len(), 4);
    assert_eq!(incoming(&tree), 0);
}

#[tokio::test]
async fn a_save_at_work_is_not_swept() {
    let tree = Tree::new();
    tree.real_time();
    let storage = tree.storage(Layout::Radix).await;
    let store = tree.store(Layout::Radix);
    let id = stored(&id("1160918"));
    let claim = store.claim(&id).unwrap();
    tree.advance(HOUR * 24);
    assert_eq!(storage.sweep(&cx(), HOUR).await.unwrap(), Swept::default());
    assert_eq!(incoming(&tree), 1);
    drop(claim);
    assert_eq!(incoming(&tree), 0);
}

#[tokio::test]
async fn a_second_writer_of_one_id_waits_for_the_first() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::Radix).await;
    let store = tree.store(Layout::Radix);
    let crash = id("1160918");
    let id = stored(&crash);
    let claim = store.claim(&id).unwrap();
    let (cx, raw, none) = (cx(), raw("x"), Dumps::new());
    let save = storage.save_raw_crash(&cx, &crash, &raw, &none);
    tokio::pin!(save);
    let waited = tokio::time::timeout(Duration::from_millis(50), save.as_mut()).await;
    assert!(waited.is_err());
    drop(claim);
    save.await.unwrap();
}

#[tokio::test]
async fn a_committed_replacement_is_finished_by_whoever_comes_first() {
    for by_reading in [true, false] {
        let tree = Tree::new();
        let storage = tree.storage(Layout::Radix).await;
        let id = id("0160918");
        let old = dumps(&[("dump", "old"), ("gone", "old")]);
        storage
            .save_raw_crash(&cx(), &id, &raw("old"), &old)
            .await
            .unwrap();
        // As a save leaves it that is killed right after its commit point.
        let new = raw("new");
        tree.write(&format!(".socorro/replace/{id}/{id}.json"), new.as_bytes());
        tree.write(&format!(".socorro/replace/{id}/{id}.dump"), "new");
        if !by_reading {
            let swept = storage.sweep(&cx(), HOUR).await.unwrap();
            assert_eq!(swept.replacements, 1);
        }
        let set = dumps(&[("dump", "new")]);
        assert_eq!(storage.get_dumps(&cx(), &stored(&id)).await.unwrap(), set);
        assert_eq!(
            storage.get_raw_crash(&cx(), &stored(&id)).await.unwrap(),
            new
        );
        assert_eq!(tree.files().len(), 2);
        let logs = std::fs::read_dir(tree.path().join(".socorro/replace")).unwrap();
        assert_eq!(logs.count(), 0);
    }
}

#[tokio::test]
async fn dangling_links_are_removed_after_a_day() {
    let tree = Tree::new();
    tree.real_time();
    let storage = tree.storage(Layout::DatedRadix).await;
    let (here, gone) = (id("0160918"), id("1160918"));
    storage
        .save_raw_crash(&cx(), &here, &raw("x"), &Dumps::new())
        .await
        .unwrap();
    tree.symlink(
        "../../../name/0b",
        &format!("20160918/date/15/30_03/{gone}"),
    );
    assert_eq!(storage.sweep(&cx(), HOUR).await.unwrap(), Swept::default());
    tree.advance(HOUR * 25);
    let swept = storage.sweep(&cx(), HOUR).await.unwrap();
    assert_eq!(
        swept,
        Swept {
            links: 1,
            ..Swept::default()
        }
    );
    assert_eq!(tree.files().len(), 3);
}

#[tokio::test]
async fn health_tells_what_is_wrong() {
    let tree = Tree::new();
    let root = tree.path().join("root");
    let config = super::support::config(&root, Layout::Radix);
    let disk = std::sync::Arc::new(super::disks::Failing::new(rustix::io::Errno::NOSPC));
    let storage = crate::FilesystemStorage::with(config, "spool", disk.clone(), tree.clock())
        .await
        .unwrap();
    let health = storage.health(&cx()).await.unwrap();
    assert!(health.is_usable(), "{health}");
    disk.fail_after(0, true);
    let health = storage.health(&cx()).await.unwrap();
    assert_eq!(health.reachable, Check::Ok);
    assert!(matches!(health.writable, Check::Failed(why) if why.contains("full")));
    disk.heal();
    std::fs::rename(&root, tree.path().join("moved")).unwrap();
    let health = storage.health(&cx()).await.unwrap();
    assert!(matches!(health.reachable, Check::Failed(_)), "{health}");
    std::fs::create_dir(&root).unwrap();
    let health = storage.health(&cx()).await.unwrap();
    assert!(matches!(health.reachable, Check::Failed(why) if why.contains("another directory")));
}

#[tokio::test]
async fn a_root_whose_parent_is_missing_is_unavailable() {
    let tree = Tree::new();
    let config = super::support::config(&tree.path().join("not/mounted"), Layout::Radix);
    let disk = std::sync::Arc::new(crate::disk::RealDisk);
    let opened = crate::FilesystemStorage::with(config, "spool", disk, tree.clock()).await;
    let error = opened.err().unwrap();
    assert_eq!(error.kind(), socorro_core::error::ErrorKind::Unavailable);
    assert!(
        error.is_retryable() && error.to_string().contains("not/mounted"),
        "{error}"
    );
    assert!(!tree.path().join("not").exists());
}
