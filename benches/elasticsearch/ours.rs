//! The loaded plugin.

use anyhow::Result;
use async_trait::async_trait;
use serde_json::json;
use socorro_benches::crashes::Crash;
use socorro_benches::servers::ours::Ours;
use socorro_benches::servers::peer::Peer;
use socorro_core::crash::{CrashId, Limits, ProcessedCrash, StoredId};
use socorro_testkit::services::Server;

pub(crate) struct Indexed(Ours);

impl Indexed {
    pub(crate) async fn open(server: &Server) -> Result<Self> {
        let mut options = json!({
            "type": "elasticsearch",
            "urls": [server.url],
            "index": "socorrobenchmark%Y%W",
        });
        if let (Some(table), false) = (options.as_object_mut(), server.user.is_empty()) {
            table.insert("username".to_owned(), server.user.clone().into());
            let ca = json!({ "ca_file": server.ca_file });
            table.insert("tls".to_owned(), ca);
        }
        Ok(Self(
            Ours::open(
                "elasticsearch plugin, loaded",
                options,
                ("password", &server.password),
            )
            .await?,
        ))
    }
}

#[async_trait]
impl Peer for Indexed {
    fn title(&self) -> &'static str {
        self.0.title()
    }

    async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        let processed = ProcessedCrash::new(crash.raw.as_bytes().clone(), &Limits::default())?;
        Ok(self.0.handle().save_processed_crash(id, &processed).await?)
    }

    async fn read(&self, id: &CrashId) -> Result<usize> {
        let processed = self.0.handle().get_unredacted_processed_crash(id).await?;
        Ok(processed.as_bytes().len())
    }

    async fn delete(&self, id: &CrashId) -> Result<()> {
        Ok(self.0.handle().delete(StoredId::from(id)).await?)
    }

    fn size(&self, crash: &Crash) -> usize {
        crash.raw.as_bytes().len()
    }
}
