use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socorro_core::live::Reason;
use socorro_core::storage::Check;
use socorro_core::transaction::{ManualClock, NoJitter};
use socorro_core::{Error, ErrorKind};

use crate::scripted::script;
use crate::support::{File, id, no_dumps, raw};

#[tokio::test]
async fn a_wrong_configuration_tells_every_error() {
    let file = File::new(
        "[storage.a]\ntype = \"scripted\"\n[storage.b]\ntype = \"nonsense\"\n\
         [pipeline.p]\nsource = \"none\"\nfrom = \"a\"\nto = [\"a\"]",
    );
    let error = file.builder().start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    for named in ["pipeline.p", "none"] {
        assert!(error.message().contains(named), "{error}");
    }
}

#[tokio::test]
async fn options_are_checked_although_other_tables_are_wrong() {
    let file = File::new(
        "[storage.a]\ntype = \"scripted\"\nbucket = \"x\"\ntimeout = 5\n\
         [storage.b]\ntype = \"scripted\"\ntag = 7\n[pipeline.p]\nsource = \"none\"\nfrom = \"a\"\nto = [\"a\"]",
    );
    let refused = file.builder().start().await.unwrap_err();
    let places: Vec<(String, usize)> = refused
        .reasons
        .iter()
        .filter_map(|reason| match reason {
            Reason::Config(wrong) => Some((wrong.key.clone(), wrong.origin.file()?.place()?.line)),
            _ => None,
        })
        .collect();
    let expected = [
        ("storage.a.tag", 1),
        ("storage.a.bucket", 3),
        ("storage.a.timeout", 4),
        ("storage.b.tag", 7),
        ("pipeline.p.source", 9),
        ("pipeline.p.to", 11),
    ];
    assert_eq!(places, expected.map(|(key, line)| (key.to_owned(), line)));
}

#[tokio::test]
async fn options_are_not_checked_when_it_is_unclear_what_they_are() {
    let file = File::new("[storage.a]\ntype = \"scripted\"\nuse = \"storage.c\"\nbucket = \"x\"");
    let refused = file.builder().start().await.unwrap_err();
    assert_eq!(refused.reasons.len(), 1, "{refused}");
    assert!(refused.to_string().contains("storage.c"), "{refused}");

    // What uses the table is as unclear; what does not is checked.
    file.edit(
        "[resource.r]\nuse = \"resource.s\"\n[storage.a]\ntype = \"scripted\"\nuse = \"resource.r\"\n\
         bucket = \"x\"\n[storage.b]\ntype = \"scripted\"\ntag = 7\n[plugins]\ntimeout = 3\n",
    );
    let refused = file.builder().start().await.unwrap_err();
    let said: Vec<String> = refused.reasons.iter().map(ToString::to_string).collect();
    let about = |key: &str| said.iter().filter(|line| line.contains(key)).count();
    assert_eq!(
        (said.len(), about("storage.b.tag"), about("storage.a")),
        (3, 1, 0),
        "{refused}"
    );
}

#[tokio::test]
async fn a_required_backend_that_is_not_there_refuses_the_start() {
    let file = File::new("[storage.a]\ntype = \"scripted\"\ntag = \"required\"");
    *script("required").open_fails.lock().unwrap() =
        Some(Error::new(ErrorKind::Unavailable, "nobody answers"));
    let error = file.builder().start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.message().contains("storage.a") && error.message().contains("nobody answers"),
        "{error}"
    );
}

#[tokio::test]
async fn a_wrong_option_is_refused_even_when_degraded_is_allowed() {
    let file = File::new("[storage.a]\ntype = \"scripted\"\ntag = \"wrong\"\nstart = \"degraded\"");
    *script("wrong").open_fails.lock().unwrap() =
        Some(Error::new(ErrorKind::InvalidConfig, "no such bucket"));
    let error = file.builder().start().await.unwrap_err();
    assert!(error.message().contains("no such bucket"), "{error}");
}

#[tokio::test]
async fn a_degraded_backend_joins_when_it_is_back() {
    let file =
        File::new("[storage.a]\ntype = \"scripted\"\ntag = \"degraded\"\nstart = \"degraded\"");
    let script = script("degraded");
    *script.open_fails.lock().unwrap() = Some(Error::new(ErrorKind::Unavailable, "nobody answers"));
    let clock = Arc::new(ManualClock::new());
    let builder = file.builder().time(clock.clone(), Arc::new(NoJitter));
    let socorro = builder.start().await.unwrap();
    let report = socorro.last_report();
    assert_eq!(report.degraded.len(), 1);
    assert!(report.degraded[0].1.contains("nobody answers"));
    let a = socorro.storage("a").unwrap();
    let error = a
        .save_raw_crash(&id(1), &raw("too early"), &no_dumps())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::Unavailable, true)
    );
    assert!(matches!(
        a.health().await.unwrap().reachable,
        Check::Failed(_)
    ));

    *script.open_fails.lock().unwrap() = None;
    clock.asked(1).await;
    clock.advance(Duration::from_secs(1));
    while a
        .save_raw_crash(&id(1), &raw("back"), &no_dumps())
        .await
        .is_err()
    {
        tokio::task::yield_now().await;
    }
    assert!(script.has(id(1)));
    socorro.shutdown().await;
    assert_eq!(script.closed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn only_what_is_asked_for_is_opened() {
    let file = File::new(
        "[storage.wanted]\ntype = \"fanout\"\nstores = [\"below\"]\n\
         [storage.below]\ntype = \"scripted\"\ntag = \"only_below\"\n\
         [storage.other]\ntype = \"scripted\"\ntag = \"only_other\"",
    );
    let socorro = file.builder().only("wanted").start().await.unwrap();
    socorro
        .storage("wanted")
        .unwrap()
        .save_raw_crash(&id(1), &raw("1"), &no_dumps())
        .await
        .unwrap();
    assert!(script("only_below").has(id(1)));
    assert_eq!(script("only_other").opened.load(Ordering::SeqCst), 0);
    let error = socorro.storage("other").unwrap_err();
    assert!(error.message().contains("wanted"), "{error}");
    socorro.shutdown().await;
}

#[tokio::test]
async fn checking_opens_nothing_unless_asked_to() {
    let file = File::new("[storage.a]\ntype = \"scripted\"\ntag = \"check\"");
    let checked = file.builder().check(false).await.unwrap();
    assert_eq!((checked.storages, checked.health.len()), (1, 0));
    let script = script("check");
    assert_eq!(script.opened.load(Ordering::SeqCst), 0);
    let checked = file.builder().check(true).await.unwrap();
    assert!(checked.health[0].1.as_ref().unwrap().is_usable());
    assert_eq!(
        (
            script.opened.load(Ordering::SeqCst),
            script.closed.load(Ordering::SeqCst)
        ),
        (1, 1)
    );
}
