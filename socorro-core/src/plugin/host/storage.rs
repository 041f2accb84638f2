use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::call::Call;
use super::instance::{Destroyed, Instance};
use super::owner::Owner;
use super::pending::Payload;
use super::plugin::Plugin;
use super::{answer, operation};
use crate::context::Context;
use crate::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::abi::op;
use crate::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};

/// A storage that lives in a plugin.
///
/// Clones are the same instance. When the last one is dropped, the instance is destroyed in the background;
/// [`destroy`](Self::destroy) does it now and tells how it went.
///
/// Dropping the future of an operation asks the plugin to cancel it. The context's deadline is enforced here,
/// whatever the plugin does; without one an operation waits for as long as the instance lives.
#[derive(Clone)]
pub struct PluginStorage(Arc<Owner>);

impl PluginStorage {
    pub(super) fn new(owner: Owner) -> Self {
        Self(Arc::new(owner))
    }

    /// Destroys the instance, also for its clones. Operations that still run end with `Cancelled`. Returns
    /// after `timeout` and half a second at the latest.
    pub async fn destroy(self, timeout: Duration) -> Destroyed {
        self.instance().destroy(timeout).await
    }

    /// [`close`](CrashStorage::close) on a thread of its own, because a plugin that hangs when it is called must not
    /// take a thread of the program with it.
    pub(crate) async fn close_apart(&self, cx: &Context) -> Result<()> {
        self.instance().close_apart(cx).await
    }

    /// Waits until nothing of it is left after all; for ever when something stays.
    pub(crate) async fn gone(&self) {
        self.instance().gone().await;
    }

    /// The plugin it is an instance of.
    pub fn plugin(&self) -> &Arc<Plugin> {
        self.instance().plugin()
    }

    /// The configured name.
    pub fn name(&self) -> &str {
        self.instance().name()
    }

    fn instance(&self) -> &Arc<Instance> {
        &self.0.0
    }

    /// Names the plugin in an error about its answer.
    fn blame(&self, operation: u32, id: Option<&str>, error: Error) -> Error {
        let error = match error.kind() {
            ErrorKind::Plugin => self.plugin().blame(error),
            _ => error,
        };
        let error = error.in_operation(operation::name(operation));
        match id {
            Some(id) => error.for_crash(id),
            None => error,
        }
    }

    /// Runs an operation that reads something of one crash, and checks what it gave.
    async fn read<T>(
        &self,
        cx: &Context,
        call: Call<'_>,
        check: impl FnOnce(Payload) -> Result<T>,
    ) -> Result<T> {
        let (operation, id) = (call.operation, call.crash_id);
        let payload = self.instance().call(cx, call).await?;
        check(payload)
            .map_err(|error| self.blame(operation, Some(id).filter(|id| !id.is_empty()), error))
    }
}

impl fmt::Debug for PluginStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginStorage")
            .field("name", &self.name())
            .field("plugin", &self.plugin())
            .finish()
    }
}

#[async_trait]
impl CrashStorage for PluginStorage {
    fn capabilities(&self) -> Capabilities {
        self.instance().capabilities()
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        let call = Call {
            operation: op::SAVE_RAW_CRASH,
            crash_id: id.as_str(),
            raw_crash: raw.as_bytes().clone(),
            dumps: Some(dumps),
            ..Call::default()
        };
        self.instance().call(cx, call).await.map(drop)
    }

    async fn save_processed_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let call = Call {
            operation: op::SAVE_PROCESSED_CRASH,
            crash_id: id.as_str(),
            processed_crash: processed.as_bytes().clone(),
            ..Call::default()
        };
        self.instance().call(cx, call).await.map(drop)
    }

    async fn save_raw_and_processed(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let call = Call {
            operation: op::SAVE_RAW_AND_PROCESSED,
            crash_id: id.as_str(),
            raw_crash: raw.as_bytes().clone(),
            dumps: Some(dumps),
            processed_crash: processed.as_bytes().clone(),
            ..Call::default()
        };
        self.instance().call(cx, call).await.map(drop)
    }

    async fn get_raw_crash(&self, cx: &Context, id: &StoredId) -> Result<RawCrash> {
        let call = Call {
            operation: op::GET_RAW_CRASH,
            crash_id: id.as_str(),
            ..Call::default()
        };
        self.read(cx, call, |payload| RawCrash::from_stored(payload.data))
            .await
    }

    async fn get_dump(&self, cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        let call = Call {
            operation: op::GET_DUMP,
            crash_id: id.as_str(),
            name: name.as_str(),
            ..Call::default()
        };
        self.read(cx, call, |payload| Ok(payload.data)).await
    }

    async fn get_dumps(&self, cx: &Context, id: &StoredId) -> Result<Dumps> {
        let call = Call {
            operation: op::GET_DUMPS,
            crash_id: id.as_str(),
            ..Call::default()
        };
        self.read(cx, call, |payload| answer::dumps_in_memory(payload.dumps))
            .await
    }

    async fn get_dumps_as_files(
        &self,
        cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        let call = Call {
            operation: op::GET_DUMPS_AS_FILES,
            crash_id: id.as_str(),
            directory: Some(directory),
            ..Call::default()
        };
        let check = |payload: Payload| answer::dumps_as_files(payload.dumps, directory);
        self.read(cx, call, check).await
    }

    async fn get_unredacted_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        let call = Call {
            operation: op::GET_PROCESSED_CRASH,
            crash_id: id.as_str(),
            ..Call::default()
        };
        let check = |payload: Payload| ProcessedCrash::from_stored(payload.data);
        self.read(cx, call, check).await
    }

    async fn catalog(&self, cx: &Context, id: &StoredId) -> Result<Catalog> {
        let call = Call {
            operation: op::CATALOG,
            crash_id: id.as_str(),
            ..Call::default()
        };
        self.read(cx, call, |payload| answer::catalog(&payload.data))
            .await
    }

    async fn list(&self, cx: &Context, request: &ListRequest) -> Result<ListPage> {
        let text = serde_json::to_string(request).map_err(|error| {
            Error::new(ErrorKind::Internal, "a list request is no JSON").caused_by(&error)
        })?;
        let call = Call {
            operation: op::LIST,
            text: &text,
            ..Call::default()
        };
        self.read(cx, call, |payload| answer::page(&payload.data, request))
            .await
    }

    async fn delete(&self, cx: &Context, id: &StoredId) -> Result<()> {
        let call = Call {
            operation: op::DELETE,
            crash_id: id.as_str(),
            ..Call::default()
        };
        self.instance().call(cx, call).await.map(drop)
    }

    async fn health(&self, cx: &Context) -> Result<Health> {
        let call = Call {
            operation: op::HEALTH,
            ..Call::default()
        };
        self.read(cx, call, |payload| {
            answer::json(&payload.data, answer::JSON, "health")
        })
        .await
    }

    async fn close(&self, cx: &Context) -> Result<()> {
        let call = Call {
            operation: op::CLOSE,
            ..Call::default()
        };
        self.instance().call(cx, call).await.map(drop)
    }
}
