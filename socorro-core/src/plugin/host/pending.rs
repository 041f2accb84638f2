//! Operations that wait for their answer.
//!
//! A completion's `ctx` is never a pointer: it is a ticket, the key of a slot whose generation is part of the
//! key. So a second answer, an answer after the instance is gone, or one with a made-up context finds nothing,
//! is released and reported, and does no harm.
//!
//! A ticket is 1 bit that is always set, 12 bits for the plugin, and the 51 bits of the slot's key.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use sharded_slab::Slab;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::instance::Instance;
use super::registry;
use super::source::give_back;
use crate::crash::Dumps;
use crate::error::Result;
use crate::plugin::abi;
use crate::plugin::wire::{broken, drop_failure, read_prefix, take, take_dumps, take_failure};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("the plugin host needs 64-bit pointers: tickets do not fit into fewer bits");

struct Slots;

impl sharded_slab::Config for Slots {
    const MAX_THREADS: usize = 4096;
    // 64 * (2^10 - 1) operations in flight for each thread that starts some.
    const INITIAL_PAGE_SIZE: usize = 64;
    const MAX_PAGES: usize = 10;
    const RESERVED_BITS: usize = 13;
}

const TAG: usize = 1 << 63;
const PLUGIN_SHIFT: u32 = 51;
const KEY: usize = (1 << PLUGIN_SHIFT) - 1;
/// Plugins that tickets can tell apart.
pub(super) const PLUGINS: usize = 1 << 12;

static PENDING: LazyLock<Slab<Pending, Slots>> = LazyLock::new(Slab::new_with_config::<Slots>);

/// What an operation was answered.
pub(super) type Reply = Result<Payload>;

/// What a successful operation gave.
#[derive(Debug, Default)]
pub(super) struct Payload {
    pub(super) data: Bytes,
    pub(super) dumps: Dumps,
}

/// An operation that waits.
pub(super) struct Pending {
    pub(super) instance: Arc<Instance>,
    pub(super) reply: oneshot::Sender<Reply>,
    /// For `receive`: where to give back what is delivered to nobody.
    pub(super) give_back: Option<Handle>,
}

/// Files an operation; `None` when too many wait.
pub(super) fn file(pending: Pending) -> Option<usize> {
    let instance = Arc::clone(&pending.instance);
    let key = PENDING.insert(pending)?;
    let ticket = TAG | instance.plugin().index() << PLUGIN_SHIFT | key;
    instance.in_flight().add(ticket);
    Some(ticket)
}

/// Ends an operation without an answer: whoever waits for it learns that none comes.
pub(super) fn forget(ticket: usize) {
    if let Some(pending) = PENDING.take(ticket & KEY) {
        pending.instance.in_flight().remove(ticket);
    }
}

/// The completion for a ticket.
pub(super) fn completion(ticket: usize) -> abi::Completion {
    abi::Completion {
        ctx: std::ptr::without_provenance_mut(ticket),
        complete: Some(complete),
    }
}

unsafe extern "C" fn complete(ctx: *mut c_void, answer: *mut abi::Answer) {
    let answered = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the plugin passes a valid answer, by the rules of the ABI.
        let answer = unsafe { read(answer) };
        deliver(ctx.addr(), answer);
    }));
    if let Err(payload) = answered {
        // Unwinding into the plugin would abort the process, and so might dropping the payload.
        std::mem::forget(payload);
    }
}

fn deliver(ticket: usize, answer: Result<Reply>) {
    let pending = (ticket & TAG != 0)
        .then(|| PENDING.take(ticket & KEY))
        .flatten();
    let Some(pending) = pending else {
        // Released here, with its buffers.
        drop(answer);
        return registry::stray_answer(ticket);
    };
    pending.instance.in_flight().remove(ticket);
    let reply = answer.unwrap_or_else(|error| Err(pending.instance.plugin().blame(error)));
    if let Err(unwanted) = pending.reply.send(reply)
        && let Some(runtime) = pending.give_back
    {
        give_back(&pending.instance, &runtime, unwanted);
    }
}

/// The place in the registry of the plugin that a ticket was made for, if it is a ticket at all.
pub(super) fn plugin_of(ticket: usize) -> Option<usize> {
    (ticket & TAG != 0).then_some((ticket & !TAG) >> PLUGIN_SHIFT)
}

/// Takes over all buffers of an answer, whatever it says; `Err` when it is no proper answer.
///
/// # Safety
///
/// `answer` is null or points to an answer whose buffers were moved to us.
unsafe fn read(answer: *const abi::Answer) -> Result<Reply> {
    // SAFETY: the caller's promise.
    let answer = unsafe { read_prefix(answer) }?;
    // SAFETY: the caller's promise. Everything is taken before anything of it can fail.
    let (data, dumps) = unsafe {
        (
            take(answer.data, "the data of an answer"),
            take_dumps(answer.dumps, answer.dumps_len),
        )
    };
    if answer.status == abi::STATUS_FAILED {
        // SAFETY: the caller's promise.
        return unsafe { take_failure(answer.failure) }.map(Err);
    }
    // SAFETY: the caller's promise. Nothing should be there, but what is must be released.
    unsafe { drop_failure(answer.failure) };
    match answer.status {
        abi::STATUS_OK => Ok(Ok(Payload {
            data: data?,
            dumps: dumps?,
        })),
        status => Err(broken(format!(
            "it answered with the status {status}, which means nothing"
        ))),
    }
}
