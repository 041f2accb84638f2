//! The C storage goes through the same suite as every other.

use std::sync::Arc;

use socorro_core::conformance::{self, StorageSubject};
use socorro_core::storage::CrashStorage;
use socorro_core::{Result, async_trait};

use crate::library::open;

struct InC;

#[async_trait]
impl StorageSubject for InC {
    async fn open(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        Ok(Arc::new(open(case).await))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_conforms() {
    conformance::storage(&InC).await.assert();
}
