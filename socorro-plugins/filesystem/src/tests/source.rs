use std::num::NonZeroUsize;
use std::time::Duration;

use socorro_core::crash::Dumps;
use socorro_core::error::ErrorKind;
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement};
use socorro_core::storage::CrashStorage;

use super::support::{Tree, another, cx, id, raw, stored};
use crate::config::Layout;
use crate::{FilesystemSource, FilesystemStorage};

const NOW: Duration = Duration::ZERO;

async fn receive(source: &FilesystemSource, max: usize, wait: Duration) -> Vec<Delivery> {
    let max = NonZeroUsize::new(max).unwrap();
    source.receive(&cx(), Receive { max, wait }).await.unwrap()
}

async fn ids(source: &FilesystemSource, wait: Duration) -> Vec<String> {
    let deliveries = receive(source, 100, wait).await;
    deliveries.iter().map(|new| new.id.to_string()).collect()
}

async fn settle(source: &FilesystemSource, new: &Delivery, settlement: Settlement) {
    source.settle(&cx(), new.token, settlement).await.unwrap();
}

fn refused() -> Settlement {
    Settlement::Nack {
        reason: "no".to_owned(),
    }
}

async fn save(storage: &FilesystemStorage, id: &socorro_core::crash::CrashId, text: &str) {
    let dumps = Dumps::single(text.as_bytes().to_vec());
    let saved = storage.save_raw_crash(&cx(), id, &raw(text), &dumps).await;
    saved.unwrap();
}

/// Vector 31, with the present moment included: four crashes of today's and another day.
#[tokio::test]
async fn new_crashes_come_once_the_present_moment_included() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::DatedRadix).await;
    let source = tree.source().await;
    let all = [id("1160918"), id("2071025"), id("4160918"), id("0160918")];
    for id in &all {
        save(&storage, id, "x").await;
    }
    let news = receive(&source, 100, NOW).await;
    let mut expected: Vec<String> = all.iter().map(|id| id.to_string()).collect();
    let mut got: Vec<String> = news.iter().map(|new| new.id.to_string()).collect();
    expected.sort();
    got.sort();
    assert_eq!(got, expected);
    assert!(
        ids(&source, NOW).await.is_empty(),
        "what is out is not handed out"
    );
    tree.advance(Duration::from_secs(3600));
    for new in &news {
        settle(&source, new, Settlement::Ack).await;
        settle(&source, new, Settlement::Ack).await;
    }
    assert!(ids(&source, NOW).await.is_empty());
    assert!(
        tree.files()
            .iter()
            .all(|file| file.ends_with("json") || file.ends_with("dump"))
    );
    assert!(
        !tree.path().join("20160918/date/15").exists(),
        "emptied slots go"
    );
}

/// Table of the facts on the legacy dated layout: files and links, seen through the links.
#[tokio::test]
async fn the_date_tree_is_the_one_of_2015() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::DatedRadix).await;
    let id = id("2071025");
    save(&storage, &id, "x").await;
    let link = |path: String| {
        let target = std::fs::read_link(tree.path().join(path)).unwrap();
        target.display().to_string()
    };
    assert_eq!(
        link(format!("20071025/date/15/30_03/{id}")),
        "../../../name/0b/ba"
    );
    assert_eq!(
        link(format!("20071025/name/0b/ba/{id}")),
        "../../../date/15/30_03"
    );
    let through = format!("20071025/date/15/30_03/{id}/{id}.json");
    let seen = std::fs::read(tree.path().join(through)).unwrap();
    assert_eq!(seen, raw("x").as_bytes()[..]);
    let through = format!("20071025/name/0b/ba/{id}/{id}");
    assert!(
        tree.path()
            .join(through)
            .symlink_metadata()
            .unwrap()
            .is_symlink()
    );
}

#[tokio::test]
async fn old_date_trees_are_read_and_settled() {
    let tree = Tree::new();
    let (own, legacy, webhead) = (id("2071025"), id("1160918"), id("4160918"));
    // FSDatedRadixTree.
    tree.write(&format!("20071025/name/0b/ba/{own}/{own}.json"), "{}");
    tree.symlink(
        &format!("../../../name/0b/ba/{own}"),
        &format!("20071025/date/15/30_03/{own}"),
    );
    let root = format!("20071025/name/0b/ba/{own}/date_root");
    tree.symlink("../../../../../date/15/30_03", &root);
    // FSTemporaryStorage: the day of the month.
    tree.write(&format!("18/name/0b/{legacy}.json"), "{}");
    tree.symlink("../../../name/0b", &format!("18/date/15/30_04/{legacy}"));
    tree.symlink("../../date/15/30_04", &format!("18/name/0b/{legacy}"));
    // A directory for each web server inside the slot.
    tree.write(&format!("20160918/name/0b/ba/92/9f/{webhead}.json"), "{}");
    let inner = format!("20160918/date/15/30/webhead_01_0/{webhead}");
    tree.symlink("../../../../name/0b/ba/92/9f", &inner);

    let source = tree.source().await;
    let news = receive(&source, 100, NOW).await;
    let got: Vec<&str> = news.iter().map(|new| new.id.as_str()).collect();
    // Whole dates by age, then the recycled ones.
    assert_eq!(got, [own.as_str(), webhead.as_str(), legacy.as_str()]);
    for new in &news {
        settle(&source, new, Settlement::Ack).await;
    }
    assert_eq!(
        tree.files(),
        [
            format!("18/name/0b/{legacy}.json"),
            format!("20071025/name/0b/ba/{own}/{own}.json"),
            format!("20160918/name/0b/ba/92/9f/{webhead}.json"),
        ]
    );
}

#[tokio::test]
async fn a_link_without_its_crash_is_left_alone_for_a_day() {
    let tree = Tree::new();
    tree.real_time();
    let id = id("1160918");
    tree.symlink("../../../name/0b", &format!("20160918/date/15/30_03/{id}"));
    tree.symlink("/etc", "20160918/date/15/30_03/no-id");
    let source = tree.source().await;
    assert!(ids(&source, NOW).await.is_empty());
    assert_eq!(tree.files().len(), 2);
    tree.advance(Duration::from_secs(24 * 3600 + 60));
    assert!(ids(&source, NOW).await.is_empty());
    assert_eq!(tree.files(), ["20160918/date/15/30_03/no-id"]);
}

#[tokio::test]
async fn oldest_first_and_no_more_than_asked_for() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::DatedRadix).await;
    let source = tree.source().await;
    let all: Vec<_> = (0..4).map(|_| another("0160918")).collect();
    for id in &all {
        save(&storage, id, "x").await;
        tree.advance(Duration::from_secs(4));
    }
    for expected in all.chunks(2) {
        let got = receive(&source, 2, NOW).await;
        assert!(
            got.iter()
                .map(|new| new.id.clone())
                .eq(expected.iter().map(stored))
        );
    }
}

#[tokio::test]
async fn given_back_comes_again_at_once_refused_not_within_a_drain() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::DatedRadix).await;
    let source = tree.source().await;
    save(&storage, &id("0160918"), "x").await;
    let new = receive(&source, 1, NOW).await.remove(0);
    settle(&source, &new, Settlement::GiveBack).await;
    let again = receive(&source, 1, NOW).await.remove(0);
    assert_eq!(again.id, new.id);
    assert_ne!(again.token, new.token);
    settle(&source, &again, refused()).await;
    assert!(ids(&source, NOW).await.is_empty());
    // The next instance knows nothing of it and offers it.
    source.close(&cx()).await.unwrap();
    assert_eq!(ids(&tree.source().await, NOW).await.len(), 1);
}

#[tokio::test]
async fn a_refused_crash_is_offered_again_after_its_rest() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::DatedRadix).await;
    let source = tree.source_with("1ms", "1ms").await;
    save(&storage, &id("0160918"), "x").await;
    let new = receive(&source, 1, NOW).await.remove(0);
    settle(&source, &new, refused()).await;
    assert!(ids(&source, NOW).await.is_empty());
    let again = receive(&source, 1, Duration::from_secs(60)).await;
    assert_eq!(again.len(), 1);
}

#[tokio::test]
async fn one_source_at_a_time_and_the_next_takes_over() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::DatedRadix).await;
    save(&storage, &id("0160918"), "x").await;
    let (first, second) = (tree.source().await, tree.source_with("1ms", "1s").await);
    let new = receive(&first, 1, NOW).await.remove(0);
    let drain = Receive {
        max: NonZeroUsize::MIN,
        wait: NOW,
    };
    let error = second.receive(&cx(), drain).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let process = format!("process {}, source new", std::process::id());
    assert!(error.message().contains(&process), "{error}");

    let waits = receive(&second, 1, Duration::from_secs(60));
    let closes = async { first.close(&cx()).await.unwrap() };
    let (taken, ()) = tokio::join!(waits, closes);
    assert_eq!(taken.first().map(|taken| &taken.id), Some(&new.id));
    // A token of the one before is no error and settles nothing.
    settle(&second, &new, Settlement::Ack).await;
    settle(&second, &taken[0], Settlement::GiveBack).await;
    assert_eq!(ids(&second, NOW).await.len(), 1);
    let late = first.receive(&cx(), drain).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_replaced_crash_is_new_again_whatever_becomes_of_the_old_one() {
    let tree = Tree::new();
    let storage = tree.storage(Layout::DatedRadix).await;
    let source = tree.source().await;
    let id = id("0160918");
    save(&storage, &id, "old").await;
    let old = receive(&source, 1, NOW).await.remove(0);
    save(&storage, &id, "old").await;
    save(&storage, &id, "new").await;
    assert!(ids(&source, NOW).await.is_empty(), "it is out");
    settle(&source, &old, Settlement::Ack).await;
    let new = receive(&source, 1, NOW).await.remove(0);
    assert_eq!(new.id, old.id);
    settle(&source, &new, Settlement::Ack).await;
    assert!(ids(&source, NOW).await.is_empty());
    // Equal bytes are no news.
    save(&storage, &id, "new").await;
    assert!(ids(&source, NOW).await.is_empty());
}

#[test]
fn what_was_taken_for_nobody_is_given_back() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // The one that this test keeps busy.
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tree = Tree::new();
        let storage = tree.storage(Layout::DatedRadix).await;
        let source = tree.source_with("1ms", "1s").await;
        save(&storage, &id("0160918"), "x").await;
        let (go, waits) = std::sync::mpsc::channel();
        let busy = tokio::task::spawn_blocking(move || waits.recv());
        {
            let receive = receive(&source, 1, NOW);
            tokio::pin!(receive);
            // Hands in the work and does not wait for it.
            assert!(futures_poll(receive.as_mut()).await.is_none());
        }
        go.send(()).unwrap();
        busy.await.unwrap().unwrap();
        assert_eq!(receive(&source, 1, Duration::from_secs(60)).await.len(), 1);
    });
}

async fn futures_poll<F: std::future::Future>(
    mut future: std::pin::Pin<&mut F>,
) -> Option<F::Output> {
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        std::task::Poll::Ready(done) => std::task::Poll::Ready(Some(done)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn saving_deleting_and_settling_share_directories() {
    let tree = Tree::new();
    let storage = std::sync::Arc::new(tree.storage(Layout::DatedRadix).await);
    let source = tree.source().await;
    let mut saves = tokio::task::JoinSet::new();
    let count = 120;
    for number in 0..count {
        let storage = std::sync::Arc::clone(&storage);
        saves.spawn(async move {
            // One radix directory, which comes and goes.
            let id = another("1160918");
            let twin = another("1160918");
            save(&storage, &twin, "twin").await;
            storage.delete(&cx(), &stored(&twin)).await.unwrap();
            save(&storage, &id, &number.to_string()).await;
        });
    }
    let mut got = std::collections::HashSet::new();
    while got.len() < count {
        for new in receive(&source, 7, Duration::from_secs(60)).await {
            let raw = storage.get_raw_crash(&cx(), &new.id).await;
            // A twin may have been deleted since it was handed out.
            if raw.is_ok_and(|raw| raw.as_bytes().len() < "{\"ProductName\":\"twin\"}".len()) {
                assert!(got.insert(new.id.clone()), "handed out twice");
                storage.delete(&cx(), &new.id).await.unwrap();
            }
            settle(&source, &new, Settlement::Ack).await;
        }
    }
    while let Some(saved) = saves.join_next().await {
        saved.unwrap();
    }
    assert_eq!(tree.files(), Vec::<String>::new());
}
