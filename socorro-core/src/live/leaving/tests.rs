use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{self, Wake};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

use super::room::{LEAVING, LEFT_BEHIND};
use super::{Departures, Leaving, Stage, Terms};
use crate::context::Context;
use crate::error::Result;
use crate::live::handover::Holders;
use crate::live::in_service::{Live, Within};
use crate::live::instance::{OpenStorage, StorageInstance};
use crate::live::plan::{Identity, Part};
use crate::live::reaper::Reaper;
use crate::live::retire::Retire;
use crate::plugin::Resource;
use crate::plugin::host::Destroyed;
use crate::step::Failpoints;
use crate::storage::{Capabilities, CrashStorage};
use crate::transaction::{Clock, ManualClock};

/// What a storage that is ended does.
#[derive(Clone, Copy, Default, PartialEq)]
enum Way {
    #[default]
    Ends,
    FlushHangs,
    DestroyHangs,
    Leaks,
    Panics,
}

#[derive(Default)]
struct Fake {
    way: Way,
    flushed: Arc<AtomicUsize>,
    destroyed: Arc<AtomicUsize>,
}

impl CrashStorage for Fake {
    fn capabilities(&self) -> Capabilities {
        Capabilities::empty()
    }
}

#[async_trait]
impl Retire for Fake {
    async fn flush(&self, _: &Context) -> Result<()> {
        match self.way {
            Way::FlushHangs => std::future::pending().await,
            Way::Panics => panic!("flush panics"),
            _ => self.flushed.fetch_add(1, Ordering::SeqCst),
        };
        Ok(())
    }

    async fn destroy(self: Arc<Self>, _: Duration) -> Destroyed {
        match self.way {
            Way::DestroyHangs => std::future::pending().await,
            Way::Leaks => return Destroyed::Leaked,
            Way::Panics => panic!("destroy panics"),
            _ => self.destroyed.fetch_add(1, Ordering::SeqCst),
        };
        Destroyed::Clean
    }

    async fn gone(&self) {
        std::future::pending().await
    }
}

/// An operation begins.
fn enter(instance: &StorageInstance) -> Within<dyn OpenStorage> {
    Live::enter(&instance.live().unwrap()).unwrap()
}

struct Bench {
    clock: ManualClock,
    reaper: Reaper,
}

impl Bench {
    fn new() -> Self {
        let clock = ManualClock::new();
        let reaper = Reaper::start(Arc::new(clock.clone()), Failpoints::default());
        Self { clock, reaper }
    }

    fn departures(&self) -> &Arc<Departures> {
        self.reaper.departures()
    }

    fn open(&self, name: &str, way: Way) -> (Arc<StorageInstance>, Arc<AtomicUsize>) {
        let fake = Fake {
            way,
            ..Fake::default()
        };
        let destroyed = fake.destroyed.clone();
        let identity = Identity {
            type_name: "fake".to_owned(),
            image: None,
            fingerprint: [0; 32],
        };
        let open: Arc<dyn OpenStorage> = Arc::new(fake);
        let instance = StorageInstance::storage(name, identity, open, self.reaper.retired());
        (instance, destroyed)
    }

    /// Operations end after 10 s, let go within 5 s, and flush and destroy have 20 s each.
    fn terms(&self, generation: u64) -> Terms {
        Terms {
            generation,
            drained: self.clock.now() + Duration::from_secs(10),
            grace: Duration::from_secs(5),
            close: Duration::from_secs(20),
            end: None,
        }
    }

    fn stages(&self) -> Vec<(String, u64, usize, Stage)> {
        let all = self.departures().all().into_iter();
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

    /// Moves the time on second by second, everything having its turn in between.
    async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.settle().await;
            self.clock.advance(Duration::from_secs(1));
        }
        self.settle().await;
    }

    /// Lets every task come to where it waits: the runtime of a test has one thread, and takes turns.
    async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    fn told(&self) -> Vec<String> {
        let stragglers = self.departures().watch_stragglers();
        let all = stragglers.borrow();
        all.iter()
            .map(|one| {
                format!(
                    "{} {} {}: {}",
                    one.part, one.generation, one.operations, one.why
                )
            })
            .collect()
    }
}

#[tokio::test]
async fn what_nothing_holds_ends_at_once_and_no_deadline_is_waited_for() {
    let bench = Bench::new();
    let (a, destroyed) = bench.open("a", Way::Ends);
    bench.departures().leave(&a, bench.terms(2));
    assert_eq!(
        bench.stages(),
        [("storage.a".to_owned(), 2, 0, Stage::Draining)]
    );
    drop(a);
    bench.settle().await;
    assert_eq!(destroyed.load(Ordering::SeqCst), 1);
    assert_eq!(bench.stages(), []);
    assert_eq!(bench.clock.elapsed(), Duration::ZERO);
    assert!(bench.told().is_empty());
    assert!(bench.reaper.finish(bench.clock.now()).await);
}

#[tokio::test]
async fn an_operation_is_waited_for_and_counted() {
    let bench = Bench::new();
    let (a, destroyed) = bench.open("a", Way::Ends);
    let operation = enter(&a);
    bench.departures().leave(&a, bench.terms(2));
    drop(a);
    bench.pass(9).await;
    assert_eq!(
        bench.stages(),
        [("storage.a".to_owned(), 2, 1, Stage::Draining)]
    );
    assert_eq!(destroyed.load(Ordering::SeqCst), 0);
    drop(operation);
    bench.settle().await;
    assert_eq!(destroyed.load(Ordering::SeqCst), 1);
    assert!(bench.told().is_empty() && bench.stages().is_empty());
}

#[tokio::test]
async fn who_keeps_a_generation_does_not_keep_it_open_beyond_the_deadline() {
    let bench = Bench::new();
    let (kept, destroyed) = bench.open("a", Way::Ends);
    bench.departures().leave(&kept, bench.terms(2));
    bench.pass(9).await;
    assert!(kept.live().is_ok(), "still of use to that generation");
    bench.pass(1).await;
    assert!(kept.live().is_err());
    assert_eq!(destroyed.load(Ordering::SeqCst), 1);
    assert!(bench.told().is_empty(), "nothing was left in it");
}

#[tokio::test]
async fn what_does_not_let_go_is_closed_under_it_and_reported() {
    let bench = Bench::new();
    let (a, destroyed) = bench.open("a", Way::Ends);
    let (b, other) = bench.open("b", Way::Ends);
    let hangs = [enter(&a), enter(&a)];
    bench.departures().leave(&a, bench.terms(2));
    bench.departures().leave(&b, bench.terms(2));
    drop((a, b));
    bench.pass(15).await;
    assert_eq!(other.load(Ordering::SeqCst), 1, "one keeps no other");
    assert_eq!(destroyed.load(Ordering::SeqCst), 0);
    bench.pass(1).await;
    assert_eq!(destroyed.load(Ordering::SeqCst), 1);
    assert_eq!(
        bench.told(),
        [
            "storage.a 2 2: 2 of its operations had not ended when they were cancelled at the drain deadline"
        ]
    );
    assert_eq!(bench.stages(), []);
    drop(hangs);
    bench.settle().await;
    assert_eq!(destroyed.load(Ordering::SeqCst), 1, "it ends once");
}

#[tokio::test]
async fn a_flush_that_hangs_is_followed_by_the_destroy() {
    let bench = Bench::new();
    let (a, destroyed) = bench.open("a", Way::FlushHangs);
    bench.departures().leave(&a, bench.terms(3));
    drop(a);
    bench.pass(19).await;
    assert_eq!(
        bench.stages(),
        [("storage.a".to_owned(), 3, 0, Stage::Closing)]
    );
    bench.pass(1).await;
    assert_eq!(destroyed.load(Ordering::SeqCst), 1);
    assert_eq!(bench.told(), ["storage.a 3 0: it did not flush within 20s"]);
    assert_eq!(bench.stages(), []);
}

#[tokio::test]
async fn a_destroy_that_hangs_is_left_behind_and_nobody_waits_for_it() {
    for way in [Way::DestroyHangs, Way::Leaks, Way::Panics] {
        let bench = Bench::new();
        let (a, _) = bench.open("a", way);
        bench.departures().leave(&a, bench.terms(3));
        drop(a);
        bench.pass(21).await;
        assert_eq!(
            bench.stages(),
            [("storage.a".to_owned(), 3, 0, Stage::LeftBehind)]
        );
        assert_eq!(bench.told().len(), 1);
        assert!(bench.reaper.finish(bench.clock.now()).await);
    }
}

#[tokio::test]
async fn a_shutdown_brings_deadlines_forward() {
    let bench = Bench::new();
    let (drains, drained) = bench.open("drains", Way::Ends);
    let operation = enter(&drains);
    let (closes, _) = bench.open("closes", Way::FlushHangs);
    bench.departures().leave(&drains, bench.terms(2));
    bench.departures().leave(&closes, bench.terms(2));
    drop((drains, closes));
    bench.settle().await;
    bench.departures().hasten(Terms {
        generation: 2,
        drained: bench.clock.now() + Duration::from_secs(1),
        grace: Duration::from_secs(1),
        close: Duration::from_secs(20),
        end: Some(bench.clock.now() + Duration::from_secs(8)),
    });
    bench.pass(4).await;
    assert_eq!(drained.load(Ordering::SeqCst), 1);
    assert_eq!(
        bench.told(),
        [
            "storage.drains 2 1: 1 of its operations had not ended when they were cancelled at the drain deadline",
            "storage.closes 2 0: it did not flush within 4s"
        ]
    );
    drop(operation);
    assert!(bench.reaper.finish(bench.clock.now()).await);
}

#[tokio::test]
async fn what_never_served_ends_too() {
    let bench = Bench::new();
    let (a, destroyed) = bench.open("a", Way::Ends);
    drop(a);
    bench.settle().await;
    assert_eq!(destroyed.load(Ordering::SeqCst), 1);
    let (a, _) = bench.open("a", Way::Leaks);
    drop(a);
    bench.settle().await;
    assert_eq!(
        bench.stages(),
        [("storage.a".to_owned(), 0, 0, Stage::LeftBehind)]
    );
}

/// What may still be at it is at it for ever, as far as anybody knows.
#[tokio::test]
async fn what_an_instance_has_for_itself_is_free_after_a_clean_end_only() {
    for (way, is_free) in [
        (Way::Ends, true),
        (Way::FlushHangs, true),
        (Way::DestroyHangs, false),
        (Way::Leaks, false),
        (Way::Panics, false),
    ] {
        let bench = Bench::new();
        let (holders, part) = (Holders::new(), Part::Storage("a".to_owned()));
        let claim = holders.claim(part.clone(), vec![Resource::new("directory", "/x")]);
        claim.acquire().unwrap();
        let id = claim.id();
        let fake = Fake {
            way,
            ..Fake::default()
        };
        let open: Arc<dyn OpenStorage> = Arc::new(fake);
        let live = Live::new(part.clone(), open, bench.reaper.retired(), Some(claim));
        bench.settle().await;
        assert_eq!(
            holders.left(&[id]),
            std::slice::from_ref(&part),
            "it is in service"
        );
        drop(live);
        bench.pass(100).await;
        let left = holders.left(&[id]);
        assert_eq!(left.is_empty(), is_free, "{left:?}");
    }
}

#[tokio::test]
async fn so_many_of_one_name_leave_at_once_and_the_next_waits() {
    let bench = Bench::new();
    let part = Part::Storage("a".to_owned());
    let mut operations = Vec::new();
    for generation in 0..LEAVING {
        let (a, _) = bench.open("a", Way::Ends);
        operations.push(enter(&a));
        bench.departures().leave(&a, bench.terms(generation as u64));
    }
    let other = [Part::Storage("b".to_owned())];
    bench.departures().room(&other).await.unwrap();
    let parts = [part];
    let mut room = std::pin::pin!(bench.departures().room(&parts));
    assert!(futures_util::poll!(room.as_mut()).is_pending());
    operations.pop();
    room.await.unwrap();
}

#[tokio::test]
async fn past_the_bound_of_what_is_left_behind_nothing_is_opened() {
    let bench = Bench::new();
    for number in 0..LEFT_BEHIND {
        let name = format!("leaks_{}", number % 2);
        drop(bench.open(&name, Way::Leaks));
    }
    bench.settle().await;
    let why = bench
        .departures()
        .room(&[Part::Storage("other".to_owned())])
        .await
        .unwrap_err();
    assert_eq!(
        why,
        "64 instances that were replaced never ended (storage.leaks_0, storage.leaks_1), which is the bound; \
         nothing more is opened: see what hangs in these plugins, and restart the program"
    );
    // What opens nothing goes on.
    bench.departures().room(&[]).await.unwrap();
}

#[test]
fn is_told_as_json() {
    let leaving = Leaving {
        part: Part::Source("new".to_owned()),
        generation: 4,
        operations: 2,
        since: SystemTime::UNIX_EPOCH,
        stage: Stage::LeftBehind,
    };
    let json = serde_json::to_value(&leaving).unwrap();
    assert_eq!(json["part"], "source.new");
    assert_eq!(json["stage"], "left_behind");
    assert_eq!(json["operations"], 2);
}

/// Notes at the moment in which it is woken whether operations of the instance have a deadline.
struct Woken {
    instance: Arc<StorageInstance>,
    deadlines: Mutex<Vec<Option<Instant>>>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        let deadline = self.instance.drain.deadline();
        self.deadlines.lock().unwrap().push(deadline);
    }
}

#[tokio::test]
async fn whoever_finds_it_in_service_again_is_in_no_drain() {
    let bench = Bench::new();
    let (instance, _) = bench.open("archive", Way::Ends);
    let live = instance.take().unwrap();
    instance.drain_until(bench.clock.now(), bench.clock.now());
    let woken = Arc::new(Woken {
        instance: instance.clone(),
        deadlines: Mutex::default(),
    });
    let waker = woken.clone().into();
    let mut waits = pin!(instance.in_service());
    let waiting = waits.as_mut().poll(&mut task::Context::from_waker(&waker));
    assert!(waiting.is_pending());

    instance.put(live);
    assert_eq!(*woken.deadlines.lock().unwrap(), [None]);
    waits.await;
}
