use std::sync::atomic::Ordering;

use socorro_core::ErrorKind;
use socorro_core::error::Applied;
use socorro_core::live::Outcome;

use crate::scripted::script;
use crate::support::{File, eventually, id, no_dumps, raw};

#[tokio::test]
async fn an_operation_ends_in_the_generation_it_started_in() {
    let file = File::new("[storage.a]\ntype = \"scripted\"\ntag = \"ends_old\"");
    let socorro = file.start().await;
    let (old, new) = (script("ends_old"), script("ends_new"));
    let a = socorro.storage("a").unwrap();
    old.shut_gate();
    let save = tokio::spawn({
        let a = a.clone();
        async move { a.save_raw_crash(&id(1), &raw("slow"), &no_dumps()).await }
    });
    old.at_gate.notified().await;

    file.edit("[storage.a]\ntype = \"scripted\"\ntag = \"ends_new\"");
    assert_eq!(socorro.reload().await.outcome, Outcome::Applied);
    a.save_raw_crash(&id(2), &raw("quick"), &no_dumps())
        .await
        .unwrap();
    assert!(new.has(id(2)) && !old.has(id(2)));
    assert_eq!(
        old.closed.load(Ordering::SeqCst),
        0,
        "an operation is under way in it"
    );

    old.gate.add_permits(1);
    save.await.unwrap().unwrap();
    assert!(old.has(id(1)) && !new.has(id(1)));
    eventually("the old instance ends", || {
        old.closed.load(Ordering::SeqCst) == 1
    })
    .await;
    socorro.shutdown().await;
}

#[tokio::test]
async fn what_hangs_is_cancelled_at_the_drain_deadline() {
    let reload = "[reload]\ndrain_timeout = \"50ms\"\n";
    let file = File::new(&format!(
        "{reload}[storage.a]\ntype = \"scripted\"\ntag = \"hangs\""
    ));
    let socorro = file.start().await;
    let hangs = script("hangs");
    let a = socorro.storage("a").unwrap();
    hangs.shut_gate();
    let save =
        tokio::spawn(async move { a.save_raw_crash(&id(1), &raw("stuck"), &no_dumps()).await });
    hangs.at_gate.notified().await;
    file.edit(&format!(
        "{reload}[storage.a]\ntype = \"scripted\"\ntag = \"hangs\"\nrevision = 1"
    ));
    assert_eq!(socorro.reload().await.outcome, Outcome::Applied);
    let error = save.await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Cancelled, Applied::Unknown)
    );
    eventually("the old instance ends", || {
        hangs.closed.load(Ordering::SeqCst) == 1
    })
    .await;
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_save_runs_to_completion_when_its_caller_goes_away() {
    let file = File::new("[storage.a]\ntype = \"scripted\"\ntag = \"completes\"");
    let socorro = file.start().await;
    let script = script("completes");
    script.shut_gate();
    let a = socorro.storage("a").unwrap().to_completion();
    let caller =
        tokio::spawn(async move { a.save_raw_crash(&id(1), &raw("kept"), &no_dumps()).await });
    script.at_gate.notified().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    script.gate.add_permits(1);
    eventually("it is saved all the same", || script.has(id(1))).await;
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_save_is_cancelled_when_its_caller_goes_away() {
    let file = File::new("[storage.a]\ntype = \"scripted\"\ntag = \"cancels\"");
    let socorro = file.start().await;
    let script = script("cancels");
    script.shut_gate();
    let a = socorro.storage("a").unwrap();
    let caller =
        tokio::spawn(async move { a.save_raw_crash(&id(1), &raw("gone"), &no_dumps()).await });
    script.at_gate.notified().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    socorro.shutdown().await;
    script.gate.add_permits(1);
    assert!(!script.has(id(1)));
}

#[tokio::test]
async fn too_much_at_once_is_refused_at_once() {
    let file =
        File::new("[storage.a]\ntype = \"scripted\"\ntag = \"overload\"\nmax_operations = 1");
    let socorro = file.start().await;
    let script = script("overload");
    script.shut_gate();
    let a = socorro.storage("a").unwrap();
    let first = tokio::spawn({
        let a = a.clone();
        async move { a.save_raw_crash(&id(1), &raw("first"), &no_dumps()).await }
    });
    script.at_gate.notified().await;
    let error = a
        .save_raw_crash(&id(2), &raw("second"), &no_dumps())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable(), error.applied()),
        (ErrorKind::Overloaded, true, Applied::No)
    );
    script.gate.add_permits(2);
    first.await.unwrap().unwrap();
    a.save_raw_crash(&id(2), &raw("second"), &no_dumps())
        .await
        .unwrap();
    socorro.shutdown().await;
}
