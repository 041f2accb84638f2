//! Backends that are down, come back and go down, at the start and at reloads.

use std::sync::Arc;
use std::time::Duration;

use socorro_core::error::Applied;
use socorro_core::live::{Outcome, Socorro};
use socorro_core::pipeline::Pipelines;
use socorro_core::transaction::ManualClock;
use socorro_core::{Error, ErrorKind};

use crate::exclusive::plugin::{Act, Place, place};
use crate::exclusive::rig::{Load, Rig, builder, number, source, storage};
use crate::support::{File, eventually, no_dumps, plan, raw};

const DEGRADED: &str = "start = \"degraded\"\n";
const SECOND: Duration = Duration::from_secs(1);

fn down() -> Act {
    Act::Fail(Error::new(ErrorKind::Unavailable, "nobody answers"))
}

/// Three storages, each on a place of its own, with `more` in each table.
fn three(name: &str, revision: u32, more: &str) -> String {
    let each = ["a", "b", "c"];
    let each = each.map(|it| storage(it, &format!("{name}_{it}"), "overlap", revision) + more);
    each.concat()
}

fn places(name: &str) -> [Arc<Place>; 3] {
    ["a", "b", "c"].map(|it| place(&format!("{name}_{it}")))
}

/// Moves the clock on until everything is there again, which its probes have to notice.
async fn all_back(socorro: &Socorro, clock: &ManualClock, crash: u64) {
    for name in ["a", "b", "c"] {
        let storage = socorro.storage(name).unwrap();
        let saved = async {
            while storage
                .save_raw_crash(&number(crash), &raw("back"), &no_dumps())
                .await
                .is_err()
            {
                clock.advance(SECOND);
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), saved)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_start_that_requires_what_is_down_tells_every_one() {
    let name = "outages_required";
    let file = File::new(&three(name, 0, ""));
    for place in places(name) {
        place.act("open 0", down());
    }
    let clock = Arc::new(ManualClock::new());
    let refused = builder(&file, &clock).start().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    for named in ["storage.a", "storage.b", "storage.c", "nobody answers"] {
        assert!(refused.to_string().contains(named), "{refused}");
    }
}

#[tokio::test]
async fn a_start_with_everything_down_is_a_start() {
    let name = "outages_start";
    let file = File::new(&three(name, 0, DEGRADED));
    for place in places(name) {
        place.act("health 0", down());
    }
    let clock = Arc::new(ManualClock::new());
    let socorro = builder(&file, &clock).start().await.unwrap();
    let report = socorro.last_report();
    assert_eq!(report.degraded.len(), 3, "{report}");
    let error = socorro
        .storage("a")
        .unwrap()
        .get_raw_crash(number(1))
        .await
        .unwrap_err();
    assert!(
        error.message().contains("nobody answers") && error.is_retryable(),
        "{error}"
    );
    // A reload while they are down keeps them, and says that they are.
    let report = socorro.reload().await;
    assert_eq!(
        (report.outcome, report.degraded.len()),
        (Outcome::Unchanged, 3),
        "{report}"
    );
    for place in places(name) {
        place.go();
    }
    all_back(&socorro, &clock, 1).await;
    let report = socorro.reload().await;
    assert_eq!(
        (report.outcome, report.degraded.len()),
        (Outcome::Unchanged, 0),
        "{report}"
    );
    socorro.shutdown().await;
    for place in places(name) {
        assert_eq!(place.open().0, 0);
    }
}

#[tokio::test]
async fn a_reload_that_requires_what_is_down_leaves_everything_as_it_was() {
    let name = "outages_refused";
    let rig = Rig::start(name, &three(name, 0, "")).await;
    let handles = ["a", "b", "c"].map(|it| rig.socorro.storage(it).unwrap());
    let load = Load::on(&handles);
    load.more(10).await;
    // All of them, then one of them: what could be opened goes again.
    for places in [&places(name)[..], &places(name)[..1]] {
        for place in places {
            place.act("health 1", down());
        }
        let report = rig.reload(&three(name, 1, "")).await;
        assert_eq!(
            (report.outcome, report.errors.len()),
            (Outcome::Refused, places.len()),
            "{report}"
        );
        load.more(10).await;
        for place in places {
            place.go();
        }
    }
    for place in places(name) {
        eventually("only the old ones are open", || place.open().0 == 1).await;
        assert!(!place.history().contains(&"work 1".to_owned()));
    }
    assert_eq!(rig.socorro.reload().await.outcome, Outcome::Applied);
    load.more(10).await;
    load.none_failed().await;
    rig.socorro.shutdown().await;
}

#[tokio::test]
async fn a_reload_that_can_do_without_joins_what_is_down() {
    let name = "outages_joins";
    let rig = Rig::start(name, &three(name, 0, DEGRADED)).await;
    for place in places(name) {
        place.act("open 1", down());
    }
    let report = rig.reload(&three(name, 1, DEGRADED)).await;
    assert_eq!(
        (report.outcome, report.degraded.len()),
        (Outcome::Applied, 3),
        "{report}"
    );
    // The next one replaces what has never been there.
    for place in places(name) {
        place.act("open 2", down());
    }
    let report = rig.reload(&three(name, 2, DEGRADED)).await;
    assert_eq!(
        (report.outcome, report.degraded.len()),
        (Outcome::Applied, 3),
        "{report}"
    );
    for place in places(name) {
        place.go();
    }
    all_back(&rig.socorro, &rig.clock, 1).await;
    for place in places(name) {
        // What was replaced before it was there is probed no more.
        assert!(
            !place.history().contains(&"open 1".to_owned()),
            "{:?}",
            place.history()
        );
    }
    rig.socorro.shutdown().await;
}

#[tokio::test]
async fn what_is_down_cannot_become_required() {
    let name = "outages_becomes";
    let a = storage("a", name, "overlap", 0);
    let place = place(name);
    place.act("open 0", down());
    let rig = Rig::start(name, &format!("{a}{DEGRADED}")).await;
    let report = rig.reload(&a).await;
    assert_eq!(plan(&report), ["change storage.a"]);
    assert_eq!(report.outcome, Outcome::Refused, "{report}");
    assert!(report.to_string().contains("nobody answers"), "{report}");
    place.go();
    eventually("it is back", || {
        rig.clock.advance(SECOND);
        place.open().0 == 1
    })
    .await;
    let mut report = rig.socorro.reload().await;
    while report.outcome == Outcome::Refused {
        report = rig.socorro.reload().await;
    }
    assert_eq!(
        (report.outcome, report.degraded.len()),
        (Outcome::Applied, 0)
    );
    rig.socorro.shutdown().await;
}

/// Healthy when it was asked, gone when it is used: the reload stands, operations are retried until it is back.
#[tokio::test]
async fn what_goes_down_after_it_was_asked_is_an_outage_like_any_other() {
    for (start, exchange) in [
        ("", "overlap"),
        (DEGRADED, "overlap"),
        ("", "break_before_make"),
    ] {
        let name = format!("outages_between_{}_{exchange}", start.len());
        let retry = "retry = { policy = \"infinite_backoff\", delays = [\"60s\"] }\n";
        let with = |revision| format!("{}{start}{retry}", storage("a", &name, exchange, revision));
        let rig = Rig::start(&name, &with(0)).await;
        rig.place.act("save 1", down());
        let report = rig.reload(&with(1)).await;
        assert_eq!(
            (report.outcome, report.degraded.len()),
            (Outcome::Applied, 0),
            "{report}"
        );
        let a = rig.a();
        let save =
            tokio::spawn(async move { a.save_raw_crash(&number(1), &raw("1"), &no_dumps()).await });
        rig.sleeps(SECOND * 60).await;
        rig.place.go();
        rig.clock.advance(SECOND * 60);
        save.await.unwrap().unwrap();
        rig.socorro.shutdown().await;
    }
}

/// What backs off when its instance is replaced tries at once, where it began.
#[tokio::test]
async fn a_save_that_backs_off_goes_on_in_its_generation() {
    let name = "outages_backoff";
    let retry = "retry = { policy = \"infinite_backoff\", delays = [\"300s\"] }\n";
    let with = |revision| format!("{}{retry}", storage("a", name, "overlap", revision));
    let rig = Rig::start(name, &with(0)).await;
    rig.place.act("save 0", down());
    let a = rig.a();
    let save = tokio::spawn({
        let a = a.clone();
        async move { a.save_raw_crash(&number(1), &raw("1"), &no_dumps()).await }
    });
    rig.sleeps(SECOND * 300).await;
    rig.place.go();
    assert_eq!(rig.reload(&with(1)).await.outcome, Outcome::Applied);
    save.await.unwrap().unwrap();
    assert!(!rig.place.history().contains(&"work 1".to_owned()));
    eventually("the old one ends", || {
        rig.place.history().contains(&"gone 0".to_owned())
    })
    .await;
    rig.socorro.shutdown().await;
}

/// Or it ends at the drain deadline, and says what its attempts left.
#[tokio::test]
async fn a_save_that_backs_off_ends_at_the_drain_deadline() {
    for (kind, applied) in [
        (ErrorKind::Unavailable, Applied::No),
        (ErrorKind::Timeout, Applied::Unknown),
    ] {
        let name = format!("outages_drain_{kind:?}");
        let retry = "retry = { policy = \"infinite_backoff\", delays = [\"7s\"] }\n";
        let with = |revision| format!("{}{retry}", storage("a", &name, "overlap", revision));
        let rig = Rig::start(&name, &with(0)).await;
        let failure = Error::new(kind, "not now").with_applied(applied);
        rig.place.act("save 0", Act::Fail(failure));
        let a = rig.a();
        let save = tokio::spawn({
            let a = a.clone();
            async move { a.save_raw_crash(&number(1), &raw("1"), &no_dumps()).await }
        });
        rig.sleeps(SECOND * 7).await;
        assert_eq!(rig.reload(&with(1)).await.outcome, Outcome::Applied);
        rig.sleeps_times(SECOND * 7, 2).await;
        // `reload.drain_timeout` is 30 s: the fifth wait would last beyond it.
        for times in 3..=5 {
            rig.clock.advance(SECOND * 7);
            rig.sleeps_times(SECOND * 7, times).await;
        }
        rig.clock.advance(SECOND * 7);
        let error = save.await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.applied()),
            (ErrorKind::Cancelled, applied),
            "{error}"
        );
        a.save_raw_crash(&number(1), &raw("1"), &no_dumps())
            .await
            .unwrap();
        rig.socorro.shutdown().await;
    }
}

fn mover(name: &str, new: u32, start: &str) -> String {
    format!(
        "{}{start}{}{}[pipeline.mover]\nsource = \"new\"\nfrom = \"from\"\nto = [\"to\"]\n",
        source("new", &format!("{name}_new"), "overlap", new),
        storage("from", &format!("{name}_from"), "overlap", 0),
        storage("to", &format!("{name}_to"), "overlap", 0),
    )
}

struct Mover {
    file: File,
    clock: Arc<ManualClock>,
    socorro: Socorro,
    new: Arc<Place>,
    from: Arc<Place>,
}

impl Mover {
    async fn start(name: &str, start: &str) -> Self {
        let file = File::new(&mover(name, 0, start));
        let clock = Arc::new(ManualClock::new());
        let builder = builder(&file, &clock).pipelines(Pipelines::Forever);
        Self {
            socorro: builder.start().await.unwrap(),
            file,
            clock,
            new: place(&format!("{name}_new")),
            from: place(&format!("{name}_from")),
        }
    }

    fn arrive(&self, at: u64) {
        let mut crashes = self.from.crashes.lock().unwrap();
        crashes.insert(number(at).into(), raw("x"));
        drop(crashes);
        self.new.arrive(number(at));
    }

    async fn acked(&self, count: usize) {
        eventually("they are moved", || {
            self.clock.advance(SECOND);
            self.new.acked.lock().unwrap().len() == count
        })
        .await;
    }
}

#[tokio::test]
async fn a_source_that_is_down_at_the_start_joins_when_it_is_back() {
    let name = "outages_source";
    place(&format!("{name}_new")).act("open 0", down());
    let mover = Mover::start(name, DEGRADED).await;
    let report = mover.socorro.last_report();
    assert_eq!(report.degraded.len(), 1, "{report}");
    assert_eq!(report.degraded[0].0, "source.new");
    mover.arrive(1);
    mover.new.go();
    mover.acked(1).await;
    mover.socorro.shutdown().await;
    assert_eq!(mover.new.open().0, 0);
}

#[tokio::test]
async fn a_source_that_is_down_at_a_reload() {
    let name = "outages_source_reload";
    let required = Mover::start(name, "").await;
    required.arrive(1);
    required.acked(1).await;
    required.new.act("open 1", down());
    required.file.edit(&mover(name, 1, ""));
    let report = required.socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Refused, "{report}");
    required.arrive(2);
    required.acked(2).await;
    // One that may be missing takes over all the same, and hands out what came when it is there.
    required.file.edit(&mover(name, 1, DEGRADED));
    let report = required.socorro.reload().await;
    assert_eq!(
        (report.outcome, report.degraded.len()),
        (Outcome::Applied, 1),
        "{report}"
    );
    eventually("the old one ends", || required.new.open().0 == 0).await;
    required.arrive(3);
    required.new.go();
    required.acked(3).await;
    required.socorro.shutdown().await;
    assert_eq!(required.new.open().0, 0);
}

/// A source that goes away between the opening and the first crash is asked again until it is back.
#[tokio::test]
async fn a_source_that_goes_down_after_it_was_opened() {
    let name = "outages_source_between";
    let mover_ = Mover::start(name, "").await;
    mover_.new.act("receive 1", down());
    mover_.file.edit(&mover(name, 1, ""));
    let report = mover_.socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Applied, "{report}");
    mover_.new.logged("work 1").await;
    mover_.arrive(1);
    mover_.new.go();
    mover_.acked(1).await;
    mover_.socorro.shutdown().await;
}
