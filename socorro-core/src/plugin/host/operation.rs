use crate::plugin::abi;
use crate::plugin::abi::op;

/// A running operation: cancelled at most once, released exactly once, whatever happens to its answer.
pub(super) struct Operation(abi::Operation);

// SAFETY: the rules of the ABI let both functions be called from any thread.
unsafe impl Send for Operation {}
// SAFETY: as above; nothing is reached through a shared reference.
unsafe impl Sync for Operation {}

impl Operation {
    /// # Safety
    ///
    /// `operation` was filled by `submit`.
    pub(super) unsafe fn new(operation: abi::Operation) -> Self {
        Self(operation)
    }

    /// Asks for cancellation.
    pub(super) fn cancel(&self) {
        if let Some(cancel) = self.0.cancel {
            // SAFETY: not released yet, as that happens in `drop` alone.
            unsafe { cancel(self.0.ctx) };
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: the last use of the operation.
            unsafe { release(self.0.ctx) };
        }
    }
}

/// The operation's name in errors: that of the trait's method.
pub(super) fn name(operation: u32) -> &'static str {
    match operation {
        op::SAVE_RAW_CRASH => "save_raw_crash",
        op::SAVE_PROCESSED_CRASH => "save_processed_crash",
        op::SAVE_RAW_AND_PROCESSED => "save_raw_and_processed",
        op::GET_RAW_CRASH => "get_raw_crash",
        op::GET_DUMP => "get_dump",
        op::GET_DUMPS => "get_dumps",
        op::GET_DUMPS_AS_FILES => "get_dumps_as_files",
        op::GET_PROCESSED_CRASH => "get_processed_crash",
        op::CATALOG => "catalog",
        op::LIST => "list",
        op::DELETE => "delete",
        op::HEALTH => "health",
        op::CLOSE => "close",
        op::RECEIVE => "receive",
        op::SETTLE => "settle",
        _ => "operation",
    }
}

/// Whether it may have changed something although its answer was lost.
pub(super) fn writes(operation: u32) -> bool {
    matches!(
        operation,
        op::SAVE_RAW_CRASH
            | op::SAVE_PROCESSED_CRASH
            | op::SAVE_RAW_AND_PROCESSED
            | op::DELETE
            | op::CLOSE
            | op::SETTLE
    )
}
