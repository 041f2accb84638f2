//! Each mode, with each step failing in each way: no operation fails, and the old instance serves.

use socorro_core::live::{Outcome, ReloadReport};
use socorro_core::{Error, ErrorKind};

use super::plugin::Act;
use super::rig::{Load, MODES, Rig, storage};
use crate::support::eventually;

fn unavailable() -> Act {
    Act::Fail(Error::new(ErrorKind::Unavailable, "nobody answers"))
}

/// Reloads to revision 1 under load, with `step` of it doing `act`; whatever it is, no operation fails.
async fn cell(exchange: &str, step: &str, act: Act) -> (Rig, ReloadReport) {
    let kind = match act {
        Act::Fail(_) => "fails",
        Act::Panic => "panics",
        Act::Hang => "hangs",
    };
    let name = format!("cell_{exchange}_{}_{kind}", step.replace(' ', "_"));
    let rig = match act {
        Act::Hang => Rig::impatient(&name, &storage("a", &name, exchange, 0)).await,
        Act::Fail(_) | Act::Panic => Rig::with_a(&name, exchange).await,
    };
    rig.place.act(step, act);
    let load = Load::on(&[rig.a()]);
    load.more(10).await;
    let report = rig.reload(&storage("a", &name, exchange, 1)).await;
    load.more(10).await;
    let crashes = load.none_failed().await;
    let saves = rig.place.saves.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(saves, crashes, "a save was lost or made twice");
    (rig, report)
}

/// The old instance serves, and the next reload succeeds.
async fn as_before(rig: Rig, exchange: &str, report: &ReloadReport) {
    assert_eq!(
        (report.outcome, report.generation),
        (Outcome::Refused, 1),
        "{report}"
    );
    assert!(report.degraded.is_empty(), "{report}");
    rig.place.go();
    eventually("only the old one is open", || rig.place.open().0 == 1).await;
    let log = rig.place.history();
    assert!(!log.contains(&"work 1".to_owned()), "{log:?}");
    let again = log.iter().filter(|entry| *entry == "open 0").count();
    // Only what was broken is made again.
    let broken = exchange == "break_before_make";
    assert_eq!(again, if broken { 2 } else { 1 }, "{log:?}");
    if broken {
        assert_eq!(rig.place.open().1, 1, "{log:?}");
    }
    let load = Load::on(&[rig.a()]);
    load.more(5).await;
    let report = rig.socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Applied, "{report}");
    load.more(5).await;
    load.none_failed().await;
    rig.socorro.shutdown().await;
    assert_eq!(rig.place.open().0, 0);
}

#[tokio::test]
async fn the_new_one_does_not_open() {
    for exchange in MODES {
        for act in [unavailable(), Act::Panic] {
            let (rig, report) = cell(exchange, "open 1", act).await;
            let report_text = report.to_string();
            assert!(
                report_text.contains("nobody answers") || report_text.contains("panic"),
                "{report}"
            );
            as_before(rig, exchange, &report).await;
        }
    }
}

#[tokio::test]
async fn the_new_one_is_not_healthy() {
    for exchange in MODES {
        for act in [unavailable(), Act::Panic] {
            let (rig, report) = cell(exchange, "health 1", act).await;
            as_before(rig, exchange, &report).await;
        }
    }
}

/// Opening has a quarter of the time that operations wait.
#[tokio::test]
async fn opening_the_new_one_hangs() {
    for exchange in MODES {
        let (rig, report) = cell(exchange, "open 1", Act::Hang).await;
        assert!(
            report.to_string().contains("timed out") || report.to_string().contains("within"),
            "{report}"
        );
        // Otherwise it might open after all, when everything goes again.
        rig.place.logged("open 1 hangs no more").await;
        as_before(rig, exchange, &report).await;
    }
}

/// An old instance that cannot flush, or panics, has ended all the same: the report of stragglers has it.
#[tokio::test]
async fn closing_the_old_one_fails() {
    for exchange in MODES {
        for act in [unavailable(), Act::Panic] {
            let (rig, report) = cell(exchange, "close 0", act).await;
            assert_eq!(report.outcome, Outcome::Applied, "{report}");
            eventually("it is told", || !rig.socorro.stragglers().is_empty()).await;
            rig.socorro.shutdown().await;
            assert_eq!(rig.place.open().0, 0);
        }
    }
}
