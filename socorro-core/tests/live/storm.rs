//! More requests to reload than anybody can follow, and requests that come too late.

use socorro_core::live::coordinator::Phase;
use socorro_core::live::{Outcome, Trigger};

use crate::scripted::script;
use crate::support::File;

fn text(revision: u32) -> String {
    // An attempt waits here until all have asked, however long that takes.
    format!(
        "[reload]\ntimeout = \"1h\"\n[storage.a]\ntype = \"scripted\"\ntag = \"storm\"\nrevision = {revision}\n"
    )
}

#[tokio::test]
async fn however_many_ask_meanwhile_one_attempt_follows_with_the_last_file() {
    let file = File::new(&text(0));
    let socorro = file.start().await;
    let script = script("storm");
    // That was the start.
    script.at_open_gate.notified().await;
    script.shut_open_gate();
    file.edit(&text(1));
    let first = tokio::spawn({
        let socorro = socorro.clone();
        async move { socorro.reload().await }
    });
    script.at_open_gate.notified().await;
    for revision in 2..=1001 {
        file.edit(&text(revision));
        for _ in 0..1000 {
            socorro.request_reload(Trigger::Hangup);
        }
    }
    let last = tokio::spawn({
        let socorro = socorro.clone();
        async move { socorro.reload().await }
    });
    // Answered in its turn, when everybody before it has been heard.
    socorro.diff().await.unwrap();
    script.open_gate.add_permits(1_000_000);
    let (first, last) = (first.await.unwrap(), last.await.unwrap());
    assert_eq!((first.attempt, first.outcome), (1, Outcome::Applied));
    // A million requests, one attempt.
    assert_eq!((last.attempt, last.outcome), (2, Outcome::Applied));
    let diff = socorro.diff().await.unwrap();
    assert!(diff.is_empty(), "it runs the last file: {diff}");
    socorro.shutdown().await;
}

#[tokio::test]
async fn the_end_wins_over_an_attempt_and_whoever_asks_after_it_is_refused() {
    let tag = "storm_end";
    let text = |revision| text(revision).replace("storm", tag);
    let file = File::new(&text(0));
    let socorro = file.start().await;
    let script = script(tag);
    script.shut_open_gate();
    file.edit(&text(1));
    socorro.request_reload(Trigger::Hangup);
    let mut activity = socorro.activity();
    let reloading = |phase| matches!(phase, Phase::Reloading { .. });
    activity.wait_for(|it| reloading(it.phase)).await.unwrap();
    let ending = tokio::spawn({
        let socorro = socorro.clone();
        async move { socorro.shutdown().await }
    });
    let stopping = |phase| phase == Phase::Stopping;
    activity.wait_for(|it| stopping(it.phase)).await.unwrap();
    for _ in 0..1000 {
        socorro.request_reload(Trigger::Hangup);
    }
    assert_eq!(socorro.reload().await.outcome, Outcome::Refused);
    script.open_gate.add_permits(1);
    ending.await.unwrap();
    assert_eq!(socorro.last_report().attempt, 1);
    assert_eq!(socorro.last_report().outcome, Outcome::Refused);
    assert_eq!(socorro.generation(), 0);
}
