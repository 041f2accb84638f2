//! What was reviewed is what is applied, or nothing is.

use socorro_core::config::Layers;
use socorro_core::live::{Outcome, SavedPlan, Trigger};

use crate::support::{File, plan};

fn text(revision: u32) -> String {
    format!("[storage.a]\ntype = \"scripted\"\ntag = \"expect\"\nrevision = {revision}\n")
}

/// As it comes back from a file.
fn through_text(saved: &SavedPlan) -> SavedPlan {
    SavedPlan::parse(&saved.to_text()).unwrap()
}

#[tokio::test]
async fn what_was_reviewed_is_applied() {
    let file = File::new(&text(1));
    let reviewed = File::new(&text(2));
    // Beside the running program, as the command makes it.
    let diff = file
        .builder()
        .diff(&Layers::new().file(reviewed.path()))
        .await
        .unwrap();
    let socorro = file.start().await;
    let saved = through_text(&diff.saved());

    let report = socorro.reload_expecting(&saved).await;
    assert_eq!((report.outcome, report.generation), (Outcome::Refused, 1));
    let errors: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "not what was expected, make the plan anew: storage.a: the configuration does not say what was reviewed",
            "not what was expected, make the plan anew: storage.a: the plan says replace, a reload now would say keep",
        ]
    );

    file.edit(&text(2));
    let report = socorro.reload_expecting(&saved).await;
    assert_eq!((report.outcome, report.generation), (Outcome::Applied, 2));
    assert_eq!(plan(&report), ["replace storage.a"]);

    // It starts from what does not run any more.
    let report = socorro.reload_expecting(&saved).await;
    assert_eq!((report.outcome, report.generation), (Outcome::Refused, 2));
    assert!(
        report.errors[0]
            .to_string()
            .contains("what runs is not what the plan starts from")
    );
    socorro.shutdown().await;
    assert_eq!(
        socorro.reload_expecting(&saved).await.outcome,
        Outcome::Refused
    );
}

#[tokio::test]
async fn an_edit_after_the_review_is_refused_until_somebody_reloads_without_a_plan() {
    let file = File::new(&text(1));
    let socorro = file.start().await;
    file.edit(&text(2));
    let saved = socorro.diff().await.unwrap().saved();
    file.edit(&text(3));
    let (expecting, plain) = tokio::join!(socorro.reload_expecting(&saved), socorro.reload());
    // Each was an attempt of its own, in whichever order.
    assert_eq!(
        (expecting.outcome, plain.outcome),
        (Outcome::Refused, Outcome::Applied)
    );
    assert_ne!(expecting.attempt, plain.attempt);
    assert_eq!(socorro.generation(), 2);
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_hangup_meanwhile_is_not_lost() {
    let file = File::new(&text(1));
    let socorro = file.start().await;
    let nothing = socorro.diff().await.unwrap().saved();
    file.edit(&text(2));
    let many: Vec<_> = (0..10)
        .map(|_| socorro.reload_expecting(&nothing))
        .collect();
    let reports = tokio::join!(futures_util::future::join_all(many), async {
        socorro.request_reload(Trigger::Hangup);
    });
    assert!(
        reports
            .0
            .iter()
            .all(|report| report.outcome == Outcome::Refused)
    );
    let last = socorro.reload().await;
    assert!(last.in_sync());
    assert_eq!(socorro.generation(), 2);
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_secret_that_alone_decides_is_noticed() {
    let file = File::new("");
    std::fs::write(file.beside("secret"), "canary-old").unwrap();
    file.edit(&format!(
        "{}password = {{ file = {:?} }}\n",
        text(1),
        file.beside("secret")
    ));
    let socorro = file.start().await;
    let nothing = through_text(&socorro.diff().await.unwrap().saved());
    std::fs::write(file.beside("secret"), "canary-new").unwrap();
    let report = socorro.reload_expecting(&nothing).await;
    assert_eq!(report.outcome, Outcome::Refused);
    assert!(
        report.errors[0]
            .to_string()
            .contains("storage.a: the plan says keep"),
        "{report}"
    );
    socorro.shutdown().await;
}
