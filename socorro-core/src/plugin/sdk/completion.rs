use bytes::Bytes;

use crate::crash::Dumps;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::abi;
use crate::plugin::wire::{give, give_failure, lend_dumps};

/// What an operation gave.
#[derive(Default)]
pub(super) struct Given {
    pub(super) data: Bytes,
    pub(super) dumps: Dumps,
}

/// The duty to answer an operation once. Dropped without an answer, it answers `Cancelled`: so an aborted
/// task, a runtime that shuts down and a panic in the wrong place all end the operation.
pub(super) struct Completion(Option<abi::Completion>);

// SAFETY: the rules of the ABI let a completion be called from any thread.
unsafe impl Send for Completion {}
// SAFETY: nothing is done through a shared reference.
unsafe impl Sync for Completion {}

impl Completion {
    /// # Safety
    ///
    /// `done` is what the host passed to `submit`, and nobody else calls it.
    pub(super) unsafe fn new(done: abi::Completion) -> Self {
        Self(Some(done))
    }

    /// Answers.
    pub(super) fn answer(mut self, outcome: Result<Given>) {
        self.send(outcome);
    }

    fn send(&mut self, outcome: Result<Given>) {
        let Some(done) = self.0.take() else {
            return;
        };
        let Some(complete) = done.complete else {
            return;
        };
        let mut answer = abi::Answer {
            struct_size: size_of::<abi::Answer>() as u32,
            status: abi::STATUS_OK,
            data: abi::Buf::EMPTY,
            dumps: std::ptr::null(),
            dumps_len: 0,
            failure: abi::Failure::NONE,
        };
        let (data, dumps) = match outcome {
            Ok(given) => (given.data, given.dumps),
            Err(error) => {
                answer.status = abi::STATUS_FAILED;
                answer.failure = give_failure(&error);
                Default::default()
            }
        };
        let array = lend_dumps(&dumps);
        answer.data = give(data);
        answer.dumps = array.as_ptr();
        answer.dumps_len = array.len();
        // SAFETY: called once, as the completion is taken out above; `answer`, `array` and the names in `dumps`
        // live through the call.
        unsafe { complete(done.ctx, &raw mut answer) };
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.send(Err(Error::new(
                ErrorKind::Cancelled,
                "the plugin gave the operation up: it was cancelled, or the instance is being destroyed",
            )));
        }
    }
}
