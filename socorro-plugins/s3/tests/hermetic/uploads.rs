//! Large dumps: in parts, whole again, and nothing left of those that failed.

use std::time::{Duration, Instant};

use serde_json::json;
use socorro_core::Context;
use socorro_core::conformance::data::{Maker, Sample};
use socorro_core::crash::{DumpName, Dumps};
use socorro_core::storage::CrashStorage;
use socorro_testkit_s3::{Action, Fault, Operation, Server};

use crate::support::{crash, open_with, save, server};

const SIZE: usize = 20_000_000;

fn large(file: Option<&std::path::Path>) -> (Sample, Vec<u8>) {
    let mut sample = crash(5);
    let bytes = Maker::new(6).bytes(SIZE);
    sample.dumps = match file {
        None => Dumps::single(bytes.clone()),
        Some(path) => {
            std::fs::write(path, &bytes).unwrap();
            Dumps::single(path.to_owned())
        }
    };
    (sample, bytes.to_vec())
}

async fn gone(server: &Server) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !server.open_uploads().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", server.open_uploads());
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn come_back() {
    let server = server().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("large.dmp");
    for checksums in ["when_supported", "when_required"] {
        for file in [None, Some(file.as_path())] {
            let (sample, bytes) = large(file);
            let storage = open_with(&server, &json!({ "checksums": checksums, "prefix": format!("{checksums}{}", file.is_some()) })).await;
            server.forget_requests();
            save(&storage, &sample).await.unwrap();
            assert_eq!(server.count(Operation::UploadPart), 3);
            let (cx, id) = (Context::new(), sample.id.into());
            let dump = storage
                .get_dump(&cx, &id, &DumpName::default())
                .await
                .unwrap();
            assert!(dump == bytes, "another dump came back");
            let out = tempfile::tempdir().unwrap();
            let files = storage
                .get_dumps_as_files(&cx, &id, out.path())
                .await
                .unwrap();
            let read = files.get(&DumpName::default()).unwrap().read().unwrap();
            assert!(read == bytes, "another file came back");
        }
    }
    assert!(server.open_uploads().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_fail_are_aborted() {
    let server = server().await;
    let storage = open_with(&server, &json!({})).await;
    let (sample, _) = large(None);
    let wrong = || Action::WrongEtag("00000000000000000000000000000000".into());
    for (operation, action) in [
        (Operation::UploadPart, Action::status(500, "InternalError")),
        (Operation::UploadPart, Action::ResetAfter(1_000_000)),
        (Operation::UploadPart, wrong()),
        (
            Operation::CompleteMultipartUpload,
            Action::status(503, "SlowDown"),
        ),
        (
            Operation::CompleteMultipartUpload,
            Action::ErrorIn200("InternalError".into()),
        ),
    ] {
        server.inject(Fault::new(action.clone()).on(operation).times(1));
        let error = save(&storage, &sample).await.unwrap_err();
        assert!(error.is_retryable(), "{action:?}: {error:?}");
        server.clear_faults();
        assert!(server.open_uploads().is_empty(), "after {action:?}");
        let raw = storage
            .get_raw_crash(&Context::new(), &sample.id.into())
            .await;
        assert!(raw.unwrap_err().is_not_found());
    }
    save(&storage, &sample).await.unwrap();
}

/// Also when the caller goes away in the middle of a part.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_are_dropped_are_aborted() {
    let server = server().await;
    let storage = open_with(&server, &json!({})).await;
    let (sample, _) = large(None);
    server.inject(Fault::new(Action::Stall).on(Operation::UploadPart));
    {
        let stalled = async {
            while server.count(Operation::UploadPart) == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            saved = save(&storage, &sample) => panic!("it ended: {saved:?}"),
            () = stalled => {}
        }
    }
    gone(&server).await;
    server.clear_faults();
    save(&storage, &sample).await.unwrap();
}
