use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::control;
use super::instance::Instance;
use super::operation::{self, Operation};
use super::pending::{self, Payload, Pending, Reply};
use super::source::give_back;
use crate::context::Context;
use crate::crash::Dumps;
use crate::error::{Applied, Error, ErrorKind, Result};
use crate::plugin::abi;
use crate::plugin::wire::{give, give_millis, lend, lend_dumps, lend_path};
use crate::transaction::block_on;

/// One operation and its arguments; which it has is said at [`abi::op`].
#[derive(Default)]
pub(super) struct Call<'a> {
    pub(super) operation: u32,
    pub(super) crash_id: &'a str,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    pub(super) directory: Option<&'a Path>,
    pub(super) raw_crash: Bytes,
    pub(super) processed_crash: Bytes,
    pub(super) dumps: Option<&'a Dumps>,
    pub(super) token: u64,
    pub(super) wait: Duration,
    pub(super) count: u32,
    pub(super) settlement: u32,
}

/// How long closing may take when the context does not say it.
const CLOSE: Duration = Duration::from_secs(30);

impl Instance {
    /// Runs one operation to its answer, its deadline, or until the future is dropped, which cancels it.
    pub(super) async fn call(self: &Arc<Self>, cx: &Context, call: Call<'_>) -> Result<Payload> {
        let (operation, crash_id) = (call.operation, call.crash_id);
        let outcome = match self.submit(cx, call) {
            Ok(waiting) => waiting.answer(cx).await,
            Err(error) => Err(error),
        };
        outcome.map_err(|error| {
            let error = error.in_operation(operation::name(operation));
            match crash_id {
                "" => error,
                crash_id => error.for_crash(crash_id),
            }
        })
    }

    /// Closes, on a control thread.
    pub(super) async fn close_apart(self: &Arc<Self>, cx: &Context) -> Result<()> {
        let (instance, cx) = (Arc::clone(self), cx.clone());
        let time = cx.remaining().unwrap_or(CLOSE);
        let close = move || {
            let call = Call {
                operation: abi::op::CLOSE,
                ..Call::default()
            };
            let waiting = instance.submit(&cx, call)?;
            let unlimited = Context::new();
            let answer = std::pin::pin!(waiting.answer(&unlimited));
            // Dropped when the time is over, which asks for cancellation.
            block_on(answer, Some(time))
                .unwrap_or_else(|| Err(Error::new(ErrorKind::Timeout, "it did not answer in time")))
        };
        control::run("close", time, close)
            .await
            .and_then(|closed| closed.map(drop))
            .map_err(|error| error.in_operation("close"))
    }

    /// Hands the operation to the plugin, which takes it and returns at once.
    fn submit(self: &Arc<Self>, cx: &Context, call: Call<'_>) -> Result<Waiting<'_>> {
        let remaining = cx.remaining();
        if remaining.is_some_and(|remaining| remaining.is_zero()) {
            return Err(Error::new(
                ErrorKind::Timeout,
                "the deadline had passed before the operation began",
            ));
        }
        let Some((pass, context)) = self.enter() else {
            return Err(Error::new(
                ErrorKind::Cancelled,
                "the instance is being destroyed; nothing was begun",
            ));
        };
        let give_back = (call.operation == abi::op::RECEIVE)
            .then(Handle::try_current)
            .and_then(Result::ok);
        let (sender, reply) = oneshot::channel();
        let ticket = pending::file(Pending {
            instance: Arc::clone(self),
            reply: sender,
            give_back: give_back.clone(),
        })
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Overloaded,
                "too many operations wait for plugins; nothing was begun",
            )
        })?;
        let dumps = call.dumps.map(lend_dumps).unwrap_or_default();
        let request = abi::Request {
            struct_size: size_of::<abi::Request>() as u32,
            operation: call.operation,
            timeout_ms: give_millis(remaining),
            trace_parent: lend(cx.trace_parent().unwrap_or_default()),
            crash_id: lend(call.crash_id),
            name: lend(call.name),
            text: lend(call.text),
            directory: call.directory.map_or(abi::Str::EMPTY, lend_path),
            raw_crash: give(call.raw_crash),
            processed_crash: give(call.processed_crash),
            dumps: dumps.as_ptr(),
            dumps_len: dumps.len(),
            token: call.token,
            wait_ms: u64::try_from(call.wait.as_millis()).unwrap_or(u64::MAX),
            count: call.count,
            settlement: call.settlement,
        };
        let mut running = abi::Operation::NONE;
        let submit = self.plugin().functions().submit;
        // SAFETY: the pass keeps the instance from being destroyed during the call, and everything that is lent
        // lives through it; what is moved is the plugin's from here on.
        unsafe {
            submit(
                context,
                &raw const request,
                pending::completion(ticket),
                &raw mut running,
            );
        }
        drop(pass);
        Ok(Waiting {
            instance: self,
            writes: operation::writes(call.operation),
            // SAFETY: `submit` just filled it in.
            operation: unsafe { Operation::new(running) },
            reply,
            give_back,
            answered: false,
        })
    }
}

/// An operation that the plugin has taken.
struct Waiting<'a> {
    instance: &'a Arc<Instance>,
    writes: bool,
    operation: Operation,
    reply: oneshot::Receiver<Reply>,
    give_back: Option<Handle>,
    answered: bool,
}

impl Waiting<'_> {
    async fn answer(mut self, cx: &Context) -> Result<Payload> {
        let reply = match cx.deadline() {
            None => (&mut self.reply).await,
            Some(deadline) => {
                match tokio::time::timeout_at(deadline.into(), &mut self.reply).await {
                    Ok(reply) => reply,
                    Err(_) => {
                        return Err(self.lost(ErrorKind::Timeout, "it did not answer in time"));
                    }
                }
            }
        };
        self.answered = true;
        match reply {
            Ok(reply) => reply,
            Err(_) => Err(self.lost(
                ErrorKind::Cancelled,
                "the instance was destroyed before it answered",
            )),
        }
    }

    fn lost(&self, kind: ErrorKind, what: &str) -> Error {
        let applied = match self.writes {
            true => Applied::Unknown,
            false => Applied::No,
        };
        self.instance
            .plugin()
            .blame(Error::new(kind, what).with_applied(applied))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        self.operation.cancel();
        if let Some(runtime) = &self.give_back {
            // An answer that came already is lost to the caller, but must not be lost to everybody.
            self.reply.close();
            if let Ok(reply) = self.reply.try_recv() {
                give_back(self.instance, runtime, reply);
            }
        }
    }
}
