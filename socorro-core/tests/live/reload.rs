use std::sync::atomic::Ordering;

use socorro_core::ErrorKind;
use socorro_core::live::{Outcome, Part, Reason, Step, Trigger};

use crate::scripted::script;
use crate::support::{File, eventually, id, no_dumps, plan, raw};

#[tokio::test]
async fn a_handle_follows_the_name_to_other_instances() {
    let file = File::new("[storage.archive]\ntype = \"scripted\"\ntag = \"follow_a\"");
    let socorro = file.start().await;
    let (a, b) = (script("follow_a"), script("follow_b"));
    let archive = socorro.storage("archive").unwrap();
    archive
        .save_raw_crash(&id(1), &raw("1"), &no_dumps())
        .await
        .unwrap();

    file.edit(
        "[storage.archive]\ntype = \"fanout\"\nstores = [\"a\", \"b\"]\n\
         [storage.a]\ntype = \"scripted\"\ntag = \"follow_a\"\n[storage.b]\ntype = \"scripted\"\ntag = \"follow_b\"",
    );
    let report = socorro.reload().await;
    assert_eq!(
        (report.outcome, report.generation, report.trigger),
        (Outcome::Applied, 2, Trigger::Request)
    );
    assert_eq!(
        plan(&report),
        ["add storage.a", "replace storage.archive", "add storage.b"]
    );
    archive
        .save_raw_crash(&id(2), &raw("2"), &no_dumps())
        .await
        .unwrap();

    file.edit("[storage.archive]\ntype = \"scripted\"\ntag = \"follow_b\"");
    let report = socorro.reload().await;
    assert_eq!(
        plan(&report),
        [
            "remove storage.a",
            "replace storage.archive",
            "remove storage.b"
        ]
    );
    archive
        .save_raw_crash(&id(3), &raw("3"), &no_dumps())
        .await
        .unwrap();

    let held = |script: &crate::scripted::Script| [1, 2, 3].map(|entropy| script.has(id(entropy)));
    assert_eq!(
        (held(&a), held(&b)),
        ([true, true, false], [false, true, true])
    );
    assert_eq!(archive.get_raw_crash(id(2)).await.unwrap(), raw("2"));
    socorro.shutdown().await;
    assert_eq!(
        (
            a.opened.load(Ordering::SeqCst),
            a.closed.load(Ordering::SeqCst)
        ),
        (2, 2)
    );
    assert_eq!(
        (
            b.opened.load(Ordering::SeqCst),
            b.closed.load(Ordering::SeqCst)
        ),
        (2, 2)
    );
}

#[tokio::test]
async fn what_did_not_change_is_kept_and_receives_no_call() {
    let kept = "[storage.kept]\ntype = \"scripted\"\ntag = \"kept\"\n";
    let file = File::new(&format!(
        "{kept}[storage.other]\ntype = \"scripted\"\ntag = \"kept_other\""
    ));
    let socorro = file.start().await;
    let script = script("kept");
    let calls = script.calls.load(Ordering::SeqCst);

    let unchanged = socorro.reload().await;
    assert_eq!(
        (unchanged.outcome, unchanged.generation),
        (Outcome::Unchanged, 1)
    );
    // What reads as before is not even parsed.
    let parsed = unchanged.steps.iter().any(|(step, _)| *step == Step::Parse);
    assert!(!parsed, "{unchanged}");
    file.edit(&format!(
        "{kept}[storage.other]\ntype = \"scripted\"\ntag = \"kept_other\"\nrevision = 2"
    ));
    let report = socorro.reload().await;
    assert_eq!(
        plan(&report),
        ["keep storage.kept", "replace storage.other"]
    );
    file.edit(&format!("{kept}timeout = \"5s\"\n"));
    let report = socorro.reload().await;
    assert_eq!(
        plan(&report),
        ["change storage.kept", "remove storage.other"]
    );

    assert_eq!(script.opened.load(Ordering::SeqCst), 1);
    assert_eq!(script.closed.load(Ordering::SeqCst), 0);
    assert_eq!(script.calls.load(Ordering::SeqCst), calls);
    socorro.shutdown().await;
    assert_eq!(script.closed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_bad_edit_is_refused_and_changes_nothing() {
    let good = "[storage.archive]\ntype = \"scripted\"\ntag = \"refused\"\n";
    let file = File::new(good);
    let socorro = file.start().await;
    let script = script("refused");
    let archive = socorro.storage("archive").unwrap();
    let bad = [
        ("[storage.archive", "socorro.toml"),
        (
            "[storage.archive]\ntype = \"scripted\"\ntag = \"refused\"\ntypo = 1",
            "typo",
        ),
        ("[storage.archive]\ntype = \"scripted\"", "tag"),
        ("[storage.archive]\ntype = \"nonsense\"", "nonsense"),
        (
            "[storage.archive]\ntype = \"scripted\"\ntag = 5",
            "storage.archive.tag",
        ),
        (
            "[storage.archive]\ntype = \"fanout\"\nstores = [\"nobody\"]",
            "nobody",
        ),
        (
            "[storage.other]\ntype = \"scripted\"\ntag = \"refused\"",
            "the program holds a handle",
        ),
        (
            "[limits]\ncrash_size = \"many\"\n[storage.archive]\ntype = \"scripted\"\ntag = \"refused\"",
            "limits.crash_size",
        ),
    ];
    for (edit, named) in bad {
        file.edit(edit);
        let report = socorro.reload().await;
        assert_eq!(
            (report.outcome, report.generation),
            (Outcome::Refused, 1),
            "{edit}"
        );
        let errors = report
            .errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n");
        assert!(
            errors.contains(named),
            "{edit:?} should name {named:?}:\n{errors}"
        );
        archive
            .save_raw_crash(&id(1), &raw("still here"), &no_dumps())
            .await
            .unwrap();
    }
    assert_eq!(
        (
            script.opened.load(Ordering::SeqCst),
            script.closed.load(Ordering::SeqCst)
        ),
        (1, 0)
    );
    file.edit(good);
    assert_eq!(socorro.reload().await.outcome, Outcome::Unchanged);
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_new_instance_that_does_not_open_undoes_the_others() {
    let file = File::new("");
    let socorro = file.start().await;
    let (opens, fails) = (script("undo_opens"), script("undo_fails"));
    *fails.open_fails.lock().unwrap() = Some(socorro_core::Error::new(
        ErrorKind::Unavailable,
        "connection refused",
    ));
    file.edit(
        "[storage.opens]\ntype = \"scripted\"\ntag = \"undo_opens\"\n\
         [storage.fails]\ntype = \"scripted\"\ntag = \"undo_fails\"",
    );
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Refused);
    assert_eq!(report.errors.len(), 1, "{:?}", report.errors);
    assert!(
        matches!(&report.errors[0], Reason::Backend { part: Part::Storage(name), error }
            if name == "fails" && error.message().contains("connection refused")),
        "{:?}",
        report.errors
    );
    eventually("the one that opened is closed", || {
        opens.closed.load(Ordering::SeqCst) == 1
    })
    .await;
    socorro.shutdown().await;
}

#[tokio::test]
async fn reloads_that_overlap_all_see_the_last_edit() {
    let file = File::new("[storage.a]\ntype = \"scripted\"\ntag = \"overlap\"");
    let socorro = file.start().await;
    for revision in 1..=20 {
        file.edit(&format!(
            "[storage.a]\ntype = \"scripted\"\ntag = \"overlap\"\nrevision = {revision}"
        ));
        socorro.request_reload(Trigger::Hangup);
    }
    let report = socorro.reload().await;
    assert!(report.in_sync());
    assert_eq!(
        socorro.reload().await.outcome,
        Outcome::Unchanged,
        "the last edit was adopted before"
    );
    assert!(socorro.generation() <= 21);
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_reload_after_the_shutdown_is_refused() {
    let file = File::new("");
    let socorro = file.start().await;
    socorro.shutdown().await;
    let report = socorro.reload().await;
    assert_eq!(
        (report.outcome, report.errors),
        (Outcome::Refused, vec!["the program is ending".into()])
    );
    assert_eq!(socorro.generation(), 0);
    socorro.shutdown().await;
}

#[tokio::test]
async fn limits_and_redaction_change_without_touching_an_instance() {
    let storage = "[storage.a]\ntype = \"scripted\"\ntag = \"limits\"\n";
    let file = File::new(storage);
    let socorro = file.start().await;
    let a = socorro.storage("a").unwrap();
    a.save_raw_crash(&id(1), &raw("long enough"), &no_dumps())
        .await
        .unwrap();
    file.edit(&format!("{storage}[limits]\ncrash_size = \"4B\""));
    let report = socorro.reload().await;
    assert_eq!((report.outcome, report.generation), (Outcome::Applied, 2));
    let error = a
        .save_raw_crash(&id(2), &raw("too long"), &no_dumps())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.storage(), Some("a"));
    assert_eq!(script("limits").opened.load(Ordering::SeqCst), 1);
    socorro.shutdown().await;
}
