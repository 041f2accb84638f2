//! Many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use socorro_core::Result;

use crate::support::{Site, close, expect, samples, save, today, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_saves_at_once() -> Result<()> {
    let site = Site::new().await;
    let options = json!({ "queue": "new", "lock_timeout": "1min", "request_timeout": "1min" });
    let storage = Arc::new(site.storage(options).await?);
    let all = samples(1000, 1000, today());
    // Nothing can be written until all have begun: they wait for each other.
    let held = site.hold("BEGIN; LOCK TABLE socorro.raw_crash IN SHARE MODE");
    let begun = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = all
        .iter()
        .cloned()
        .map(|sample| {
            let (storage, begun) = (storage.clone(), begun.clone());
            tokio::spawn(async move {
                begun.fetch_add(1, Ordering::Relaxed);
                save(&*storage, &sample).await
            })
        })
        .collect();
    until("all have begun", || async {
        begun.load(Ordering::Relaxed) == 1000
    })
    .await;
    drop(held);
    for task in tasks {
        task.await.unwrap()?;
    }
    for sample in all.iter().step_by(13) {
        expect(&*storage, sample).await;
    }
    assert_eq!(site.number("SELECT count(*) FROM socorro.raw_crash"), 1000);
    assert_eq!(site.number("SELECT count(*) FROM socorro.new_crash"), 1000);
    // They shared transactions: each transaction leaves its number in its rows.
    let transactions = site.number("SELECT count(DISTINCT xmin::text) FROM socorro.raw_crash");
    assert!(transactions < 300, "{transactions}");
    close(&storage).await;
    let left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'socorro%'";
    until("connections closed", || async { site.number(left) == 0 }).await;
    Ok(())
}

/// Four instances, as four processes would have, save the same crashes at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_crashes_from_several_instances() -> Result<()> {
    let site = Site::new().await;
    let all = samples(77, 60, today());
    let mut tasks = Vec::new();
    for place in 0..4 {
        let storage = Arc::new(site.storage(json!({ "queue": "new" })).await?);
        let mut order = all.clone();
        order.rotate_left(place * 15);
        if place % 2 == 1 {
            order.reverse();
        }
        for sample in order {
            let storage = storage.clone();
            tasks.push(tokio::spawn(async move { save(&*storage, &sample).await }));
        }
    }
    for task in tasks {
        task.await.unwrap()?;
    }
    let storage = site.storage(json!({})).await?;
    for sample in &all {
        expect(&storage, sample).await;
    }
    assert_eq!(
        site.number("SELECT max(revision) FROM socorro.raw_crash"),
        1
    );
    assert_eq!(site.number("SELECT count(*) FROM socorro.new_crash"), 60);
    Ok(())
}
