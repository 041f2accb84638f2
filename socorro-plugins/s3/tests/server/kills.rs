//! kill -9 in mid-save, of the server and of the process that saves.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use socorro_core::conformance::data::{Maker, Sample};
use socorro_core::crash::{Dumps, Limits, RawCrash};
use socorro_core::plugin::PluginStorage;
use socorro_testkit::proxy::{Direction, Proxy};
use socorro_testkit::services::{Kind, own};

use crate::support::{Account, PATIENCE, crash, is_whole, open, save, shared};

/// The options and the seed of the crash that a process is to save.
const VICTIM: &str = "SOCORRO_TEST_S3_VICTIM";

/// A crash with a dump that takes a while.
fn large(seed: u64) -> Sample {
    let mut sample = crash(7);
    sample.dumps = Dumps::single(Maker::new(seed).bytes(20_000_000));
    sample.raw = RawCrash::new(format!("{{\"seed\": {seed}}}"), &Limits::default()).unwrap();
    sample
}

/// The process that is killed: saves what it is told to. By itself it saves a crash and reads it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_saves_a_crash() {
    let (options, seed) = match std::env::var(VICTIM) {
        Ok(told) => {
            let told: Value = serde_json::from_str(&told).unwrap();
            (told["options"].clone(), told["seed"].as_u64().unwrap())
        }
        Err(_) => (Account::on(Kind::Ceph).await.options(&json!({})), 1),
    };
    let storage = open(&options).await.unwrap();
    save(&storage, &large(seed)).await.unwrap();
    assert!(is_whole(&storage, &large(seed)).await);
}

/// How much of a dump is uploaded when the process is killed: more than all other requests, less than a part of it.
const UPLOADED: u64 = 1_000_000;

/// Starts a process that saves through a proxy, which stops the flow in the middle of the dump, and kills it once a key
/// with `prefix` is there.
async fn kill_while(account: &Account, kind: Kind, prefix: &str, seed: u64) {
    let proxy = Proxy::to(shared(kind).address().unwrap()).unwrap();
    // Beforehand: looking for the key may take as long as the whole save.
    proxy.stall_after(Direction::ToServer, UPLOADED);
    let options =
        account.options(&json!({ "endpoint_url": format!("http://{}", proxy.address()) }));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::a_process_saves_a_crash"])
        .env(
            VICTIM,
            json!({ "options": options, "seed": seed }).to_string(),
        )
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    while account.keys(prefix).await.is_empty() {
        assert!(Instant::now() < deadline, "nothing below {prefix}");
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

async fn a_killed_process(kind: Kind) {
    let account = Account::on(kind).await;
    let storage = account.open(&json!({})).await;
    let (old, new) = (large(1), large(2));
    kill_while(&account, kind, "v1/dump_names/", 1).await;
    assert!(!is_whole(&storage, &old).await, "it was killed too late");
    save(&storage, &old).await.unwrap();
    assert!(is_whole(&storage, &old).await);

    kill_while(&account, kind, "staged/", 2).await;
    assert!(is_whole(&storage, &old).await, "the old crash is gone");
    save(&storage, &new).await.unwrap();
    assert!(is_whole(&storage, &new).await);
    assert_eq!(account.keys("staged/").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_saves_to_ceph() {
    a_killed_process(Kind::Ceph).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_saves_to_garage() {
    a_killed_process(Kind::Garage).await;
}

/// Garage is killed under eight savers and started again: what was acknowledged is whole, what was not is whole or
/// not there, and saving again heals. The storage goes on with the server by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server() {
    let mut garage = own(Kind::Garage).unwrap();
    let account = Account::of(garage.server(), "crashes").await;
    let storage = account.open(&json!({})).await;
    let samples: Arc<Vec<Sample>> = Arc::new((0..400).map(|seed| crash(1000 + seed)).collect());
    let savers: Vec<_> = (0..8)
        .map(|saver| tokio::spawn(save_some(storage.clone(), Arc::clone(&samples), saver)))
        .collect();
    let deadline = Instant::now() + PATIENCE;
    while account.keys("v1/raw_crash/").await.len() < 48 {
        assert!(Instant::now() < deadline, "nothing is saved");
    }
    garage.kill().unwrap();
    garage.start().unwrap();
    let mut acknowledged = Vec::new();
    for saver in savers {
        acknowledged.extend(saver.await.unwrap());
    }
    // Each saver may have missed the answer to one that is there.
    assert!(acknowledged.len() >= 40, "{}", acknowledged.len());
    for sample in &acknowledged {
        assert!(is_whole(&storage, sample).await, "{} was lost", sample.id);
    }
    for sample in samples.iter() {
        is_whole(&storage, sample).await;
        save(&storage, sample).await.unwrap();
        assert!(is_whole(&storage, sample).await);
    }
}

/// Saves every eighth until one fails; gives those that were acknowledged.
async fn save_some(storage: PluginStorage, samples: Arc<Vec<Sample>>, first: usize) -> Vec<Sample> {
    let mut acknowledged = Vec::new();
    for sample in samples.iter().skip(first).step_by(8) {
        match save(&storage, sample).await {
            Ok(()) => acknowledged.push(sample.clone()),
            Err(error) => {
                assert!(error.is_retryable(), "{error:?}");
                break;
            }
        }
    }
    acknowledged
}
