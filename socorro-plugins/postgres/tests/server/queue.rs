//! The queue: leases, refusals, dead letters, sharing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use socorro_core::conformance::data::Maker;
use socorro_core::plugin::PluginSource;
use socorro_core::source::{NewCrashSource, Settlement};
use socorro_core::storage::CrashStorage;
use socorro_core::{ErrorKind, Result};
use tokio::sync::{Mutex, OnceCell};

use crate::support::{PATIENCE, Site, ack, cx, failed, ids, receive, samples, save, today, until};

const LENGTH: &str = "SELECT count(*) FROM socorro.new_crash";

async fn nack(source: &PluginSource, token: socorro_core::source::Token, reason: &str) {
    let settlement = Settlement::Nack {
        reason: reason.to_owned(),
    };
    source.settle(&cx(), token, settlement).await.unwrap();
}

#[tokio::test]
async fn only_what_is_new_is_queued() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "queue": "new" })).await?;
    let all = samples(1, 3, today());
    for sample in &all {
        save(&storage, sample).await?;
        save(&storage, sample).await?;
        storage
            .save_processed_crash(&cx(), &sample.id, &sample.processed)
            .await?;
    }
    let source = site.source(json!({})).await?;
    let came = receive(&source, 10, Duration::ZERO).await;
    let expected: Vec<_> = all.iter().map(|sample| sample.id).collect();
    assert_eq!(ids(&came), expected, "the oldest first");
    for delivery in &came {
        ack(&source, delivery).await;
    }
    save(&storage, &all[0]).await?;
    assert_eq!(site.number(LENGTH), 0);
    // Another queue is another queue.
    let other = site.storage(json!({ "queue": "other" })).await?;
    save(&other, &samples(2, 1, today())[0]).await?;
    assert!(receive(&source, 10, Duration::ZERO).await.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_storage_without_a_queue_queues_nothing() -> Result<()> {
    let site = Site::new().await;
    save(&site.storage(json!({})).await?, &samples(1, 1, today())[0]).await?;
    assert_eq!(site.number(LENGTH), 0);
    Ok(())
}

#[tokio::test]
async fn priority_comes_before_age() -> Result<()> {
    let site = Site::new().await;
    let mut expected = Vec::new();
    for (seed, priority) in [(1, "reprocessing"), (2, "standard"), (3, "priority")] {
        let storage = site
            .storage(json!({ "queue": "new", "priority": priority }))
            .await?;
        let all = samples(seed, 2, today());
        for sample in &all {
            save(&storage, sample).await?;
        }
        expected.insert(0, all.iter().map(|sample| sample.id).collect::<Vec<_>>());
    }
    // By hand: an old one is urgent now, and one comes that no storage saved.
    let old = expected[2][1];
    site.sql(&format!(
        "SELECT socorro.enqueue('new', '{old}', 'priority')"
    ));
    let strange = samples(9, 1, today())[0].id;
    site.sql(&format!("SELECT socorro.enqueue('new', '{strange}')"));
    let source = site.source(json!({})).await?;
    let came = receive(&source, 10, Duration::ZERO).await;
    let order = [
        old,
        expected[0][0],
        expected[0][1],
        expected[1][0],
        expected[1][1],
        strange,
        expected[2][0],
    ];
    assert_eq!(ids(&came), order);
    Ok(())
}

#[tokio::test]
async fn refused_too_often_it_is_dead() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "queue": "new" })).await?;
    let sample = &samples(1, 1, today())[0];
    save(&storage, sample).await?;
    let source = site
        .source(json!({ "max_attempts": 3, "redeliver_after": "10ms" }))
        .await?;
    for attempt in 1..=3 {
        let came = receive(&source, 10, PATIENCE / 2).await;
        assert_eq!(ids(&came), [sample.id], "attempt {attempt}");
        nack(
            &source,
            came[0].token,
            &format!("the reason 💥\0 {attempt}"),
        )
        .await;
    }
    assert!(
        receive(&source, 10, Duration::from_millis(200))
            .await
            .is_empty()
    );
    let row = site.sql("SELECT dead, attempts, reason FROM socorro.new_crash");
    assert_eq!(row, [["t", "3", "the reason 💥\u{fffd} 3"]]);
    // The documentation says how it is tried again.
    site.sql("UPDATE socorro.new_crash SET dead = false, attempts = 0, due = now() WHERE dead");
    let came = receive(&source, 10, PATIENCE / 2).await;
    assert_eq!(ids(&came), [sample.id]);
    ack(&source, &came[0]).await;
    assert_eq!(site.number(LENGTH), 0);
    Ok(())
}

#[tokio::test]
async fn a_refused_crash_rests() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "queue": "new" })).await?;
    save(&storage, &samples(1, 1, today())[0]).await?;
    let source = site.source(json!({ "redeliver_after": "1h" })).await?;
    let came = receive(&source, 1, Duration::ZERO).await;
    nack(&source, came[0].token, "not now").await;
    assert!(receive(&source, 1, Duration::ZERO).await.is_empty());
    let minutes = "SELECT extract(epoch FROM due - now())::int / 60 FROM socorro.new_crash";
    assert!((58..=60).contains(&site.number(minutes)));
    Ok(())
}

/// Handed out again and again to processes that die: what kills them must not do so for ever.
#[tokio::test]
async fn leases_that_run_out_count_as_attempts() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "queue": "new" })).await?;
    save(&storage, &samples(1, 1, today())[0]).await?;
    let source = site.source(json!({ "max_attempts": 2 })).await?;
    for _ in 0..2 {
        assert_eq!(receive(&source, 1, PATIENCE / 2).await.len(), 1);
        // As if its process had died long ago: nobody renews this lease.
        site.sql("UPDATE socorro.new_crash SET due = now() - interval '1 s', lease = 1");
    }
    assert!(receive(&source, 1, Duration::ZERO).await.is_empty());
    let row = site.sql("SELECT dead, reason FROM socorro.new_crash");
    assert_eq!(row, [["t", "handed out too often and never settled"]]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_renewed_while_its_process_lives() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "queue": "new" })).await?;
    save(&storage, &samples(1, 1, today())[0]).await?;
    // Renewed every third of it: whoever renews may pause for the other two.
    let holder = site.source(json!({ "lease": "10s" })).await?;
    let other = site.source(json!({ "lease": "10s" })).await?;
    let came = receive(&holder, 1, Duration::ZERO).await;
    let due = "SELECT extract(epoch FROM due)::bigint FROM socorro.new_crash";
    let first = site.number(due);
    // Renewed when the first lease would have run out.
    until("a lease and more", || async {
        assert!(receive(&other, 1, Duration::ZERO).await.is_empty());
        site.number(due) > first + 10
    })
    .await;
    ack(&holder, &came[0]).await;
    assert_eq!(site.number(LENGTH), 0);
    Ok(())
}

#[tokio::test]
async fn who_lost_its_lease_settles_nothing() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "queue": "new" })).await?;
    save(&storage, &samples(1, 1, today())[0]).await?;
    let (first, second) = (site.source(json!({})).await?, site.source(json!({})).await?);
    let lost = receive(&first, 1, Duration::ZERO).await;
    site.sql("UPDATE socorro.new_crash SET due = now() - interval '1 s'");
    let had = receive(&second, 1, Duration::ZERO).await;
    assert_eq!(ids(&lost), ids(&had));
    ack(&first, &lost[0]).await;
    assert_eq!(site.number(LENGTH), 1, "the second has it");
    nack(&first, lost[0].token, "no").await;
    ack(&second, &had[0]).await;
    assert_eq!(site.number(LENGTH), 0);
    Ok(())
}

#[tokio::test]
async fn saved_again_while_it_is_out_it_is_new_again() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "queue": "new" })).await?;
    let mut sample = samples(1, 1, today()).remove(0);
    save(&storage, &sample).await?;
    let source = site.source(json!({})).await?;
    let came = receive(&source, 1, Duration::ZERO).await;
    sample.raw = samples(2, 1, today()).remove(0).raw;
    save(&storage, &sample).await?;
    assert!(
        receive(&source, 1, Duration::ZERO).await.is_empty(),
        "it is out"
    );
    ack(&source, &came[0]).await;
    let again = receive(&source, 1, Duration::ZERO).await;
    assert_eq!(ids(&again), [sample.id]);
    ack(&source, &again[0]).await;
    assert_eq!(site.number(LENGTH), 0);
    Ok(())
}

#[tokio::test]
async fn a_deleted_crash_leaves_its_queue() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "queue": "new" })).await?;
    let all = samples(1, 2, today());
    for sample in &all {
        save(&storage, sample).await?;
    }
    let source = site.source(json!({})).await?;
    let came = receive(&source, 1, Duration::ZERO).await;
    for sample in &all {
        storage.delete(&cx(), &sample.id.into()).await?;
    }
    ack(&source, &came[0]).await;
    assert_eq!(site.number(LENGTH), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_share_without_doubling() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "queue": "new" })).await?;
    let sources = [
        site.source(json!({})).await?,
        site.source(json!({})).await?,
        site.source(json!({})).await?,
    ];
    // How many are fed in all, once that is known.
    let fed = Arc::new(OnceCell::new());
    let seen = Arc::new(Mutex::new(HashMap::new()));
    let mut consumers = Vec::new();
    let mut had = Vec::new();
    for source in sources {
        let (fed, seen, had_one) = (fed.clone(), seen.clone(), Arc::new(AtomicBool::new(false)));
        had.push(had_one.clone());
        consumers.push(tokio::spawn(async move {
            while fed.get() != Some(&seen.lock().await.len()) {
                for delivery in receive(&source, 7, Duration::from_millis(50)).await {
                    *seen.lock().await.entry(delivery.id.clone()).or_insert(0) += 1;
                    had_one.store(true, Ordering::Relaxed);
                    ack(&source, &delivery).await;
                }
            }
            source.close(&cx()).await.unwrap();
        }));
    }
    for sample in &samples(1, 300, today()) {
        save(&storage, sample).await?;
    }
    // A consumer may be slow to begin: there is more until each has had one.
    let (mut maker, mut count) = (Maker::new(2), 300);
    let end = Instant::now() + PATIENCE;
    while !had.iter().all(|had_one| had_one.load(Ordering::Relaxed)) {
        assert!(Instant::now() < end, "one gets nothing");
        save(&storage, &maker.sample(today())?).await?;
        count += 1;
    }
    fed.set(count).unwrap();
    for consumer in consumers {
        consumer.await.unwrap();
    }
    let seen = seen.lock().await;
    assert_eq!(seen.len(), count);
    assert!(seen.values().all(|times| *times == 1));
    assert_eq!(site.number(LENGTH), 0);
    Ok(())
}

#[tokio::test]
async fn what_is_no_crash_id_is_told() -> Result<()> {
    let site = Site::new().await;
    site.sql(
        "INSERT INTO socorro.new_crash (queue, crash_id, crash_date, priority)
         VALUES ('new', '0bba929f-8721-460c-dead-a43c20ffffff', '2007-10-25', 1)",
    );
    let source = site.source(json!({})).await?;
    let came = receive(&source, 1, Duration::ZERO).await;
    // An old form of id, which a pipeline refuses and so buries.
    assert_eq!(came[0].id.as_str(), "0bba929f-8721-460c-dead-a43c20ffffff");
    let error = failed(site.source(json!({ "lease": "0s" })).await);
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    Ok(())
}
