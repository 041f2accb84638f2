use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socorro_core::live::Outcome;
use socorro_core::pipeline::{Crash, Pipelines, Transform};
use socorro_core::transaction::{ManualClock, NoJitter};
use socorro_core::{Error, ErrorKind, Result, async_trait};

use crate::scripted::{Script, script};
use crate::support::{File, eventually, id, raw};

/// A pipeline from `TAG_from` to `TAG_to`, ids from `TAG_new`.
fn configuration(tag: &str, to: &str, after: &str) -> String {
    format!(
        "[storage.from]\ntype = \"scripted\"\ntag = \"{tag}_from\"\n[storage.to]\ntype = \"scripted\"\ntag = \"{to}\"\n\
         [source.new]\ntype = \"scripted\"\ntag = \"{tag}_new\"\n\
         [pipeline.mover]\nsource = \"new\"\nfrom = \"from\"\nto = [\"to\"]\nafter = \"{after}\"\nconcurrency = 2"
    )
}

fn three(tag: &str) -> (Arc<Script>, Arc<Script>, Arc<Script>) {
    (
        script(&format!("{tag}_from")),
        script(&format!("{tag}_to")),
        script(&format!("{tag}_new")),
    )
}

fn put(from: &Script, new: &Script, entropy: u8) {
    from.crashes
        .lock()
        .unwrap()
        .insert(id(entropy).into(), raw(&entropy.to_string()));
    new.arrive(id(entropy));
}

#[tokio::test]
async fn moves_what_is_new_until_the_source_is_drained() {
    let file = File::new(&configuration("drained", "drained_to", "ack_and_delete"));
    let (from, to, new) = three("drained");
    for entropy in 1..=20 {
        put(&from, &new, entropy);
    }
    let socorro = file
        .builder()
        .pipelines(Pipelines::Once)
        .start()
        .await
        .unwrap();
    socorro.finished().await.unwrap();
    socorro.shutdown().await;
    for entropy in 1..=20 {
        assert_eq!(
            to.crashes.lock().unwrap()[&id(entropy).into()],
            raw(&entropy.to_string())
        );
    }
    assert!(
        from.crashes.lock().unwrap().is_empty(),
        "deleted where they came from"
    );
    assert_eq!(new.acked.lock().unwrap().len(), 20);
}

#[tokio::test]
async fn nothing_is_acknowledged_or_removed_before_every_destination_has_it() {
    let file = File::new(&configuration("unsaved", "unsaved_to", "ack_and_delete"));
    let (from, to, new) = three("unsaved");
    *to.save_fails.lock().unwrap() = Some(Error::new(ErrorKind::Unavailable, "disk full"));
    put(&from, &new, 1);
    let socorro = file
        .builder()
        .pipelines(Pipelines::Once)
        .start()
        .await
        .unwrap();
    let error = socorro.finished().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("1 crashes could not be delivered"),
        "{error}"
    );
    socorro.shutdown().await;
    assert!(from.has(id(1)));
    assert!(new.acked.lock().unwrap().is_empty());
    let nacked = new.nacked.lock().unwrap();
    assert!(nacked[0].1.contains("disk full"), "{nacked:?}");
}

#[tokio::test]
async fn an_unreadable_crash_is_neither_saved_empty_nor_removed() {
    let file = File::new(&configuration(
        "unreadable",
        "unreadable_to",
        "ack_and_delete",
    ));
    let (_, to, new) = three("unreadable");
    new.arrive(id(1));
    let socorro = file
        .builder()
        .pipelines(Pipelines::Once)
        .start()
        .await
        .unwrap();
    socorro.finished().await.unwrap_err();
    socorro.shutdown().await;
    assert!(to.crashes.lock().unwrap().is_empty());
    assert_eq!(
        (
            new.acked.lock().unwrap().len(),
            new.nacked.lock().unwrap().len()
        ),
        (0, 1)
    );
}

#[tokio::test]
async fn a_crash_whose_acknowledgement_was_lost_is_acknowledged_when_it_comes_again() {
    let file = File::new(&configuration("again", "again_to", "ack_and_delete"));
    let (_, to, new) = three("again");
    to.crashes
        .lock()
        .unwrap()
        .insert(id(1).into(), raw("delivered before"));
    new.arrive(id(1));
    let socorro = file
        .builder()
        .pipelines(Pipelines::Once)
        .start()
        .await
        .unwrap();
    socorro.finished().await.unwrap();
    socorro.shutdown().await;
    assert_eq!(*new.acked.lock().unwrap(), [id(1).into()]);
}

#[tokio::test]
async fn a_source_that_fails_ends_the_pipelines_with_its_error() {
    let file = File::new(&configuration("fails", "fails_to", "ack"));
    *script("fails_new").receive_fails.lock().unwrap() =
        Some(Error::new(ErrorKind::InvalidConfig, "queue is gone"));
    let socorro = file
        .builder()
        .pipelines(Pipelines::Forever)
        .start()
        .await
        .unwrap();
    let error = socorro.finished().await.unwrap_err();
    assert!(error.to_string().contains("queue is gone"), "{error}");
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_source_that_is_away_for_a_time_is_waited_for() {
    let file = File::new(&configuration("away", "away_to", "ack"));
    let (from, to, new) = three("away");
    *new.receive_fails.lock().unwrap() =
        Some(Error::new(ErrorKind::Unavailable, "the broker restarts"));
    let clock = Arc::new(ManualClock::new());
    let socorro = file
        .builder()
        .time(clock.clone(), Arc::new(NoJitter))
        .pipelines(Pipelines::Forever)
        .start()
        .await
        .unwrap();
    for (number, seconds) in [1, 2, 5, 10, 30, 30].into_iter().enumerate() {
        clock.asked(number + 1).await;
        clock.advance(Duration::from_secs(seconds));
    }
    clock.asked(7).await;
    *new.receive_fails.lock().unwrap() = None;
    put(&from, &new, 1);
    clock.advance(Duration::from_secs(30));
    while !to.has(id(1)) {
        tokio::task::yield_now().await;
    }
    socorro.shutdown().await;
    assert_eq!(*new.acked.lock().unwrap(), [id(1).into()]);
}

#[tokio::test]
async fn once_a_source_that_is_away_is_not_waited_for() {
    let file = File::new(&configuration("away_once", "away_once_to", "ack"));
    *script("away_once_new").receive_fails.lock().unwrap() =
        Some(Error::new(ErrorKind::Unavailable, "the broker restarts"));
    let builder = file.builder().pipelines(Pipelines::Once);
    let socorro = builder.start().await.unwrap();
    let error = socorro.finished().await.unwrap_err();
    assert!(error.to_string().contains("restarts"), "{error}");
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_shutdown_sees_through_what_is_under_way_and_takes_nothing_new() {
    let file = File::new(&configuration("shutdown", "shutdown_to", "ack"));
    let (from, to, new) = three("shutdown");
    to.shut_gate();
    put(&from, &new, 1);
    let socorro = file
        .builder()
        .pipelines(Pipelines::Forever)
        .start()
        .await
        .unwrap();
    to.at_gate.notified().await;
    let ending = tokio::spawn({
        let socorro = socorro.clone();
        async move { socorro.shutdown().await }
    });
    to.gate.add_permits(1);
    ending.await.unwrap();
    socorro.finished().await.unwrap();
    assert_eq!(*new.acked.lock().unwrap(), [id(1).into()]);
    put(&from, &new, 2);
    assert_eq!(new.queue.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_cut_off_by_the_shutdown_deadline_is_given_back() {
    let limits = "[reload]\nshutdown_timeout = \"50ms\"\n";
    let file = File::new(&format!(
        "{limits}{}",
        configuration("cut", "cut_to", "ack")
    ));
    let (from, to, new) = three("cut");
    to.shut_gate();
    put(&from, &new, 1);
    let socorro = file
        .builder()
        .pipelines(Pipelines::Forever)
        .start()
        .await
        .unwrap();
    to.at_gate.notified().await;
    socorro.shutdown().await;
    assert!(new.acked.lock().unwrap().is_empty() && new.nacked.lock().unwrap().is_empty());
    assert!(from.has(id(1)));
}

#[tokio::test]
async fn a_reload_changes_the_destination_between_two_crashes() {
    let file = File::new(&configuration("rewired", "rewired_to", "ack"));
    let (from, to, new) = three("rewired");
    let socorro = file
        .builder()
        .pipelines(Pipelines::Forever)
        .start()
        .await
        .unwrap();
    put(&from, &new, 1);
    eventually("the first is moved", || {
        new.acked.lock().unwrap().len() == 1
    })
    .await;
    file.edit(&configuration("rewired", "rewired_other", "ack"));
    assert_eq!(socorro.reload().await.outcome, Outcome::Applied);
    put(&from, &new, 2);
    eventually("the second is moved", || {
        new.acked.lock().unwrap().len() == 2
    })
    .await;
    let other = script("rewired_other");
    assert_eq!((to.has(id(1)), to.has(id(2))), (true, false));
    assert_eq!((other.has(id(1)), other.has(id(2))), (false, true));
    assert_eq!(new.opened.load(Ordering::SeqCst), 1, "the source stayed");
    socorro.shutdown().await;
}

struct Shout;

#[async_trait]
impl Transform for Shout {
    async fn transform(&self, mut crash: Crash) -> Result<Crash> {
        match crash.id == id(9) {
            true => panic!("cannot shout this one"),
            false => crash.raw = raw("LOUD"),
        }
        Ok(crash)
    }
}

#[tokio::test]
async fn a_transform_changes_each_crash_and_its_panic_nacks_one() {
    let file = File::new(&configuration("shout", "shout_to", "ack"));
    let (from, to, new) = three("shout");
    put(&from, &new, 1);
    put(&from, &new, 9);
    let builder = file
        .builder()
        .pipelines(Pipelines::Once)
        .transform("mover", Arc::new(Shout));
    let socorro = builder.start().await.unwrap();
    socorro.finished().await.unwrap_err();
    socorro.shutdown().await;
    assert_eq!(to.crashes.lock().unwrap()[&id(1).into()], raw("LOUD"));
    assert_eq!(*new.acked.lock().unwrap(), [id(1).into()]);
    assert_eq!(new.nacked.lock().unwrap().len(), 1);
}
