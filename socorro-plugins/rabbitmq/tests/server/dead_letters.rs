//! What becomes of what cannot be delivered.

use std::time::Duration;

use serde_json::json;
use socorro_core::source::{NewCrashSource, Settlement};

use crate::support::{PATIENCE, Vhost, ack, cx, ids, receive, save, source, storage, until};

/// So many deliveries, of which the last is refused like the others, and then it is a dead letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_is_handed_out_so_often_and_then_is_a_dead_letter() {
    let vhost = Vhost::bare(
        socorro_testkit::services::shared(socorro_testkit::services::Kind::Rabbitmq).unwrap(),
    );
    let few = json!({ "max_deliveries": 3, "redeliver_after": "10ms" });
    let options = vhost.options("socorro-setup", &few);
    let source = source(&options).await.unwrap();
    let storage = storage(&options).await.unwrap();
    let ids = ids(30, 2);
    save(&storage, &ids[0]).await.unwrap();
    for _ in 0..3 {
        let came = receive(&source, 1, PATIENCE).await;
        assert_eq!(came[0].id.as_str(), ids[0].as_str());
        let reason = "the test says so".to_owned();
        source
            .settle(&cx(), came[0].token, Settlement::Nack { reason })
            .await
            .unwrap();
    }
    // Others go on, and the one that is dead does not come.
    save(&storage, &ids[1]).await.unwrap();
    let came = receive(&source, 2, PATIENCE).await;
    assert_eq!(
        came.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        [ids[1].as_str()]
    );
    ack(&source, &came[0]).await;
    assert!(
        receive(&source, 2, Duration::from_millis(100))
            .await
            .is_empty()
    );
    let mut dead = Vec::new();
    until("the dead letter", || {
        dead.extend(vhost.drain("socorro.dead"));
        !dead.is_empty()
    })
    .await;
    assert_eq!(dead, [ids[0].to_string()]);
    source.close(&cx()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_back_does_not_count() {
    let vhost = Vhost::bare(
        socorro_testkit::services::shared(socorro_testkit::services::Kind::Rabbitmq).unwrap(),
    );
    let options = vhost.options("socorro-setup", &json!({ "max_deliveries": 2 }));
    let source = source(&options).await.unwrap();
    let storage = storage(&options).await.unwrap();
    let ids = ids(31, 1);
    save(&storage, &ids[0]).await.unwrap();
    for _ in 0..10 {
        let came = receive(&source, 1, PATIENCE).await;
        source
            .settle(&cx(), came[0].token, Settlement::GiveBack)
            .await
            .unwrap();
    }
    let came = receive(&source, 1, PATIENCE).await;
    assert_eq!(came[0].id.as_str(), ids[0].as_str());
    ack(&source, &came[0]).await;
    source.close(&cx()).await.unwrap();
    assert!(vhost.drain("socorro.dead").is_empty());
}

/// Also what Socorro published, which has no mark; and what is no crash holds nothing up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_others() {
    let vhost = Vhost::shared();
    let ids = ids(32, 2);
    vhost.publish("socorro.standard", ids[0].as_str());
    vhost.publish("socorro.priority", "no crash id");
    vhost.publish("socorro.standard", &"x".repeat(100_000));
    vhost.publish("socorro.standard", ids[1].as_str());
    let source = vhost.source(&json!({})).await.unwrap();
    let mut came = Vec::new();
    while came.len() < 2 {
        for delivery in receive(&source, 5, PATIENCE).await {
            ack(&source, &delivery).await;
            came.push(delivery.id.to_string());
        }
    }
    assert_eq!(came, [ids[0].to_string(), ids[1].to_string()]);
    assert!(receive(&source, 5, Duration::ZERO).await.is_empty());
    let mut dead = Vec::new();
    until("two dead letters", || {
        dead.extend(vhost.drain("socorro.dead"));
        dead.len() == 2
    })
    .await;
    source.close(&cx()).await.unwrap();
}

/// Urgent crashes come first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_of_queues() {
    let vhost = Vhost::shared();
    let all = ids(33, 60);
    for (route, ids) in ["reprocessing", "standard", "priority"]
        .into_iter()
        .zip(all.chunks(20))
    {
        let storage = vhost.storage(&json!({ "route": route })).await.unwrap();
        for id in ids {
            save(&storage, id).await.unwrap();
        }
    }
    let source = vhost.source(&json!({})).await.unwrap();
    // Until the broker has sent what it may, the order is that of arrival.
    let first = receive(&source, 1, PATIENCE).await;
    source
        .settle(&cx(), first[0].token, Settlement::GiveBack)
        .await
        .unwrap();
    let nothing = receive(&source, 60, Duration::ZERO).await;
    for delivery in nothing.iter().rev() {
        source
            .settle(&cx(), delivery.token, Settlement::GiveBack)
            .await
            .unwrap();
    }
    let mut order = Vec::new();
    while order.len() < 60 {
        for delivery in receive(&source, 1, PATIENCE).await {
            let place = all
                .iter()
                .position(|id| id.as_str() == delivery.id.as_str())
                .unwrap();
            order.push(2 - place / 20);
            ack(&source, &delivery).await;
        }
    }
    let early = order[..16].iter().filter(|queue| **queue == 0).count();
    assert!(early >= 12, "{order:?}");
    assert!(
        order[..32].contains(&2),
        "the least urgent queue starves: {order:?}"
    );
    source.close(&cx()).await.unwrap();
}
