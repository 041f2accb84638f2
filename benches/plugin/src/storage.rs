use socorro_core::async_trait;
use socorro_core::crash::{CrashId, DumpName, Dumps, RawCrash, StoredId};
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, CrashStorage};
use socorro_core::{Bytes, Context, Result};

use crate::connections::Connections;
use crate::{Reached, StepsConfig};

/// See the [crate](crate).
pub struct StepsStorage {
    connections: Connections,
    payload: Bytes,
}

#[async_trait]
impl CrashStorage for StepsStorage {
    fn capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn save_raw_crash(
        &self,
        _cx: &Context,
        _id: &CrashId,
        _raw: &RawCrash,
        _dumps: &Dumps,
    ) -> Result<()> {
        Ok(())
    }

    async fn get_raw_crash(&self, _cx: &Context, _id: &StoredId) -> Result<RawCrash> {
        RawCrash::from_stored(Reached::now().to_json())
    }

    async fn get_dump(&self, _cx: &Context, _id: &StoredId, _name: &DumpName) -> Result<Bytes> {
        Ok(self.payload.clone())
    }

    async fn delete(&self, _cx: &Context, _id: &StoredId) -> Result<()> {
        self.connections.steps().await
    }
}

#[async_trait]
impl StoragePlugin for StepsStorage {
    type Config = StepsConfig;

    const CAPABILITIES: Capabilities = Capabilities::SAVE_RAW
        .union(Capabilities::GET_RAW)
        .union(Capabilities::GET_DUMPS)
        .union(Capabilities::DELETE);

    async fn open(config: StepsConfig, _cx: &OpenContext) -> Result<Self> {
        Ok(Self {
            connections: Connections::new(config.echo),
            payload: vec![0x5a; config.payload].into(),
        })
    }
}
