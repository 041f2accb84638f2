use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::gate::{Gate, Pass};
use super::in_flight::InFlight;
use super::plugin::Plugin;
use super::{control, pending};
use crate::storage::Capabilities;

/// How an instance ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destroyed {
    /// Nothing of it is left.
    Clean,
    /// It is gone, but something that it started still runs.
    Leaked,
    /// It did not come back in time; it is left to itself and never called again.
    TimedOut,
}

/// One instance of a plugin.
pub(super) struct Instance {
    plugin: Arc<Plugin>,
    name: Box<str>,
    context: Context,
    capabilities: Capabilities,
    gate: Gate,
    in_flight: InFlight,
    outcome: watch::Sender<Option<Destroyed>>,
}

/// What the plugin wants to be called with.
struct Context(*mut c_void);

// SAFETY: the rules of the ABI let an instance be used from any thread, concurrently.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

/// What the host waits beyond the time it gave the plugin, which has to come back from its own deadline.
const GRACE: Duration = Duration::from_millis(500);

impl Instance {
    /// # Safety
    ///
    /// `context` is what `create` of `plugin` filled in, and nobody else destroys it.
    pub(super) unsafe fn new(
        plugin: Arc<Plugin>,
        name: &str,
        context: *mut c_void,
        capabilities: Capabilities,
    ) -> Self {
        Self {
            plugin,
            name: name.into(),
            context: Context(context),
            capabilities,
            gate: Gate::new(),
            in_flight: InFlight::default(),
            outcome: watch::Sender::new(None),
        }
    }

    pub(super) fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    pub(super) fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    /// The right to call into the instance now; `None` once it is being destroyed.
    pub(super) fn enter(&self) -> Option<(Pass<'_>, *mut c_void)> {
        Some((self.gate.enter()?, self.context.0))
    }

    /// Destroys the instance on a control thread, once; later calls do nothing.
    pub(super) fn begin_destroy(self: &Arc<Self>, timeout: Duration) {
        if !self.gate.close() {
            return;
        }
        let instance = Arc::clone(self);
        let started = control::spawn("destroy", move || {
            let outcome = instance.destroy_now(timeout);
            instance.end(outcome);
        });
        if let Err(error) = started {
            tracing::error!(instance = self.name(), plugin = %self.plugin, %error, "an instance is left behind");
            self.end(Destroyed::Leaked);
        }
    }

    /// Destroys the instance and waits until it is gone, for `timeout` and a little more.
    pub(super) async fn destroy(self: &Arc<Self>, timeout: Duration) -> Destroyed {
        self.begin_destroy(timeout);
        let mut outcome = self.outcome.subscribe();
        let gone = outcome.wait_for(Option::is_some);
        match tokio::time::timeout(timeout.saturating_add(GRACE), gone).await {
            Ok(Ok(outcome)) => outcome.unwrap_or(Destroyed::Leaked),
            _ => {
                tracing::error!(
                    instance = self.name(),
                    plugin = %self.plugin,
                    ?timeout,
                    "the plugin did not destroy an instance in time; it is left behind"
                );
                self.end_operations();
                Destroyed::TimedOut
            }
        }
    }

    /// Waits until nothing of it is left; for ever when something that it started stays.
    pub(super) async fn gone(&self) {
        let mut outcome = self.outcome.subscribe();
        // Cannot fail: the sender is ours.
        let _ = outcome
            .wait_for(|outcome| *outcome == Some(Destroyed::Clean))
            .await;
    }

    fn destroy_now(&self, timeout: Duration) -> Destroyed {
        if !self.gate.wait_until_empty(timeout) {
            // Somebody hangs inside `submit`: destroying under it would pull the instance away. Who waits for the
            // end gives up; this thread stays until the call comes back, if ever.
            self.end(Destroyed::TimedOut);
            let _ = self.gate.wait_until_empty(Duration::MAX);
        }
        let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let destroy = self.plugin.functions().destroy;
        // SAFETY: the gate is closed and empty, so that this is the last call, and it is made once.
        match unsafe { destroy(self.context.0, millis) } {
            0 => Destroyed::Clean,
            _ => Destroyed::Leaked,
        }
    }

    fn end(&self, outcome: Destroyed) {
        if outcome == Destroyed::Leaked {
            tracing::warn!(
                instance = self.name(),
                plugin = %self.plugin,
                "an instance was destroyed while something that it started still runs"
            );
        }
        self.end_operations();
        self.outcome.send_replace(Some(outcome));
    }

    /// Operations that the plugin left unanswered will not be answered any more.
    fn end_operations(&self) {
        for ticket in self.in_flight.drain() {
            pending::forget(ticket);
        }
    }
}
