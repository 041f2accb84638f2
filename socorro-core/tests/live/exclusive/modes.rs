//! Which mode, and that operations notice nothing but a wait.

use socorro_core::live::Outcome;
use socorro_core::plugin::Exchange;

use super::plugin::place;
use super::rig::{Load, MODES, Rig, number, storage};
use crate::support::{eventually, no_dumps, plan, raw};

/// Where the first of these entries is in the log.
fn position(log: &[String], entry: &str) -> usize {
    let found = log.iter().position(|it| it == entry);
    found.unwrap_or_else(|| panic!("no {entry} in {log:?}"))
}

#[tokio::test]
async fn each_mode_exchanges_under_load() {
    for exchange in MODES {
        let name = format!("modes_{exchange}");
        let rig = Rig::with_a(&name, exchange).await;
        let load = Load::on(&[rig.a()]);
        load.more(20).await;
        let report = rig.reload(&storage("a", &name, exchange, 1)).await;
        assert_eq!(report.outcome, Outcome::Applied, "{report}");
        load.more(20).await;
        let crashes = load.none_failed().await;
        eventually("the old one ends", || rig.place.open().0 == 1).await;
        let log = rig.place.history();
        let (made, broken) = (position(&log, "open 1"), position(&log, "gone 0"));
        match exchange {
            "break_before_make" => assert!(broken < made, "{log:?}"),
            "handover" => {
                assert!(
                    made < broken && broken < position(&log, "work 1"),
                    "{log:?}"
                );
            }
            _ => assert!(made < broken, "{log:?}"),
        }
        let most = if exchange == "break_before_make" {
            1
        } else {
            2
        };
        assert_eq!(rig.place.open().1, most, "{log:?}");
        // No save was lost, and none was made twice.
        let saves = rig.place.saves.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(saves, crashes);
        assert_eq!(rig.place.crashes.lock().unwrap().len() as u64, crashes);
        rig.socorro.shutdown().await;
        assert_eq!(rig.place.open().0, 0);
    }
}

#[tokio::test]
async fn the_diff_and_the_report_say_the_mode_and_why() {
    let rig = Rig::with_a("modes_told", "handover").await;
    rig.edit(&storage("b", "modes_told", "break_before_make", 1));
    let told = "break before make: place modes_told of storage.a";
    let diff = rig.socorro.diff().await.unwrap();
    assert!(diff.to_string().contains(told), "{diff}");
    let json = diff.to_json();
    assert_eq!(
        json["successions"]["storage.b"]["mode"],
        "break_before_make"
    );
    assert_eq!(
        json["successions"]["storage.b"]["reasons"][0]["from"],
        "storage.a"
    );
    let saved = diff.saved().to_text();
    assert!(
        saved.contains("\"exchange\": \"break_before_make\""),
        "{saved}"
    );
    let report = rig.socorro.reload().await;
    assert_eq!(plan(&report), ["remove storage.a", "add storage.b"]);
    assert!(report.to_string().contains(told), "{report}");
    assert!(report.to_string().contains("exchange"), "{report}");
    rig.socorro.shutdown().await;
}

#[tokio::test]
async fn what_is_reviewed_is_also_how_it_is_exchanged() {
    let rig = Rig::with_a("modes_saved", "overlap").await;
    rig.edit(&storage("a", "modes_saved", "break_before_make", 1));
    let plan = rig.socorro.diff().await.unwrap().saved();
    let text = plan.to_text().replace("break_before_make\"", "handover\"");
    let other = socorro_core::live::SavedPlan::parse(&text).unwrap();
    let report = rig.socorro.reload_expecting(&other).await;
    assert_eq!(report.outcome, Outcome::Refused);
    assert!(report.to_string().contains("break before make"), "{report}");
    assert_eq!(
        rig.socorro.reload_expecting(&plan).await.outcome,
        Outcome::Applied
    );
    rig.socorro.shutdown().await;
}

/// A directory keeps its content under another name; the composite over it never stops.
#[tokio::test]
async fn a_storage_is_renamed_while_its_place_stays() {
    for exchange in MODES {
        let name = format!("modes_renamed_{exchange}");
        let all = |child: &str| {
            format!("[storage.all]\ntype = \"fanout\"\nstores = [\"{child}\", \"other\"]\n")
        };
        let other = storage("other", &format!("{name}_other"), "overlap", 0);
        let before = format!(
            "{}{other}{}",
            all("spool"),
            storage("spool", &name, exchange, 0)
        );
        let rig = Rig::start(&name, &before).await;
        let load = Load::on(&[
            rig.socorro.storage("all").unwrap(),
            rig.socorro.storage("other").unwrap(),
        ]);
        load.more(20).await;
        let after = format!(
            "{}{other}{}",
            all("inbox"),
            storage("inbox", &name, exchange, 0)
        );
        let report = rig.reload(&after).await;
        assert_eq!(report.outcome, Outcome::Applied, "{report}");
        let mode = report
            .plan
            .successions
            .iter()
            .find(|(part, _)| part.name() == "inbox");
        let mode = mode.map_or(Exchange::Overlap, |(_, how)| how.mode);
        assert_eq!(serde_json::to_value(mode).unwrap(), exchange);
        load.more(20).await;
        load.none_failed().await;
        if exchange == "break_before_make" {
            assert_eq!(rig.place.open().1, 1);
        }
        rig.socorro.shutdown().await;
    }
}

#[tokio::test]
async fn two_that_change_places() {
    let (x, y) = ("modes_swap_x", "modes_swap_y");
    let both = |a: &str, b: &str, revision| {
        format!(
            "{}{}",
            storage("a", a, "break_before_make", revision),
            storage("b", b, "break_before_make", revision)
        )
    };
    let rig = Rig::start(x, &both(x, y, 0)).await;
    let (a, b) = (rig.a(), rig.socorro.storage("b").unwrap());
    a.save_raw_crash(&number(1), &raw("at x"), &no_dumps())
        .await
        .unwrap();
    b.save_raw_crash(&number(2), &raw("at y"), &no_dumps())
        .await
        .unwrap();
    let report = rig.reload(&both(y, x, 0)).await;
    assert_eq!(report.outcome, Outcome::Applied, "{report}");
    assert_eq!(b.get_raw_crash(number(1)).await.unwrap(), raw("at x"));
    assert_eq!(a.get_raw_crash(number(2)).await.unwrap(), raw("at y"));
    assert_eq!((place(x).open(), place(y).open()), ((1, 1), (1, 1)));
    rig.socorro.shutdown().await;
}

/// What was removed by one reload still drains when the next one wants its place.
#[tokio::test]
async fn an_instance_of_an_earlier_configuration_is_waited_for() {
    for exchange in ["handover", "break_before_make"] {
        let name = format!("modes_earlier_{exchange}");
        let elsewhere = storage("c", &format!("{name}_c"), "overlap", 0);
        let a = storage("a", &name, exchange, 0);
        let rig = Rig::start(&name, &format!("{a}{elsewhere}")).await;
        let pinned = rig.a().pinned();
        // The name is not held by a handle any more, the instance is: by an operation.
        rig.place.act("save 0", super::plugin::Act::Hang);
        let save = tokio::spawn(async move {
            let outcome = pinned
                .save_raw_crash(&number(1), &raw("1"), &no_dumps())
                .await;
            drop(pinned);
            outcome
        });
        rig.place.logged("save 0 hangs").await;
        // A handle keeps the name from being removed; another name for the place goes round that.
        let error = rig.reload(&elsewhere).await;
        assert_eq!(error.outcome, Outcome::Refused, "{error}");
        rig.place.go();
        save.await.unwrap().unwrap();
        assert_eq!(rig.reload(&elsewhere).await.outcome, Outcome::Applied);
        let b = storage("b", &name, exchange, 1);
        let report = rig.reload(&format!("{b}{elsewhere}")).await;
        assert_eq!(report.outcome, Outcome::Applied, "{report}");
        let log = rig.place.history();
        if exchange == "break_before_make" {
            assert!(
                position(&log, "gone 0") < position(&log, "open 1"),
                "{log:?}"
            );
            assert_eq!(rig.place.open().1, 1);
        }
        rig.socorro.shutdown().await;
    }
}
