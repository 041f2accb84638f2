//! The `object_store` crate.

use anyhow::Result;
use async_trait::async_trait;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ObjectStoreExt, RetryConfig};
use socorro_benches::crashes::Crash;
use socorro_benches::servers::peer::Peer;
use socorro_core::crash::CrashId;
use socorro_testkit::services::Server;

use crate::BUCKET;
use crate::keys::Keys;

const PREFIX: &str = "object_store";

pub(crate) struct ObjectStorePeer(AmazonS3);

impl ObjectStorePeer {
    pub(crate) fn open(server: &Server) -> Result<Self> {
        let retries = RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        };
        let store = AmazonS3Builder::new()
            .with_endpoint(&server.url)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_bucket_name(BUCKET)
            .with_access_key_id(&server.user)
            .with_secret_access_key(&server.password)
            .with_retry(retries)
            .build()?;
        Ok(Self(store))
    }
}

#[async_trait]
impl Peer for ObjectStorePeer {
    fn title(&self) -> &'static str {
        "object_store"
    }

    async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        for (key, content) in Keys::new(PREFIX, id).objects(crash) {
            self.0.put(&key.into(), content.into()).await?;
        }
        Ok(())
    }

    async fn read(&self, id: &CrashId) -> Result<usize> {
        let keys = Keys::new(PREFIX, id);
        let raw = self.0.get(&keys.raw.into()).await?.bytes().await?;
        let dump = self.0.get(&keys.dump.into()).await?.bytes().await?;
        Ok(raw.len() + dump.len())
    }

    async fn delete(&self, id: &CrashId) -> Result<()> {
        for key in Keys::new(PREFIX, id).all() {
            self.0.delete(&key.into()).await?;
        }
        Ok(())
    }
}
