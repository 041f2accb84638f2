//! Plugins that never return: what is let go ends by its deadlines, or is reported and left behind, and nothing
//! else waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socorro_core::ErrorKind;
use socorro_core::error::Applied;
use socorro_core::live::{Leaving, Outcome, Socorro, Stage};
use socorro_core::pipeline::{Crash, Pipelines, Transform};
use socorro_core::transaction::{ManualClock, NoJitter};
use socorro_core::{Result, async_trait};
use tokio::sync::Notify;

use crate::scripted::{Hang, Script, script};
use crate::support::{File, eventually, id, no_dumps, raw};

/// Two storages, of which each edit makes other instances.
fn two(tag: &str, revision: u32) -> String {
    format!(
        "[reload]\ndrain_timeout = \"10s\"\n[plugins]\ntimeout = \"20s\"\n\
         [storage.a]\ntype = \"scripted\"\ntag = \"{tag}_a\"\nrevision = {revision}\n\
         [storage.b]\ntype = \"scripted\"\ntag = \"{tag}_b\"\nrevision = {revision}\n"
    )
}

/// The scripts of both, the program, and its clock.
async fn start(tag: &str) -> (File, Socorro, ManualClock, Arc<Script>, Arc<Script>) {
    let file = File::new(&two(tag, 0));
    let clock = ManualClock::new();
    let builder = file
        .builder()
        .time(Arc::new(clock.clone()), Arc::new(NoJitter));
    let socorro = builder.start().await.unwrap();
    let (a, b) = (script(&format!("{tag}_a")), script(&format!("{tag}_b")));
    (file, socorro, clock, a, b)
}

fn stages(socorro: &Socorro) -> Vec<(String, u64, usize, Stage)> {
    let all = socorro.leaving().into_iter();
    all.map(|one| {
        (
            one.part.to_string(),
            one.generation,
            one.operations,
            one.stage,
        )
    })
    .collect()
}

fn one(
    part: &str,
    generation: u64,
    operations: usize,
    stage: Stage,
) -> Vec<(String, u64, usize, Stage)> {
    vec![(part.to_owned(), generation, operations, stage)]
}

fn told(socorro: &Socorro) -> Vec<String> {
    let all = socorro.stragglers().into_iter();
    all.map(|one| {
        format!(
            "{} {} {}: {}",
            one.part, one.generation, one.operations, one.why
        )
    })
    .collect()
}

fn closed(script: &Script) -> usize {
    script.closed.load(Ordering::SeqCst)
}

async fn applied(socorro: &Socorro) {
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Applied, "{report}");
}

/// Waits until somebody sleeps for so long.
async fn sleeping(clock: &ManualClock, seconds: u64) {
    let time = Duration::from_secs(seconds);
    eventually("somebody waits", || clock.sleeps().contains(&time)).await;
}

/// How long destroying may take here, with what the host waits for itself.
const DESTROY: Duration = Duration::from_secs(21);

/// Waits until so many instances in all were flushed, each of which takes real time, and are being destroyed.
async fn destroying(clock: &ManualClock, instances: usize) {
    eventually("they are being destroyed", || {
        let sleeps = clock.sleeps().into_iter();
        sleeps.filter(|time| *time == DESTROY).count() == instances
    })
    .await;
}

#[tokio::test]
async fn a_completion_that_never_comes() {
    let (file, socorro, clock, a, b) = start("completion").await;
    a.shut_gate();
    let save = tokio::spawn({
        let a = socorro.storage("a").unwrap();
        async move { a.save_raw_crash(&id(1), &raw("stuck"), &no_dumps()).await }
    });
    a.at_gate.notified().await;
    file.edit(&two("completion", 1));
    applied(&socorro).await;
    // It holds nothing but what it runs in.
    eventually("the other ends", || {
        stages(&socorro) == one("storage.a", 2, 1, Stage::Draining) && closed(&b) == 1
    })
    .await;
    clock.asked(1).await;
    clock.advance(Duration::from_secs(10));
    let error = save.await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Cancelled, Applied::Unknown)
    );
    eventually("it ends", || closed(&a) == 1).await;
    eventually("nothing is left", || socorro.leaving().is_empty()).await;
    assert!(told(&socorro).is_empty());
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_flush_that_never_comes_back() {
    let (file, socorro, clock, a, b) = start("flush").await;
    a.hang(Hang::Close);
    file.edit(&two("flush", 1));
    applied(&socorro).await;
    eventually("the other ends", || {
        stages(&socorro) == one("storage.a", 2, 0, Stage::Closing) && closed(&b) == 1
    })
    .await;
    // Another reload neither waits for it nor disturbs it.
    file.edit(&two("flush", 1).replace("10s", "11s"));
    applied(&socorro).await;
    sleeping(&clock, 20).await;
    clock.advance(Duration::from_secs(20));
    eventually("it is destroyed all the same", || {
        socorro.leaving().is_empty()
    })
    .await;
    assert_eq!(
        told(&socorro),
        ["storage.a 2 0: it did not flush within 20s"]
    );
    a.unhang();
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_destroy_that_never_comes_back() {
    let (file, socorro, clock, a, b) = start("destroy").await;
    a.hang(Hang::Destroy);
    file.edit(&two("destroy", 1));
    applied(&socorro).await;
    destroying(&clock, 2).await;
    eventually("the other ends", || {
        stages(&socorro) == one("storage.a", 2, 0, Stage::Closing) && closed(&b) == 1
    })
    .await;
    clock.advance(DESTROY);
    eventually("it is left behind", || {
        stages(&socorro) == one("storage.a", 2, 0, Stage::LeftBehind)
    })
    .await;
    let told = told(&socorro);
    assert!(
        told[0].starts_with("storage.a 2 0: it was not destroyed within 2"),
        "{told:?}"
    );
    let new = socorro.storage("a").unwrap();
    new.save_raw_crash(&id(1), &raw("goes on"), &no_dumps())
        .await
        .unwrap();
    // Better late than never.
    a.unhang();
    eventually("it ends after all", || socorro.leaving().is_empty()).await;
    socorro.shutdown().await;
}

#[tokio::test]
async fn reloads_that_leave_more_and_more_behind_are_refused_at_a_bound() {
    let (file, socorro, clock, a, b) = start("behind").await;
    a.hang(Hang::Destroy);
    let mut edits = 0;
    let refused = loop {
        edits += 1;
        file.edit(&two("behind", edits));
        let report = socorro.reload().await;
        if report.outcome == Outcome::Refused {
            break report;
        }
        let left = edits as usize;
        eventually("the other ends", || {
            let is_b = |one: &Leaving| one.part.to_string() == "storage.b";
            closed(&b) == left && !socorro.leaving().iter().any(is_b)
        })
        .await;
        destroying(&clock, left * 2).await;
        clock.advance(DESTROY);
        eventually("one more is left behind", || {
            let all = socorro.leaving().into_iter();
            all.filter(|one| one.stage == Stage::LeftBehind).count() == left
        })
        .await;
    };
    assert_eq!(edits, 65);
    let why = refused.errors[0].to_string();
    assert!(
        why.starts_with("64 instances that were replaced never ended (storage.a)")
            && why.contains("restart the program"),
        "{why}"
    );
    assert_eq!(socorro.stragglers().len(), 64);
    // What runs goes on, and what opens nothing is applied.
    let b_opened = b.opened.load(Ordering::SeqCst);
    file.edit(&two("behind", edits - 1).replace("10s", "11s"));
    applied(&socorro).await;
    assert_eq!(b.opened.load(Ordering::SeqCst), b_opened);
    a.unhang();
    eventually("they end after all", || socorro.leaving().is_empty()).await;
    file.edit(&two("behind", edits));
    applied(&socorro).await;
    socorro.shutdown().await;
}

#[tokio::test]
async fn an_operation_elsewhere_does_not_keep_what_was_replaced_open() {
    let (file, socorro, clock, a, b) = start("elsewhere").await;
    // It runs in the first generation, for as long as it takes, in a storage that stays.
    a.shut_gate();
    let save = tokio::spawn({
        let a = socorro.storage("a").unwrap();
        async move { a.save_raw_crash(&id(1), &raw("slow"), &no_dumps()).await }
    });
    a.at_gate.notified().await;
    // So does who keeps a handle to all of that generation.
    let pinned = socorro.storage("b").unwrap().pinned();
    let replaced = two("elsewhere", 0).replace("_b\"\nrevision = 0", "_b\"\nrevision = 1");
    file.edit(&replaced);
    applied(&socorro).await;
    pinned
        .save_raw_crash(&id(2), &raw("still there"), &no_dumps())
        .await
        .unwrap();
    assert_eq!((a.opened.load(Ordering::SeqCst), closed(&b)), (1, 0));
    clock.asked(1).await;
    clock.advance(Duration::from_secs(10));
    eventually("it ends at its deadline", || closed(&b) == 1).await;
    eventually("nothing is left", || socorro.leaving().is_empty()).await;
    assert!(told(&socorro).is_empty());
    let error = pinned
        .save_raw_crash(&id(3), &raw("too late"), &no_dumps())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.applied(), error.is_retryable()),
        (ErrorKind::Cancelled, Applied::No, true)
    );
    a.gate.add_permits(1);
    save.await.unwrap().unwrap();
    drop(pinned);
    socorro.shutdown().await;
}

/// A pipeline from `TAG_from` to `TAG_to`, ids from `TAG_new`.
fn mover(tag: &str, revision: u32) -> String {
    format!(
        "[reload]\ndrain_timeout = \"10s\"\nshutdown_timeout = \"10s\"\n[plugins]\ntimeout = \"20s\"\n\
         [storage.from]\ntype = \"scripted\"\ntag = \"{tag}_from\"\n\
         [storage.to]\ntype = \"scripted\"\ntag = \"{tag}_to\"\n\
         [source.new]\ntype = \"scripted\"\ntag = \"{tag}_new\"\nrevision = {revision}\n\
         [pipeline.mover]\nsource = \"new\"\nfrom = \"from\"\nto = [\"to\"]\nconcurrency = 2\n"
    )
}

struct Moving {
    file: File,
    socorro: Socorro,
    clock: ManualClock,
    from: Arc<Script>,
    to: Arc<Script>,
    new: Arc<Script>,
}

impl Moving {
    async fn start(tag: &str) -> Self {
        Self::transforming(tag, Arc::new(Nothing)).await
    }

    async fn transforming(tag: &str, transform: Arc<dyn Transform>) -> Self {
        let file = File::new(&mover(tag, 0));
        let clock = ManualClock::new();
        let builder = file
            .builder()
            .time(Arc::new(clock.clone()), Arc::new(NoJitter))
            .transform("mover", transform)
            .pipelines(Pipelines::Forever);
        Self {
            socorro: builder.start().await.unwrap(),
            file,
            clock,
            from: script(&format!("{tag}_from")),
            to: script(&format!("{tag}_to")),
            new: script(&format!("{tag}_new")),
        }
    }

    fn put(&self, entropy: u8) {
        let mut crashes = self.from.crashes.lock().unwrap();
        crashes.insert(id(entropy).into(), raw(&entropy.to_string()));
        drop(crashes);
        self.new.arrive(id(entropy));
    }

    fn acked(&self) -> usize {
        self.new.acked.lock().unwrap().len()
    }

    /// Shuts down what needs no time on the clock.
    async fn shutdown(&self) {
        self.shutdown_while(|_, _| false).await;
    }

    /// Shuts down while time passes as long as everything that leaves `needs` it, after so long: what ends by itself
    /// takes real time, as plugins have threads of their own.
    async fn shutdown_while(&self, needs: impl Fn(&Leaving, Duration) -> bool) {
        let (before, asked) = (self.clock.elapsed(), self.clock.sleeps().len());
        let ending = tokio::spawn({
            let socorro = self.socorro.clone();
            async move { socorro.shutdown().await }
        });
        self.clock.asked(asked + 1).await;
        let started = std::time::Instant::now();
        while !ending.is_finished() {
            let all = self.socorro.leaving();
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "it never ends: {all:?}"
            );
            let passed = self.clock.elapsed() - before;
            if !all.is_empty() && all.iter().all(|one| needs(one, passed)) {
                self.clock.advance(Duration::from_millis(100));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        ending.await.unwrap();
    }
}

struct Nothing;

#[async_trait]
impl Transform for Nothing {
    async fn transform(&self, crash: Crash) -> Result<Crash> {
        Ok(crash)
    }
}

/// Never comes back, and says that it was asked.
#[derive(Default)]
struct Hangs(Notify);

#[async_trait]
impl Transform for Hangs {
    async fn transform(&self, _: Crash) -> Result<Crash> {
        self.0.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_receive_that_never_comes_back() {
    let moving = Moving::start("receive").await;
    moving.new.hang(Hang::Receive);
    moving.new.hanging.notified().await;
    // The next instance is not of that kind.
    moving.new.unhang();
    moving.file.edit(&mover("receive", 1));
    applied(&moving.socorro).await;
    moving.put(2);
    eventually("the next one takes over", || moving.acked() == 1).await;
    eventually("the old one ends", || closed(&moving.new) == 1).await;
    moving.shutdown().await;
    assert!(told(&moving.socorro).is_empty());
}

#[tokio::test]
async fn an_acknowledgement_that_never_comes_back() {
    let moving = Moving::start("ack").await;
    moving.new.hang(Hang::Settle);
    moving.put(1);
    moving.new.hanging.notified().await;
    assert!(moving.to.has(id(1)));
    moving.file.edit(&mover("ack", 1));
    applied(&moving.socorro).await;
    assert_eq!(
        stages(&moving.socorro),
        one("source.new", 2, 1, Stage::Draining)
    );
    moving.new.unhang();
    moving.put(2);
    eventually("the next one takes over", || moving.acked() == 1).await;
    assert_eq!(closed(&moving.new), 0, "a crash is out");
    sleeping(&moving.clock, 15).await;
    moving.clock.advance(Duration::from_secs(15));
    eventually("the old one ends", || closed(&moving.new) == 1).await;
    // What it gave back is delivered anew, which changes nothing.
    eventually("the first is acknowledged, too", || moving.acked() == 2).await;
    assert!(told(&moving.socorro).is_empty());
    moving.shutdown().await;
}

#[tokio::test]
async fn a_delivery_that_outlasts_its_source_is_given_back_and_made_anew() {
    let moving = Moving::start("outlasts").await;
    // In a storage that stays, and so has no deadline of its own.
    moving.to.shut_gate();
    moving.put(1);
    moving.to.at_gate.notified().await;
    moving.file.edit(&mover("outlasts", 1));
    applied(&moving.socorro).await;
    sleeping(&moving.clock, 10).await;
    moving.clock.advance(Duration::from_secs(9));
    assert_eq!(
        stages(&moving.socorro),
        one("source.new", 2, 1, Stage::Draining)
    );
    moving.clock.advance(Duration::from_secs(1));
    eventually("the old one ends", || closed(&moving.new) == 1).await;
    eventually("it is handed out again", || {
        let events = moving.new.events.lock().unwrap();
        events.iter().any(|event| event == "receive 2")
    })
    .await;
    moving.to.gate.add_permits(1_000);
    eventually("it is acknowledged", || moving.acked() == 1).await;
    assert_eq!(moving.to.saved.lock().unwrap().len(), 1);
    let mut events = moving.new.events.lock().unwrap().clone();
    events.sort_unstable();
    assert_eq!(
        events,
        ["ack 2", "back 1", "close 1", "receive 1", "receive 2"]
    );
    assert!(told(&moving.socorro).is_empty());
    moving.shutdown().await;
}

#[tokio::test]
async fn a_transform_that_never_comes_back() {
    let hangs = Arc::new(Hangs::default());
    let moving = Moving::transforming("transform", hangs.clone()).await;
    moving.put(1);
    hangs.0.notified().await;
    // The pipeline goes, its source stays for another.
    let other = mover("transform", 0).replace("pipeline.mover", "pipeline.other");
    moving.file.edit(&other);
    applied(&moving.socorro).await;
    moving.put(2);
    eventually("the other pipeline moves on", || moving.acked() == 1).await;
    sleeping(&moving.clock, 10).await;
    moving.clock.advance(Duration::from_secs(10));
    eventually("the first is given back and delivered", || {
        moving.acked() == 2
    })
    .await;
    assert_eq!(moving.new.opened.load(Ordering::SeqCst), 1);
    moving.shutdown().await;
}

#[tokio::test]
async fn a_shutdown_ends_whatever_hangs() {
    for (tag, hang) in [
        ("end_close", Some(Hang::Close)),
        ("end_destroy", Some(Hang::Destroy)),
        ("end_receive", Some(Hang::Receive)),
        ("end_settle", Some(Hang::Settle)),
        ("end_transform", None),
    ] {
        let transform = Arc::new(Hangs::default());
        let moving = match hang {
            Some(_) => Moving::start(tag).await,
            None => Moving::transforming(tag, transform.clone()).await,
        };
        if let Some(hang) = hang {
            moving.new.hang(hang);
        }
        moving.put(1);
        match hang {
            Some(Hang::Settle | Hang::Receive) => moving.new.hanging.notified().await,
            None => transform.0.notified().await,
            Some(Hang::Close | Hang::Destroy) => {
                eventually("it is moved", || moving.acked() == 1).await;
            }
        }
        let before = moving.clock.elapsed();
        // The drain deadline is 10 s, and flushing has half of what is left until 14 s.
        let needs = |one: &Leaving, passed: Duration| match (hang, one.stage) {
            (Some(Hang::Settle), Stage::Draining) => true,
            (None, Stage::Draining) => passed < Duration::from_secs(10),
            (Some(Hang::Close), Stage::Closing) => {
                one.part.to_string() == "source.new" && passed < Duration::from_secs(7)
            }
            (Some(Hang::Destroy), Stage::Closing) => {
                one.part.to_string() == "source.new" && closed(&moving.new) == 1
            }
            _ => false,
        };
        moving.shutdown_while(needs).await;
        let took = moving.clock.elapsed() - before;
        assert!(took <= Duration::from_secs(16), "{tag}: {took:?}");
        assert_eq!(closed(&moving.from), 1, "{tag}");
        assert_eq!(closed(&moving.to), 1, "{tag}");
        let told = told(&moving.socorro);
        match hang {
            Some(Hang::Close | Hang::Destroy) => {
                assert_eq!(told.len(), 1, "{tag}");
                assert!(told[0].starts_with("source.new 1 0: "), "{told:?}");
            }
            _ => assert!(told.is_empty(), "{tag}: {told:?}"),
        }
        moving.new.unhang();
    }
}
