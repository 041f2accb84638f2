//! In a normal build nothing strikes, and nothing is looked up.

use super::{Injected, Step};

#[derive(Clone, Debug, Default)]
pub(crate) struct Failpoints;

impl Failpoints {
    #[inline(always)]
    pub(super) fn strike(&self, _: Step) -> Result<(), Injected> {
        Ok(())
    }

    #[inline(always)]
    pub(super) async fn strike_async(&self, _: Step) -> Result<(), Injected> {
        Ok(())
    }
}
