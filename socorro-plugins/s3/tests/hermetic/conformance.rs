//! The suite, in this process and through the loaded library.

use std::sync::Arc;

use serde_json::{Value, json};
use socorro_core::conformance::{self, StorageSubject};
use socorro_core::plugin::{OpenOptions, Plugin};
use socorro_core::storage::CrashStorage;
use socorro_core::{Result, async_trait};
use socorro_testkit_s3::Server;

use crate::library::library;
use crate::support::{careless, options, server, try_open};

const LEFT_OUT: [&str; 2] = ["unsupported_is_said", "declined_dumps_are_not_there"];

/// A prefix for each case.
struct Bucket {
    server: Arc<Server>,
    more: Value,
    /// The plugin as a library; linked in otherwise.
    library: Option<Arc<Plugin>>,
}

impl Bucket {
    async fn instance(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        let mut options = options(&self.server, &self.more);
        let prefix = self.more["prefix"].as_str().unwrap_or_default();
        options["prefix"] = json!(format!("{prefix}{case}"));
        match &self.library {
            None => Ok(Arc::new(try_open(options).await?)),
            Some(library) => {
                let how = OpenOptions::default();
                Ok(Arc::new(
                    library.open_storage("archive", &options, &how).await?,
                ))
            }
        }
    }

    async fn conforms(self) {
        let report = conformance::storage(&self).await;
        report.assert();
        let left_out: Vec<_> = report.not_applicable().collect();
        assert_eq!(left_out, LEFT_OUT, "{report}");
        let open = self.server.open_uploads();
        assert!(open.is_empty(), "uploads left open: {open:?}");
    }
}

#[async_trait]
impl StorageSubject for Bucket {
    async fn open(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        self.instance(case).await
    }

    async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
        Some(self.instance(case).await)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_process() {
    let bucket = Bucket {
        server: server().await,
        more: json!({}),
        library: None,
    };
    bucket.conforms().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_conditions_and_checksums() {
    let bucket = Bucket {
        server: careless().await,
        more: json!({ "checksums": "when_required", "list_legacy": true, "max_connections": 3 }),
        library: None,
    };
    bucket.conforms().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loaded() {
    let library = library().await;
    let bucket = Bucket {
        server: server().await,
        more: json!({ "prefix": "名前 +%41/" }),
        library: Some(Arc::clone(&library)),
    };
    bucket.conforms().await;
    assert_eq!(library.stray_answers(), 0);
}
