//! A broker that is killed and started again.

use std::collections::BTreeSet;

use serde_json::json;
use socorro_core::source::NewCrashSource;
use socorro_core::storage::CrashStorage;
use socorro_testkit::services::{self, Kind};

use crate::support::{
    PATIENCE, Vhost, ack, cx, drain, ids, receive, save_all, source, storage, until, until_heard,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_loses_and_doubles_nothing() {
    let mut own = services::own(Kind::Rabbitmq).unwrap();
    let vhost = Vhost::bare(own.server().clone());
    // What makes the queues and saves what has to be saved at once waits as long as the disk needs.
    let options = vhost.options("socorro-setup", &json!({}));
    drop(source(&options).await.unwrap());
    let patient = storage(&options).await.unwrap();
    // A broker that is just starting leaves requests unanswered: who lives through the kill asks again.
    let again = json!({ "connect_timeout": "10s", "request_timeout": "30s" });
    let options = vhost.options("socorro-setup", &again);
    let storage = storage(&options).await.unwrap();
    let source = source(&options).await.unwrap();

    for queue in ["priority", "standard", "reprocessing", "dead"] {
        // A broker that dies before has lost the queue's leader, not our crashes.
        until("the broker knows its queues after a kill", || {
            services::rabbitmq_knows(own.server(), &format!("socorro.{queue}"))
        })
        .await;
    }

    // In mid-save: a part is confirmed, a part is on its way, a part comes while it is down.
    let all = ids(70, 1200);
    let (before, during) = all.split_at(400);
    assert!(save_all(&patient, before).await.is_empty());
    patient.close(&cx()).await.unwrap();
    let saving = tokio::spawn({
        let (storage, during) = (storage.clone(), during.to_vec());
        async move { save_all(&storage, &during).await }
    });
    // Some are out over the kill, and acknowledged afterwards or meanwhile.
    let mut acked = BTreeSet::new();
    let mut out = Vec::new();
    while out.len() < 8 {
        let more = receive(&source, 8 - out.len(), PATIENCE).await;
        assert!(!more.is_empty(), "only {} came", out.len());
        out.extend(more);
    }
    let held = out.split_off(4);
    for delivery in &out {
        ack(&source, delivery).await;
        acked.insert(delivery.id.to_string());
    }
    own.kill().unwrap();
    for delivery in &held {
        ack(&source, delivery).await;
        acked.insert(delivery.id.to_string());
    }
    let own = tokio::task::spawn_blocking(move || {
        own.start().unwrap();
        own
    })
    .await
    .unwrap();
    let tried_again: BTreeSet<_> = saving
        .await
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();

    // In mid-consume.
    let mut came = drain(&source, all.len() - acked.len()).await;
    for id in until_heard(&vhost, &source, "socorro.standard").await {
        *came.entry(id).or_default() += 1;
    }
    let again: Vec<_> = came
        .keys()
        .filter(|id| acked.contains(*id) && !tried_again.contains(*id))
        .collect();
    assert!(
        again.is_empty(),
        "acknowledged, and handed out again: {again:?}"
    );
    let often: Vec<_> = came
        .iter()
        .filter(|(id, times)| **times > 1 && !tried_again.contains(*id))
        .collect();
    assert!(often.is_empty(), "{often:?}");
    let mut seen: BTreeSet<String> = came.into_keys().collect();
    seen.extend(acked);
    assert_eq!(seen, all.iter().map(ToString::to_string).collect());
    source.close(&cx()).await.unwrap();
    storage.close(&cx()).await.unwrap();
    drop(own);
}
