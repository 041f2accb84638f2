use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;

use super::answer;
use super::call::Call;
use super::instance::{Destroyed, Instance};
use super::owner::Owner;
use super::pending::Reply;
use super::plugin::Plugin;
use crate::context::Context;
use crate::error::Result;
use crate::plugin::abi::{op, settlement};
use crate::plugin::wire::broken;
use crate::source::{Delivery, NewCrashSource, Receive, Settlement, Token};

/// A source of new crashes that lives in a plugin.
///
/// Clones are the same instance; see [`PluginStorage`](super::PluginStorage) for how one ends. Crashes that
/// arrive for a `receive` whose future was dropped are given back.
#[derive(Clone)]
pub struct PluginSource(Arc<Owner>);

impl PluginSource {
    pub(super) fn new(owner: Owner) -> Self {
        Self(Arc::new(owner))
    }

    /// Destroys the instance, also for its clones. Operations that still run end with `Cancelled`. Returns
    /// after `timeout` and half a second at the latest.
    pub async fn destroy(self, timeout: Duration) -> Destroyed {
        self.instance().destroy(timeout).await
    }

    /// [`close`](NewCrashSource::close) on a thread of its own, because a plugin that hangs when it is called must not
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
}

impl fmt::Debug for PluginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginSource")
            .field("name", &self.name())
            .field("plugin", &self.plugin())
            .finish()
    }
}

#[async_trait]
impl NewCrashSource for PluginSource {
    async fn receive(&self, cx: &Context, request: Receive) -> Result<Vec<Delivery>> {
        let call = Call {
            operation: op::RECEIVE,
            count: u32::try_from(request.max.get()).unwrap_or(u32::MAX),
            wait: request.wait,
            ..Call::default()
        };
        let payload = self.instance().call(cx, call).await?;
        let blame = |error| self.plugin().blame(error).in_operation("receive");
        let deliveries = deliveries(&payload.data).map_err(blame)?;
        if deliveries.len() > request.max.get() {
            let error = blame(broken(format!(
                "it delivered {} crashes; at most {} were asked for",
                deliveries.len(),
                request.max
            )));
            give_back_all(self.instance(), deliveries).await;
            return Err(error);
        }
        Ok(deliveries)
    }

    async fn settle(&self, cx: &Context, token: Token, settlement: Settlement) -> Result<()> {
        settle(self.instance(), cx, token, &settlement).await
    }

    async fn close(&self, cx: &Context) -> Result<()> {
        let call = Call {
            operation: op::CLOSE,
            ..Call::default()
        };
        self.instance().call(cx, call).await.map(drop)
    }
}

async fn settle(
    instance: &Arc<Instance>,
    cx: &Context,
    token: Token,
    settlement: &Settlement,
) -> Result<()> {
    let (settlement, reason) = match settlement {
        Settlement::Ack => (settlement::ACK, ""),
        Settlement::Nack { reason } => (settlement::NACK, reason.as_str()),
        Settlement::GiveBack => (settlement::GIVE_BACK, ""),
    };
    let call = Call {
        operation: op::SETTLE,
        token: token.0,
        settlement,
        text: reason,
        ..Call::default()
    };
    instance.call(cx, call).await.map(drop)
}

fn deliveries(data: &[u8]) -> Result<Vec<Delivery>> {
    // Nothing bounds a batch but what was asked for, which is checked after reading.
    answer::json(data, 64 * answer::JSON, "list of deliveries")
}

/// How long giving back may take.
const GIVE_BACK: Duration = Duration::from_secs(30);

/// Gives back what `reply` delivers to nobody, so that it is not out until the next start.
///
/// On `runtime`, not here: this may be a thread of the plugin, in the middle of its own locks.
pub(super) fn give_back(instance: &Arc<Instance>, runtime: &Handle, reply: Reply) {
    let Ok(payload) = reply else {
        return;
    };
    match deliveries(&payload.data) {
        Ok(unwanted) if unwanted.is_empty() => {}
        Ok(unwanted) => {
            let instance = Arc::clone(instance);
            runtime.spawn(async move { give_back_all(&instance, unwanted).await });
        }
        Err(error) => {
            let error = instance.plugin().blame(error);
            tracing::error!(instance = instance.name(), %error, "crashes may be out until the next start");
        }
    }
}

async fn give_back_all(instance: &Arc<Instance>, deliveries: Vec<Delivery>) {
    let cx = Context::new().with_timeout(GIVE_BACK);
    for delivery in deliveries {
        if let Err(error) = settle(instance, &cx, delivery.token, &Settlement::GiveBack).await {
            tracing::warn!(
                instance = instance.name(),
                crash_id = %delivery.id,
                %error,
                "a crash could not be given back; it is out until the next start"
            );
        }
    }
}
