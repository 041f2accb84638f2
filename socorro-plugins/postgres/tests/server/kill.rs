//! SIGKILL and SIGSTOP, of the server and of clients.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use socorro_core::conformance::data::Sample;
use socorro_core::crash::CrashId;
use socorro_core::error::Applied;
use socorro_core::plugin::PluginStorage;
use socorro_core::storage::{CrashStorage, ListRequest};
use socorro_core::{ErrorKind, Result};
use socorro_testkit::services::{Kind, own};

use crate::support::{
    PATIENCE, Site, ack, cx, expect, failed, ids, receive, samples, save, source, storage, today,
    until,
};

/// Saves from eight tasks until it is told to stop; gives what was acknowledged.
fn save_on(
    storage: &Arc<PluginStorage>,
    stop: &Arc<AtomicBool>,
    saved: &Arc<AtomicUsize>,
) -> Vec<tokio::task::JoinHandle<Vec<Sample>>> {
    let tasks = (0..8).map(|seed| {
        let (storage, stop, saved) = (storage.clone(), stop.clone(), saved.clone());
        tokio::spawn(async move {
            let mut done = Vec::new();
            for sample in samples(100 + seed, 5000, today()) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                if save(&*storage, &sample).await.is_ok() {
                    saved.fetch_add(1, Ordering::Relaxed);
                    done.push(sample);
                } else {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            done
        })
    });
    tasks.collect()
}

/// Every raw crash that is there has its dumps.
async fn all_whole(storage: &PluginStorage) -> usize {
    let page = ListRequest {
        limit: 10_000,
        ..ListRequest::day(today())
    };
    let page = storage.list(&cx(), &page).await.unwrap();
    assert!(!page.more);
    for id in &page.ids {
        assert_eq!(storage.get_dumps(&cx(), id).await.unwrap().len(), 2, "{id}");
    }
    page.ids.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_loses_nothing_it_acknowledged() -> Result<()> {
    let mut server = own(Kind::Postgres).unwrap();
    let site = Site::on(server.server().clone()).await;
    let storage = Arc::new(site.storage(json!({ "request_timeout": "10s" })).await?);
    let (stop, saved) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let tasks = save_on(&storage, &stop, &saved);
    for round in 1..=3 {
        let enough = saved.load(Ordering::Relaxed) + 40;
        until("saves", || async {
            saved.load(Ordering::Relaxed) >= enough
        })
        .await;
        server.kill().unwrap();
        server.start().unwrap();
        tracing::info!(round, "killed and started again");
    }
    let enough = saved.load(Ordering::Relaxed) + 40;
    until("saves after it is back", || async {
        saved.load(Ordering::Relaxed) >= enough
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = 0;
    for task in tasks {
        for sample in task.await.unwrap() {
            expect(&*storage, &sample).await;
            acknowledged += 1;
        }
    }
    assert!(all_whole(&storage).await >= acknowledged);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_nobody_notices() -> Result<()> {
    let mut server = own(Kind::Postgres).unwrap();
    let site = Site::on(server.server().clone()).await;
    let storage = site.storage(json!({})).await?;
    let source = site.source(json!({})).await?;
    let samples = samples(1, 3, today());
    save(&storage, &samples[0]).await?;
    server.stop().unwrap();
    let error = failed(save(&storage, &samples[1]).await);
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Unavailable, Applied::No),
        "{error}"
    );
    server.start().unwrap();
    save(&storage, &samples[1]).await?;
    expect(&storage, &samples[0]).await;
    assert!(receive(&source, 1, Duration::ZERO).await.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_a_timeout() -> Result<()> {
    let server = own(Kind::Postgres).unwrap();
    let site = Site::on(server.server().clone()).await;
    let samples = samples(1, 3, today());
    // Writes wait for a disk, so those that have to succeed at once are done by somebody more patient.
    let patient = site.storage(json!({})).await?;
    save(&patient, &samples[0]).await?;
    let options = json!({ "request_timeout": "1s", "connections": 1 });
    let storage = Arc::new(site.storage(options).await?);
    expect(&*storage, &samples[0]).await;
    server.pause().unwrap();
    let first = failed(save(&*storage, &samples[1]).await);
    // The only connection is at work, and stays so.
    let second = failed(save(&*storage, &samples[2]).await);
    assert_eq!(
        (first.kind(), first.applied()),
        (ErrorKind::Timeout, Applied::Unknown),
        "{first}"
    );
    assert_eq!(
        (second.kind(), second.applied()),
        (ErrorKind::Timeout, Applied::No),
        "{second}"
    );
    server.resume();
    for sample in &samples {
        until("a save", || async { save(&*storage, sample).await.is_ok() }).await;
        expect(&patient, sample).await;
    }
    Ok(())
}

/// Tells this program that it is the client to be killed, and with which options.
const CLIENT: &str = "SOCORRO_POSTGRES_TEST_CLIENT";

/// Runs one of the tests below as another process, which then plays the client.
fn client(test: &str, options: &Value) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CLIENT, options.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The options, in the other process.
fn played() -> Option<Value> {
    let options = std::env::var(CLIENT).ok()?;
    Some(serde_json::from_str(&options).unwrap())
}

fn say(id: &CrashId) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\ndone {id}").unwrap();
    out.flush().unwrap();
}

/// The first `count` ids that the client says; then it is killed, and what else it had said comes, too.
fn said_before_its_death(mut client: Child, count: usize) -> Vec<CrashId> {
    let lines = BufReader::new(client.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    for line in lines.map_while(std::result::Result::ok) {
        if let Some(id) = line.strip_prefix("done ") {
            said.push(id.parse().unwrap());
        }
        if said.len() == count {
            client.kill().unwrap();
        }
    }
    client.wait().unwrap();
    assert!(said.len() >= count, "the client ended early");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_killed_leaves_whole_crashes() {
    if let Some(options) = played() {
        let storage = Arc::new(storage(&options).await.unwrap());
        let saves = samples(50, 20_000, today()).into_iter().map(|sample| {
            let storage = storage.clone();
            async move {
                save(&*storage, &sample).await.unwrap();
                say(&sample.id);
            }
        });
        let mut under_way = tokio::task::JoinSet::new();
        for one in saves {
            under_way.spawn(one);
            if under_way.len() >= 16 {
                under_way.join_next().await;
            }
        }
        return;
    }
    let site = Site::new().await;
    let test = "kill::a_client_that_is_killed_leaves_whole_crashes";
    let options = site.options(json!({ "queue": "new" }));
    let client = client(test, &options);
    let said = tokio::task::spawn_blocking(move || said_before_its_death(client, 60));
    let said = said.await.unwrap();
    let storage = site.storage(json!({})).await.unwrap();
    for id in &said {
        let raw = storage.get_raw_crash(&cx(), &(*id).into()).await;
        assert!(raw.is_ok(), "{id} was acknowledged: {raw:?}");
    }
    assert!(all_whole(&storage).await >= said.len());
    // Saved and queued are one.
    let apart =
        "SELECT count(*) FROM socorro.raw_crash FULL JOIN socorro.new_crash USING (crash_id)
                 WHERE document IS NULL OR queue IS NULL";
    assert_eq!(site.number(apart), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_client_had_out_is_handed_out_again() {
    if let Some(options) = played() {
        let source = source(&options).await.unwrap();
        for id in ids(&receive(&source, 5, Duration::ZERO).await) {
            say(&id);
        }
        // Until it is killed.
        std::future::pending::<()>().await;
    }
    let site = Site::new().await;
    let feeder = site.storage(json!({ "queue": "new" })).await.unwrap();
    for sample in &samples(60, 8, today()) {
        save(&feeder, sample).await.unwrap();
    }
    let test = "kill::what_a_killed_client_had_out_is_handed_out_again";
    let client = client(
        test,
        &site.options(json!({ "queue": "new", "lease": "2s", "connections": 2 })),
    );
    let said = tokio::task::spawn_blocking(move || said_before_its_death(client, 5));
    let mut out = said.await.unwrap();
    let source = site.source(json!({})).await.unwrap();
    let rest = receive(&source, 100, Duration::ZERO).await;
    assert!(rest.len() >= 3, "{rest:?}");
    let mut came = ids(&rest);
    while came.len() < 8 {
        let more = receive(&source, 100, PATIENCE).await;
        assert!(!more.is_empty(), "only {} came", came.len());
        for delivery in &more {
            ack(&source, delivery).await;
        }
        came.extend(ids(&more));
    }
    out.sort();
    came.sort();
    came.dedup();
    assert_eq!(came.len(), 8);
    assert!(out.iter().all(|id| came.contains(id)));
}
