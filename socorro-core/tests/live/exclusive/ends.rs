//! What becomes of an exchange that is given up in the middle, or cannot go back at once.

use std::time::Duration;

use socorro_core::error::Applied;
use socorro_core::live::Outcome;
use socorro_core::{Error, ErrorKind};

use super::plugin::Act;
use super::rig::{Load, PARK, Rig, number, storage};
use crate::support::{eventually, no_dumps, raw};

#[tokio::test]
async fn an_attempt_that_takes_too_long_goes_back() {
    let name = "ends_timeout";
    let short = "timeout = \"3s\"\n";
    let with = |revision| {
        format!(
            "{short}{}",
            storage("a", name, "break_before_make", revision)
        )
    };
    let rig = Rig::impatient(name, &with(0)).await;
    rig.place.act("open 1", Act::Hang);
    let load = Load::on(&[rig.a()]);
    load.more(5).await;
    let reload = rig.reloading(&with(1));
    rig.place.logged("open 1 hangs").await;
    rig.clock.advance(Duration::from_secs(3));
    let report = reload.await.unwrap();
    assert!(
        report.timed_out && report.outcome == Outcome::Refused,
        "{report}"
    );
    load.more(5).await;
    load.none_failed().await;
    rig.place.go();
    eventually("only the old one is open", || rig.place.open().0 == 1).await;
    assert_eq!(rig.place.open().1, 1);
    assert!(!rig.place.history().contains(&"work 1".to_owned()));
    let report = rig.socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Applied, "{report}");
    rig.socorro.shutdown().await;
    assert_eq!(rig.place.open().0, 0);
}

#[tokio::test]
async fn the_end_of_the_program_goes_back_and_sees_through_what_waits() {
    for step in ["open 1", "close 0"] {
        let name = format!("ends_term_{}", step.replace(' ', "_"));
        let rig = Rig::with_a(&name, "break_before_make").await;
        rig.place.act(step, Act::Hang);
        let reload = rig.reloading(&storage("a", &name, "break_before_make", 1));
        rig.place.logged(&format!("{step} hangs")).await;
        let a = rig.a();
        let waits =
            tokio::spawn(async move { a.save_raw_crash(&number(1), &raw("1"), &no_dumps()).await });
        rig.sleeps(PARK).await;
        let socorro = rig.socorro.clone();
        let end = tokio::spawn(async move { socorro.shutdown().await });
        let report = reload.await.unwrap();
        assert_eq!(report.outcome, Outcome::Refused, "{report}");
        rig.place.go();
        waits.await.unwrap().unwrap();
        end.await.unwrap();
        assert!(
            rig.place
                .crashes
                .lock()
                .unwrap()
                .contains_key(&number(1).into())
        );
        eventually("nothing is open", || rig.place.open().0 == 0).await;
        assert!(!rig.place.history().contains(&"work 1".to_owned()));
    }
}

/// The driver refuses what was prepared: a handle to a removed storage was made in the meantime.
#[tokio::test]
async fn what_is_prepared_and_not_committed_goes_back() {
    let name = "ends_refused";
    let a = |revision| storage("a", name, "break_before_make", revision);
    let b = storage("b", "ends_refused_b", "overlap", 0);
    let rig = Rig::start(name, &format!("{}{b}", a(0))).await;
    rig.place.act("open 1", Act::Hang);
    let load = Load::on(&[rig.a()]);
    load.more(5).await;
    let reload = rig.reloading(&a(1));
    rig.place.logged("open 1 hangs").await;
    let held = rig.socorro.storage("b").unwrap();
    rig.place.go();
    let report = reload.await.unwrap();
    assert_eq!(report.outcome, Outcome::Refused, "{report}");
    assert!(report.to_string().contains("storage.b"), "{report}");
    load.more(5).await;
    load.none_failed().await;
    eventually("only the old one is open", || rig.place.open().0 == 1).await;
    assert_eq!(rig.place.open().1, 1);
    drop(held);
    assert_eq!(rig.socorro.reload().await.outcome, Outcome::Applied);
    rig.socorro.shutdown().await;
}

/// Neither opens: the part is probed, and comes back with the old options.
#[tokio::test]
async fn what_does_not_open_again_is_tried_until_it_can() {
    let name = "ends_probed";
    let rig = Rig::with_a(name, "break_before_make").await;
    let down = Error::new(ErrorKind::Unavailable, "nobody answers");
    rig.place.act("open 1", Act::Fail(down.clone()));
    rig.place.act("open 0", Act::Fail(down));
    let report = rig
        .reload(&storage("a", name, "break_before_make", 1))
        .await;
    assert_eq!(report.outcome, Outcome::Refused);
    let text = report.to_string();
    assert!(
        text.contains("could not be opened again") && text.contains("nobody answers"),
        "{text}"
    );
    let a = rig.a();
    let error = a.get_raw_crash(number(1)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::Unavailable, true)
    );
    rig.place.go();
    rig.sleeps(Duration::from_secs(1)).await;
    rig.clock.advance(Duration::from_secs(1));
    rig.place.logged_times("open 0", 2).await;
    eventually("it serves", || rig.place.open().0 == 1).await;
    while a
        .save_raw_crash(&number(1), &raw("1"), &no_dumps())
        .await
        .is_err()
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.socorro.reload().await.outcome, Outcome::Applied);
    rig.socorro.shutdown().await;
    assert_eq!(rig.place.open(), (0, 1));
}

/// The old one does not end: nothing else is opened beside it, and whoever waits is told in time.
#[tokio::test]
async fn an_end_that_hangs_is_waited_for() {
    let name = "ends_hangs";
    let rig = Rig::patient(name, &storage("a", name, "break_before_make", 0)).await;
    rig.place.act("close 0", Act::Hang);
    let reload = rig.reloading(&storage("a", name, "break_before_make", 1));
    rig.place.logged("close 0 hangs").await;
    let a = rig.a();
    let waits = tokio::spawn({
        let a = a.clone();
        async move { a.save_raw_crash(&number(1), &raw("1"), &no_dumps()).await }
    });
    rig.sleeps(PARK).await;
    rig.parks().await;
    rig.clock.advance(PARK / 4);
    rig.clock.advance(PARK / 4);
    // The way back has the other half.
    rig.sleeps_times(PARK / 2, 2).await;
    rig.clock.advance(PARK / 2);
    let error = waits.await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Unavailable, Applied::No),
        "{error}"
    );
    let report = reload.await.unwrap();
    assert_eq!(report.outcome, Outcome::Refused);
    assert!(report.to_string().contains("had not ended"), "{report}");
    assert_eq!(rig.place.open(), (1, 1));
    // It ends after all: then it is opened again.
    rig.place.go();
    rig.place.logged("gone 0").await;
    eventually("it is opened again", || {
        rig.clock.advance(Duration::from_secs(1));
        rig.place.open().0 == 1
    })
    .await;
    while a
        .save_raw_crash(&number(1), &raw("1"), &no_dumps())
        .await
        .is_err()
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.place.open().1, 1);
    rig.socorro.shutdown().await;
}
