//! The public suite.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use socorro_core::conformance::{self, SourceSubject, StorageSubject};
use socorro_core::crash::CrashId;
use socorro_core::source::NewCrashSource;
use socorro_core::storage::CrashStorage;
use socorro_core::{Result, async_trait};

use crate::support::{Vhost, save};

/// For one case: a disk that stalls for half a minute may do so more than once.
const CASE: Duration = Duration::from_secs(180);

struct Storages(Vhost);

#[async_trait]
impl StorageSubject for Storages {
    async fn open(&self, _case: &str) -> Result<Arc<dyn CrashStorage>> {
        Ok(Arc::new(self.0.storage(&json!({})).await?))
    }

    async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
        Some(self.open(case).await)
    }

    fn patience(&self) -> Duration {
        CASE
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_storage() {
    let report = conformance::storage(&Storages(Vhost::shared())).await;
    report.assert();
    let passed: Vec<_> = report.passed().collect();
    assert!(passed.contains(&"unsupported_is_said"), "{report}");
}

/// A virtual host for each case, with these options.
struct Sources {
    options: Value,
    vhosts: Mutex<HashMap<String, Arc<Vhost>>>,
}

impl Sources {
    fn with(options: Value) -> Self {
        Self {
            options,
            vhosts: Mutex::default(),
        }
    }

    fn vhost(&self, case: &str) -> Arc<Vhost> {
        let mut vhosts = self.vhosts.lock().unwrap();
        let vhost = vhosts.entry(case.to_owned()).or_insert_with(|| {
            let server =
                socorro_testkit::services::shared(socorro_testkit::services::Kind::Rabbitmq);
            let mut vhost = Vhost::bare(server.unwrap());
            if self.options["queue_type"] == "classic" {
                for queue in [
                    "socorro.priority",
                    "socorro.standard",
                    "socorro.reprocessing",
                ] {
                    vhost.make_queue(queue, &json!({ "x-queue-type": "classic" }));
                }
            } else {
                vhost.make_queues();
            }
            vhost.options = self.options.clone();
            Arc::new(vhost)
        });
        Arc::clone(vhost)
    }
}

#[async_trait]
impl SourceSubject for Sources {
    async fn open(&self, case: &str) -> Result<Arc<dyn NewCrashSource>> {
        Ok(Arc::new(self.vhost(case).source(&json!({})).await?))
    }

    /// Into all three queues in turn.
    async fn feed(&self, case: &str, ids: &[CrashId]) -> Result<()> {
        let vhost = self.vhost(case);
        for (place, route) in ["standard", "priority", "reprocessing"]
            .into_iter()
            .enumerate()
        {
            let mine: Vec<_> = ids.iter().skip(place).step_by(3).collect();
            if mine.is_empty() {
                continue;
            }
            let storage = vhost.storage(&json!({ "route": route })).await?;
            for id in mine {
                save(&storage, id).await?;
            }
            storage.close(&crate::support::cx()).await?;
        }
        Ok(())
    }

    fn patience(&self) -> Duration {
        CASE
    }
}

async fn conforms(options: Value) {
    let report = conformance::source(&Sources::with(options)).await;
    report.assert();
    assert_eq!(report.not_applicable().next(), None, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_source() {
    conforms(json!({})).await;
}

/// Every crash beyond the first has to be fetched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_source_with_the_least_prefetch() {
    conforms(json!({ "prefetch": 1 })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_source_of_classic_queues() {
    conforms(json!({ "queue_type": "classic" })).await;
}
