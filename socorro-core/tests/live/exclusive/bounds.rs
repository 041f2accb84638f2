//! How many operations wait, and how long.

use std::time::Duration;

use socorro_core::error::Applied;
use socorro_core::live::Outcome;
use socorro_core::{Error, ErrorKind};

use super::plugin::Act;
use super::rig::{Load, PARK, Rig, number, storage};
use crate::support::{eventually, no_dumps, raw};

fn bounded(name: &str, revision: u32, bounds: &str) -> String {
    format!(
        "{}{bounds}\n",
        storage("a", name, "break_before_make", revision)
    )
}

#[tokio::test]
async fn what_waits_is_bounded_by_count() {
    let name = "bounds_count";
    let rig = Rig::start(name, &bounded(name, 0, "max_operations = 3")).await;
    rig.place.act("open 1", Act::Hang);
    let reload = rig.reloading(&bounded(name, 1, "max_operations = 3"));
    rig.place.logged("open 1 hangs").await;
    let a = rig.a();
    let save = |at: u64| {
        let a = a.clone();
        tokio::spawn(async move { a.save_raw_crash(&number(at), &raw("x"), &no_dumps()).await })
    };
    let waiting = [save(1), save(2), save(3)];
    rig.sleeps_times(PARK, 3).await;
    let error = a.get_raw_crash(number(1)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Overloaded, Applied::No)
    );
    rig.place.go();
    assert_eq!(reload.await.unwrap().outcome, Outcome::Applied);
    for save in waiting {
        save.await.unwrap().unwrap();
    }
    assert_eq!(rig.place.crashes.lock().unwrap().len(), 3);
    rig.socorro.shutdown().await;
}

#[tokio::test]
async fn what_waits_is_bounded_by_bytes() {
    let name = "bounds_bytes";
    let rig = Rig::start(
        name,
        &bounded(
            name,
            0,
            "max_bytes = \"150B\"\n[limits]\ncrash_size = \"100B\"",
        ),
    )
    .await;
    rig.place.act("open 1", Act::Hang);
    // The new configuration's bounds count for what comes, not for what waits already.
    let reload = rig.reloading(&bounded(
        name,
        1,
        "max_bytes = \"110B\"\n[limits]\ncrash_size = \"100B\"",
    ));
    rig.place.logged("open 1 hangs").await;
    let a = rig.a();
    let long = "x".repeat(80);
    let waiting = tokio::spawn({
        let (a, long) = (a.clone(), long.clone());
        async move { a.save_raw_crash(&number(1), &raw(&long), &no_dumps()).await }
    });
    rig.sleeps(PARK).await;
    let error = a
        .save_raw_crash(&number(2), &raw(&long), &no_dumps())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    rig.place.go();
    assert_eq!(reload.await.unwrap().outcome, Outcome::Applied);
    waiting.await.unwrap().unwrap();
    rig.socorro.shutdown().await;
}

#[tokio::test]
async fn an_operation_waits_no_longer_than_its_deadline() {
    let name = "bounds_deadline";
    let rig = Rig::with_a(name, "break_before_make").await;
    rig.place.act("open 1", Act::Hang);
    let reload = rig.reloading(&storage("a", name, "break_before_make", 1));
    rig.place.logged("open 1 hangs").await;
    let deadline = std::time::Instant::now() + Duration::from_secs(3600);
    let long = rig.a().with_deadline(deadline);
    let short = rig.a().with_deadline(std::time::Instant::now());
    let error = short.get_raw_crash(number(1)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Timeout, Applied::No)
    );
    let waiting = tokio::spawn(async move { long.get_raw_crash(number(1)).await });
    rig.sleeps(PARK).await;
    rig.place.go();
    reload.await.unwrap();
    assert!(waiting.await.unwrap().unwrap_err().is_not_found());
    rig.socorro.shutdown().await;
}

/// What a reload forbids is not read from what it opened, by whomever asked before.
#[tokio::test]
async fn what_waits_is_redacted_as_where_it_runs() {
    let name = "bounds_redacted";
    let rig = Rig::with_a(name, "break_before_make").await;
    let read = || {
        let a = rig.a();
        tokio::spawn(async move {
            let processed = a.get_processed_crash(number(1)).await.unwrap();
            String::from_utf8_lossy(processed.as_bytes()).into_owned()
        })
    };
    assert_eq!(read().await.unwrap(), r#"{"revision":0,"note":"n"}"#);

    rig.place.act("open 1", Act::Hang);
    let reload = rig.reloading(&format!(
        "{}[redaction]\nforbidden_keys = [\"note\"]\n",
        storage("a", name, "break_before_make", 1)
    ));
    rig.place.logged("open 1 hangs").await;
    let waiting = read();
    rig.sleeps(PARK).await;
    rig.place.go();
    assert_eq!(reload.await.unwrap().outcome, Outcome::Applied);
    assert_eq!(waiting.await.unwrap(), r#"{"revision":1}"#);
    rig.socorro.shutdown().await;
}

/// Cancelling at the drain deadline is what lets a reload cure what hangs.
#[tokio::test]
async fn what_hangs_in_the_old_one_is_cancelled_at_the_drain_deadline() {
    for exchange in ["handover", "break_before_make"] {
        let name = format!("bounds_drain_{exchange}");
        let rig = Rig::with_a(&name, exchange).await;
        rig.place.act("save 0", Act::Hang);
        let a = rig.a();
        let hangs = tokio::spawn({
            let a = a.clone();
            async move { a.save_raw_crash(&number(1), &raw("1"), &no_dumps()).await }
        });
        rig.place.logged("save 0 hangs").await;
        let reload = rig.reloading(&storage("a", &name, exchange, 1));
        rig.parks().await;
        let waits = tokio::spawn({
            let a = a.clone();
            async move { a.save_raw_crash(&number(2), &raw("2"), &no_dumps()).await }
        });
        rig.sleeps(PARK).await;
        rig.clock.advance(PARK / 4);
        let error = hangs.await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.applied()),
            (ErrorKind::Cancelled, Applied::Unknown)
        );
        let report = reload.await.unwrap();
        assert_eq!(report.outcome, Outcome::Applied, "{report}");
        waits.await.unwrap().unwrap();
        rig.place.go();
        rig.socorro.shutdown().await;
    }
}

/// A save that waits for its next attempt makes it at once, on the instance that it began on.
#[tokio::test]
async fn what_backs_off_tries_at_once() {
    for exchange in ["handover", "break_before_make"] {
        let name = format!("bounds_backoff_{exchange}");
        let retry = "retry = { policy = \"infinite_backoff\", delays = [\"300s\"] }\n";
        let with = |revision| format!("{}{retry}", storage("a", &name, exchange, revision));
        let rig = Rig::start(&name, &with(0)).await;
        rig.place.act(
            "save 0",
            Act::Fail(Error::new(ErrorKind::Unavailable, "not now")),
        );
        let a = rig.a();
        let save =
            tokio::spawn(async move { a.save_raw_crash(&number(1), &raw("1"), &no_dumps()).await });
        rig.sleeps(Duration::from_secs(300)).await;
        rig.place.go();
        let report = rig.reload(&with(1)).await;
        assert_eq!(report.outcome, Outcome::Applied, "{report}");
        save.await.unwrap().unwrap();
        assert!(!rig.place.history().contains(&"work 1".to_owned()));
        rig.socorro.shutdown().await;
    }
}

/// One that is not cured ends with what its attempts left.
#[tokio::test]
async fn what_backs_off_ends_at_the_drain_deadline() {
    let name = "bounds_backoff_ends";
    let retry = "retry = { policy = \"infinite_backoff\", delays = [\"1s\"] }\n";
    let with = |revision| {
        format!(
            "{}{retry}",
            storage("a", name, "break_before_make", revision)
        )
    };
    let rig = Rig::start(name, &with(0)).await;
    rig.place.act(
        "save 0",
        Act::Fail(Error::new(ErrorKind::Unavailable, "not now")),
    );
    let a = rig.a();
    let save = tokio::spawn({
        let a = a.clone();
        async move { a.save_raw_crash(&number(1), &raw("1"), &no_dumps()).await }
    });
    rig.sleeps(Duration::from_secs(1)).await;
    let reload = rig.reloading(&with(1));
    rig.parks().await;
    rig.sleeps_times(Duration::from_secs(1), 2).await;
    rig.clock.advance(PARK / 4);
    let error = save.await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Cancelled, Applied::No),
        "{error}"
    );
    assert_eq!(reload.await.unwrap().outcome, Outcome::Applied);
    a.save_raw_crash(&number(1), &raw("1"), &no_dumps())
        .await
        .unwrap();
    rig.socorro.shutdown().await;
}

/// Whoever keeps an instance is told of by the reload that could not have it; nobody else notices.
#[tokio::test]
async fn a_pinned_handle_that_is_kept_refuses_the_reload() {
    for exchange in ["handover", "break_before_make"] {
        let name = format!("bounds_pinned_{exchange}");
        let rig = Rig::with_a(&name, exchange).await;
        let pinned = rig.a().pinned();
        let load = Load::on(&[rig.a()]);
        load.more(5).await;
        let reload = rig.reloading(&storage("a", &name, exchange, 1));
        rig.parks().await;
        // It goes on in its generation meanwhile.
        pinned
            .save_raw_crash(&number(u64::MAX), &raw("p"), &no_dumps())
            .await
            .unwrap();
        rig.clock.advance(PARK / 4);
        rig.clock.advance(PARK / 4);
        let report = reload.await.unwrap();
        assert_eq!(report.outcome, Outcome::Refused, "{report}");
        assert!(report.to_string().contains("pinned handle"), "{report}");
        load.more(5).await;
        load.none_failed().await;
        let log = rig.place.history();
        assert!(!log.contains(&"close 0".to_owned()), "{log:?}");
        pinned.get_raw_crash(number(u64::MAX)).await.unwrap();
        drop(pinned);
        assert_eq!(rig.socorro.reload().await.outcome, Outcome::Applied);
        rig.socorro.shutdown().await;
    }
}

/// A composite's operation holds all that is below it, from its start to its end.
#[tokio::test]
async fn an_operation_on_a_composite_is_waited_for_and_then_cancelled() {
    let name = "bounds_composite";
    let other = storage("b", "bounds_composite_b", "overlap", 0);
    let all = "[storage.all]\ntype = \"fanout\"\nstores = [\"a\", \"b\"]\n";
    let with = |revision| {
        format!(
            "{all}{other}{}",
            storage("a", name, "break_before_make", revision)
        )
    };
    let rig = Rig::start(name, &with(0)).await;
    let b = super::plugin::place("bounds_composite_b");
    b.act("save 0", Act::Hang);
    let all = rig.socorro.storage("all").unwrap();
    let save = |at| {
        let all = all.clone();
        tokio::spawn(async move {
            all.save_raw_crash(&number(at), &raw("x"), &no_dumps())
                .await
        })
    };
    let first = save(1);
    b.logged("save 0 hangs").await;
    let reload = rig.reloading(&with(1));
    rig.parks().await;
    let second = save(2);
    rig.sleeps(PARK).await;
    rig.clock.advance(PARK / 4);
    let error = first.await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Cancelled, Applied::Unknown),
        "{error}"
    );
    assert_eq!(reload.await.unwrap().outcome, Outcome::Applied);
    b.go();
    second.await.unwrap().unwrap();
    eventually("one is open", || rig.place.open().0 == 1).await;
    assert_eq!(rig.place.open().1, 1);
    rig.socorro.shutdown().await;
}
