//! Large dumps, many at once, long keys.

use serde_json::json;
use socorro_core::Context;
use socorro_core::conformance::data::{Maker, Sample};
use socorro_core::crash::{Dumps, StoredId};
use socorro_core::storage::{CrashStorage, ListRequest};
use socorro_testkit::services::Kind;

use crate::support::{Account, crash, day, is_whole, save};

/// 20 MB in memory and as a file, with each mode of checksums.
async fn large_dumps(kind: Kind) {
    let account = Account::on(kind).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("large.dmp");
    let bytes = Maker::new(1).bytes(20_000_000);
    std::fs::write(&file, &bytes).unwrap();
    for checksums in ["when_supported", "when_required"] {
        let storage = account
            .open(&json!({ "checksums": checksums, "prefix": checksums }))
            .await;
        let mut sample = crash(1);
        for (seed, dumps) in [Dumps::single(bytes.clone()), Dumps::single(file.clone())]
            .into_iter()
            .enumerate()
        {
            sample.id = crash(seed as u64 + 10).id;
            sample.dumps = dumps;
            save(&storage, &sample).await.unwrap();
            assert!(is_whole(&storage, &sample).await);
            let (out, id) = (tempfile::tempdir().unwrap(), StoredId::from(sample.id));
            let cx = Context::new();
            let files = storage.get_dumps_as_files(&cx, &id, out.path());
            let files = files.await.unwrap();
            for (_, dump) in files.iter() {
                assert!(dump.read().unwrap() == bytes, "another file came back");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ceph_takes_large_dumps() {
    large_dumps(Kind::Ceph).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garage_takes_large_dumps() {
    large_dumps(Kind::Garage).await;
}

/// 1,000 saves at once, all of them acknowledged, listed and whole.
async fn a_thousand_at_once(kind: Kind) {
    let account = Account::on(kind).await;
    let storage = account.open(&json!({})).await;
    let mut maker = Maker::new(2);
    let samples: Vec<Sample> = (0..1000).map(|_| maker.sample(day()).unwrap()).collect();
    let saves: Vec<_> = samples
        .iter()
        .cloned()
        .map(|sample| {
            let storage = storage.clone();
            tokio::spawn(async move { save(&storage, &sample).await })
        })
        .collect();
    for saved in saves {
        saved.await.unwrap().unwrap();
    }
    let mut ids: Vec<StoredId> = samples.iter().map(|sample| sample.id.into()).collect();
    ids.sort();
    let request = ListRequest {
        limit: 1100,
        ..ListRequest::day(day())
    };
    let page = storage.list(&Context::new(), &request).await.unwrap();
    assert_eq!(page.ids, ids);
    for sample in samples.iter().step_by(50) {
        assert!(is_whole(&storage, sample).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ceph_takes_a_thousand_at_once() {
    a_thousand_at_once(Kind::Ceph).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garage_takes_a_thousand_at_once() {
    a_thousand_at_once(Kind::Garage).await;
}

/// Keys of 900 bytes, with what URLs and XML have a meaning for and what is not ASCII.
async fn long_keys(kind: Kind) {
    let account = Account::on(kind).await;
    let odd = "名前 é +%41&<>\"'?#=;~💥/";
    let tail = "/v1/raw_crash/20160918/de1bb258-cbbf-4589-a673-34f801160918".len();
    // One byte at least for what follows: a slash at the end of a prefix does not count.
    let mut prefix = odd.repeat((900 - tail - 1) / odd.len());
    prefix.push_str(&"x".repeat(900 - tail - prefix.len()));
    let storage = account.open(&json!({ "prefix": prefix })).await;
    let sample = crash(1);
    save(&storage, &sample).await.unwrap();
    assert!(is_whole(&storage, &sample).await);
    let key = format!("{prefix}/v1/raw_crash/20160918/{}", sample.id);
    assert_eq!(key.len(), 900);
    let keys = account.keys("").await;
    assert!(keys.contains(&key), "{key}: {keys:?}");
    let request = ListRequest::day(day());
    let page = storage.list(&Context::new(), &request).await.unwrap();
    assert_eq!(page.ids, [sample.id.into()]);
    storage
        .delete(&Context::new(), &sample.id.into())
        .await
        .unwrap();
    assert_eq!(account.keys("").await, Vec::<String>::new());
}

#[tokio::test]
async fn ceph_takes_long_keys() {
    long_keys(Kind::Ceph).await;
}

#[tokio::test]
async fn garage_takes_long_keys() {
    long_keys(Kind::Garage).await;
}
