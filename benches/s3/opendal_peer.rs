//! The `opendal` crate.

use anyhow::Result;
use async_trait::async_trait;
use opendal::Operator;
use opendal::services::S3;
use socorro_benches::crashes::Crash;
use socorro_benches::servers::peer::Peer;
use socorro_core::crash::CrashId;
use socorro_testkit::services::Server;

use crate::BUCKET;
use crate::keys::Keys;

const PREFIX: &str = "opendal";

pub(crate) struct OpenDalPeer(Operator);

impl OpenDalPeer {
    pub(crate) fn open(server: &Server) -> Result<Self> {
        opendal_http_transport_reqwest::install_default();
        let service = S3::default()
            .endpoint(&server.url)
            .region("us-east-1")
            .bucket(BUCKET)
            .access_key_id(&server.user)
            .secret_access_key(&server.password)
            .disable_config_load()
            .disable_ec2_metadata();
        Ok(Self(Operator::new(service)?))
    }
}

#[async_trait]
impl Peer for OpenDalPeer {
    fn title(&self) -> &'static str {
        "opendal"
    }

    async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        for (key, content) in Keys::new(PREFIX, id).objects(crash) {
            self.0.write(&key, content).await?;
        }
        Ok(())
    }

    async fn read(&self, id: &CrashId) -> Result<usize> {
        let keys = Keys::new(PREFIX, id);
        Ok(self.0.read(&keys.raw).await?.len() + self.0.read(&keys.dump).await?.len())
    }

    async fn delete(&self, id: &CrashId) -> Result<()> {
        for key in Keys::new(PREFIX, id).all() {
            self.0.delete(&key).await?;
        }
        Ok(())
    }
}
