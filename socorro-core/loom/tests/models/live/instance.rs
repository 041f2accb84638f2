use super::retire::Retire;
use super::sync::Arc;

/// What an instance can be of.
pub(super) trait Openable: Send + Sync {
    fn into_retiring(this: Arc<Self>) -> Arc<dyn Retire>;
}

impl Openable for dyn Retire {
    fn into_retiring(this: Arc<Self>) -> Arc<dyn Retire> {
        this
    }
}
