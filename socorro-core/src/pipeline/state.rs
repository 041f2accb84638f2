use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::error::Error;

/// How a pipeline fares.
#[derive(Clone, Debug, PartialEq)]
pub enum PipelineState {
    /// It moves crashes, or waits for some.
    Running,
    /// Its source was drained, in [`Pipelines::Once`](super::Pipelines::Once).
    Drained,
    /// It ended, and why. A reload starts it again.
    Failed(Error),
}

/// The pipelines of the current generation, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct States(Arc<watch::Sender<BTreeMap<String, PipelineState>>>);

impl States {
    /// How they fare now.
    pub(crate) fn all(&self) -> BTreeMap<String, PipelineState> {
        self.0.borrow().clone()
    }

    pub(super) fn set(&self, name: &str, state: PipelineState) {
        self.0.send_modify(|all| {
            all.insert(name.to_owned(), state);
        });
    }

    pub(super) fn retain(&self, stays: impl Fn(&str) -> bool) {
        self.0.send_modify(|all| all.retain(|name, _| stays(name)));
    }
}
