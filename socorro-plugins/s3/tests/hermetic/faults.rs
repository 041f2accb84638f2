//! Every request of a save fails in turn, in every way; a reader sees the old crash, the new one or none.

use serde_json::json;
use socorro_core::conformance::data::{Maker, Sample};
use socorro_core::error::Applied;
use socorro_core::storage::CrashStorage;
use socorro_core::{Bytes, Context};
use socorro_testkit_s3::{Action, Fault, Server};

use crate::support::{Seen, careless, crash, day, look, open_with, save, server};

/// What may go wrong with a request.
fn actions() -> [Action; 3] {
    [
        Action::status(500, "InternalError"),
        Action::LoseAnswer,
        Action::ErrorIn200("InternalError".to_owned()),
    ]
}

/// Another crash of the same id, with other names.
fn other(sample: &Sample) -> Sample {
    let mut other = crash(99);
    other.id = sample.id;
    other.dumps = sample
        .dumps
        .clone()
        .with("extra".parse().unwrap(), Bytes::from_static(b"extra"));
    other
        .dumps
        .insert(Default::default(), Bytes::from_static(b"new"));
    other
}

/// Saves `new`, the `n`-th request of it struck, for every n and action, over what `before` holds. Each time
/// under an id of its own.
async fn sweep(server: &Server, before: Option<&Sample>, new: &Sample) {
    let storage = open_with(server, &json!({})).await;
    let mut ids = Maker::new(77);
    for action in actions() {
        for n in 0.. {
            let id = ids.id(day());
            let new = &Sample { id, ..new.clone() };
            let before = before.map(|before| Sample {
                id,
                ..before.clone()
            });
            if let Some(before) = &before {
                save(&storage, before).await.unwrap();
            }
            let old = match &before {
                None => Seen::Absent,
                Some(before) if before.raw == new.raw => Seen::Whole(0),
                Some(_) => Seen::Whole(1),
            };
            server.inject(Fault::new(action.clone()).skip(n).times(1));
            server.forget_requests();
            let saved = save(&storage, new).await;
            let requests = server.requests().len();
            server.clear_faults();
            let what = format!("{action:?} of request {n}: {saved:?}");
            let all: Vec<_> = [Some(new), before.as_ref()].into_iter().flatten().collect();
            let seen = look(&storage, &all).await;
            match &saved {
                Ok(()) => assert_eq!(seen, Seen::Whole(0), "{what}"),
                Err(error) => {
                    assert!(error.is_retryable(), "{what}");
                    match error.applied() {
                        Applied::No => assert_eq!(seen, old, "{what}"),
                        Applied::Yes => assert_eq!(seen, Seen::Whole(0), "{what}"),
                        Applied::Unknown => {
                            assert!([old, Seen::Whole(0)].contains(&seen), "{what}");
                        }
                    }
                }
            }
            save(&storage, new).await.unwrap();
            assert_eq!(look(&storage, &all).await, Seen::Whole(0), "again, {what}");
            settled(server, new);
            if requests <= n {
                assert!(n > 2, "nothing was struck");
                break;
            }
        }
    }
}

/// Nothing is left but what the originals would read.
fn settled(server: &Server, sample: &Sample) {
    let id = sample.id.as_str();
    let mut expected = vec![
        format!("v1/dump_names/{id}"),
        format!("v1/raw_crash/20160918/{id}"),
    ];
    for name in sample.dumps.names() {
        let thing = if name.is_default() {
            "dump"
        } else {
            name.as_str()
        };
        expected.push(format!("v1/{thing}/{id}"));
    }
    expected.sort();
    let mut keys = server.keys();
    keys.retain(|key| key.ends_with(id));
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn of_a_first_save() {
    sweep(&*server().await, None, &crash(1)).await;
}

#[tokio::test]
async fn of_a_first_save_without_conditions() {
    sweep(&*careless().await, None, &crash(1)).await;
}

#[tokio::test]
async fn of_a_replacement() {
    let old = crash(1);
    sweep(&*server().await, Some(&old), &other(&old)).await;
}

#[tokio::test]
async fn of_a_replacement_with_fewer_dumps() {
    let new = crash(1);
    sweep(&*careless().await, Some(&other(&new)), &new).await;
}

#[tokio::test]
async fn of_an_equal_save() {
    let same = crash(1);
    sweep(&*server().await, Some(&same), &same).await;
}

/// Every request of a delete fails in turn: the crash is whole or gone, and the next delete leaves no trace.
#[tokio::test]
async fn of_a_delete() {
    let server = server().await;
    let storage = open_with(&server, &json!({})).await;
    let (sample, cx) = (crash(1), Context::new());
    for n in 0.. {
        save(&storage, &sample).await.unwrap();
        storage
            .save_processed_crash(&cx, &sample.id, &sample.processed)
            .await
            .unwrap();
        server.inject(
            Fault::new(Action::status(500, "InternalError"))
                .skip(n)
                .times(1),
        );
        server.forget_requests();
        let deleted = storage.delete(&cx, &sample.id.into()).await;
        let requests = server.requests().len();
        server.clear_faults();
        let raw = storage.get_raw_crash(&cx, &sample.id.into()).await;
        match raw {
            Ok(_) => {
                deleted.unwrap_err();
                storage.get_dumps(&cx, &sample.id.into()).await.unwrap();
            }
            Err(error) => assert!(error.is_not_found(), "{error:?}"),
        }
        storage.delete(&cx, &sample.id.into()).await.unwrap();
        assert!(server.keys().is_empty(), "request {n}: {:?}", server.keys());
        if requests <= n {
            break;
        }
    }
}

/// A save that is dropped at any moment leaves the old crash, the new one or none, and the next save works.
#[tokio::test]
async fn of_a_caller_that_goes_away() {
    let server = server().await;
    let storage = open_with(&server, &json!({})).await;
    let old = crash(1);
    let new = other(&old);
    for n in 0..14 {
        storage
            .delete(&Context::new(), &old.id.into())
            .await
            .unwrap();
        save(&storage, &old).await.unwrap();
        server.inject(Fault::new(Action::Stall).skip(n).times(1));
        server.forget_requests();
        {
            let save = save(&storage, &new);
            let stalled = async {
                while server.requests().len() <= n {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                saved = save => saved.unwrap(),
                () = stalled => {}
            }
        }
        server.clear_faults();
        look(&storage, &[&new, &old]).await;
        save(&storage, &new).await.unwrap();
        assert_eq!(look(&storage, &[&new, &old]).await, Seen::Whole(0));
    }
}
