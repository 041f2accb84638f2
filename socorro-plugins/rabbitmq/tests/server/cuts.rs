//! Connections that are cut.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use socorro_core::crash::CrashId;
use socorro_core::source::{NewCrashSource, Settlement};
use socorro_core::storage::CrashStorage;
use socorro_testkit::proxy::{Direction, Proxy};

use crate::support::{PATIENCE, Vhost, ack, cx, drain, ids, receive, save_all, until, until_heard};

/// Options by which an instance goes through the proxy.
fn through(proxy: &Proxy, vhost: &Vhost, user: &str) -> Value {
    json!({ "url": vhost.url(&format!("amqp://{}", proxy.address()), user), "heartbeat": "2s" })
}

fn set(ids: &[CrashId]) -> BTreeSet<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// Bytes after which the next connections are cut: the same for the same seed.
fn points(seed: u64, count: usize, most: u64) -> Vec<u64> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        2_000 + (state >> 33) % most
    };
    (0..count).map(|_| next()).collect()
}

/// Every crash that was saved is in the queue; once, unless its save had to be tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_saved_is_lost_when_publishing_connections_are_cut() {
    let vhost = Vhost::shared();
    let proxy = Proxy::to(vhost.server.address().unwrap()).unwrap();
    let storage = vhost
        .storage(&through(&proxy, &vhost, "socorro-publisher"))
        .await
        .unwrap();
    let ids = ids(20, 2000);
    let mut tried_again = BTreeSet::new();
    for (part, point) in ids.chunks(200).zip(points(1, 10, 30_000)) {
        let direction = if point % 2 == 0 {
            Direction::ToServer
        } else {
            Direction::FromServer
        };
        let point = if direction == Direction::FromServer {
            point / 30
        } else {
            point
        };
        proxy.cut_after(direction, point);
        tried_again.extend(
            save_all(&storage, part)
                .await
                .iter()
                .map(ToString::to_string),
        );
    }
    assert!(
        !tried_again.is_empty(),
        "no connection was cut in the middle of a save"
    );
    let source = vhost.source(&json!({ "prefetch": 200 })).await.unwrap();
    let came = drain(&source, ids.len()).await;
    assert_eq!(came.keys().cloned().collect::<BTreeSet<_>>(), set(&ids));
    let often: Vec<_> = came
        .iter()
        .filter(|(id, times)| **times > 1 && !tried_again.contains(*id))
        .collect();
    assert!(
        often.is_empty(),
        "{often:?} more than once without being saved again"
    );
    source.close(&cx()).await.unwrap();
}

/// Every crash comes, and none again that was acknowledged, however often the consuming connection is cut.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_crash_comes_again_when_consuming_connections_are_cut() {
    for queue_type in ["quorum", "classic"] {
        let mut vhost = Vhost::shared();
        if queue_type == "classic" {
            vhost.options = json!({ "queues": { "priority": "", "standard": "socorro.standard", "reprocessing": "" } });
            vhost.ask("DELETE", &vhost.queue("socorro.standard"), &json!({}));
            vhost.make_queue("socorro.standard", &json!({ "x-queue-type": "classic" }));
        }
        let storage = vhost.storage(&json!({})).await.unwrap();
        let ids = ids(21, 2000);
        assert!(save_all(&storage, &ids).await.is_empty());
        // So that what is counted at the end was counted after this.
        until("all are counted", || {
            vhost.counted("socorro.standard") == Some(ids.len() as u64)
        })
        .await;
        storage.close(&cx()).await.unwrap();

        let proxy = Proxy::to(vhost.server.address().unwrap()).unwrap();
        let options = through(&proxy, &vhost, "socorro-consumer");
        let source = vhost.source(&options).await.unwrap();
        let mut came: BTreeMap<String, usize> = BTreeMap::new();
        let mut held = Vec::new();
        let mut cuts = points(2, 12, 25_000).into_iter();
        proxy.cut_after(Direction::FromServer, cuts.next().unwrap());
        let mut connections = proxy.connections();
        while came.len() < ids.len() {
            let deliveries = receive(&source, 8, PATIENCE).await;
            assert!(
                !deliveries.is_empty(),
                "{} of {} came",
                came.len(),
                ids.len()
            );
            for (place, delivery) in deliveries.into_iter().enumerate() {
                *came.entry(delivery.id.to_string()).or_default() += 1;
                // Some are acknowledged later, maybe on another connection than they came by.
                if place % 4 == 3 {
                    held.push(delivery);
                } else {
                    ack(&source, &delivery).await;
                }
            }
            if held.len() > 12 {
                for delivery in held.drain(..6) {
                    ack(&source, &delivery).await;
                }
            }
            if proxy.connections() != connections || came.len() % 170 < 8 {
                connections = proxy.connections();
                if let Some(point) = cuts.next() {
                    let way = if point % 2 == 0 {
                        Direction::FromServer
                    } else {
                        Direction::ToServer
                    };
                    proxy.cut_after(way, point / 4);
                }
            }
        }
        for delivery in held {
            ack(&source, &delivery).await;
        }
        let more = drain(&source, 0).await;
        assert!(more.is_empty(), "{queue_type}: came again: {more:?}");
        assert!(
            came.values().all(|times| *times == 1),
            "{queue_type}: more than once"
        );
        assert_eq!(came.into_keys().collect::<BTreeSet<_>>(), set(&ids));
        let more = until_heard(&vhost, &source, "socorro.standard").await;
        assert!(more.is_empty(), "{queue_type}: came again: {more:?}");
        source.close(&cx()).await.unwrap();
        assert_eq!(
            vhost.drain("socorro.standard"),
            Vec::<String>::new(),
            "{queue_type}"
        );
    }
}

/// What is out when its connection is cut is not handed out a second time, and its ack counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_after_the_cut_is_not_lost() {
    let deadline = Instant::now() + PATIENCE;
    while !settles_after_cuts(&Vhost::shared()).await {
        assert!(
            Instant::now() < deadline,
            "a close never delivers what was acknowledged after a cut"
        );
    }
}

/// How long a close waits for the broker.
const FLUSH: Duration = Duration::from_secs(2);

/// False when the close waited in vain, as it does for a broker whose disk stalls for longer.
async fn settles_after_cuts(vhost: &Vhost) -> bool {
    let storage = vhost.storage(&json!({})).await.unwrap();
    let ids = ids(22, 4);
    save_all(&storage, &ids).await;
    let proxy = Proxy::to(vhost.server.address().unwrap()).unwrap();
    let source = vhost
        .source(&through(&proxy, vhost, "socorro-consumer"))
        .await
        .unwrap();
    let mut out = Vec::new();
    while out.len() < 4 {
        out.extend(receive(&source, 4, PATIENCE).await);
    }
    proxy.cut();
    // Before the source is connected again.
    ack(&source, &out[0]).await;
    let none = receive(&source, 4, Duration::from_millis(500)).await;
    assert!(none.is_empty(), "out, and handed out again: {none:?}");
    // After: what came again has taken the place of what was cut.
    ack(&source, &out[1]).await;
    source
        .settle(&cx(), out[2].token, Settlement::GiveBack)
        .await
        .unwrap();
    let again = receive(&source, 4, PATIENCE).await;
    assert_eq!(
        again.iter().map(|one| &one.id).collect::<Vec<_>>(),
        [&out[2].id]
    );
    ack(&source, &again[0]).await;
    proxy.cut();
    ack(&source, &out[3]).await;
    // Flushes: connects once more to say so.
    let closing = Instant::now();
    let closed = source.close(&cx()).await;
    let waited = closing.elapsed() >= FLUSH;
    let left = vhost.drain("socorro.standard");
    if waited && (closed.is_err() || !left.is_empty()) {
        return false;
    }
    closed.unwrap();
    assert_eq!(left, Vec::<String>::new());
    true
}

/// A broker that says nothing more is given up after two heartbeats.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_connection_is_given_up() {
    let vhost = Vhost::shared();
    let proxy = Proxy::to(vhost.server.address().unwrap()).unwrap();
    let storage = vhost
        .storage(&through(&proxy, &vhost, "socorro-publisher"))
        .await
        .unwrap();
    let ids = ids(23, 2);
    proxy.stall();
    let late = crate::support::save_within(&storage, &ids[0], Duration::from_millis(300)).await;
    let error = late.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    let lost = crate::support::save(&storage, &ids[0]).await.unwrap_err();
    assert!(lost.is_retryable(), "{lost:?}");
    proxy.flow();
    save_all(&storage, &ids).await;
    storage.close(&cx()).await.unwrap();
}
