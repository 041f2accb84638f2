use std::sync::Arc;
use std::time::Duration;

use super::instance::Instance;

/// How long an instance that was just dropped may take to go, on a thread in the background.
const BACKGROUND: Duration = Duration::from_secs(10);

/// Whoever has the instance: when nobody has it any more it is destroyed.
pub(super) struct Owner(pub(super) Arc<Instance>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.begin_destroy(BACKGROUND);
    }
}
