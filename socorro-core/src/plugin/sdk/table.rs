//! The functions the host calls. None of them lets a panic out.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::AbortHandle;
use zeroize::Zeroizing;

use super::caught::{caught, panicked};
use super::completion::Completion;
use super::entry::refuse;
use super::instance::Instance;
use super::request::Request;
use super::runtime::Lease;
use super::{Exported, Image, Offer};
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::abi;
use crate::plugin::author::OpenContext;
use crate::plugin::wire::{broken, give, read_prefix, read_str};

/// The longest name and options that are read.
const NAME: usize = 4096;
const OPTIONS: usize = 16 * 1024 * 1024;
/// How long the runtime may take to go when the first instance could not be made.
const FAREWELL: Duration = Duration::from_secs(1);

/// The table of a plugin.
pub(super) fn table<E: Exported>() -> &'static abi::Table {
    const {
        &abi::Table {
            struct_size: size_of::<abi::Table>() as u32,
            reserved: 0,
            resources: Some(resources::<E>),
            create: Some(create::<E>),
            submit: Some(submit),
            destroy: Some(destroy),
        }
    }
}

unsafe extern "C" fn resources<E: Exported>(
    arguments: *const abi::Create,
    resources: *mut abi::Buf,
    failure: *mut abi::Failure,
) -> u32 {
    let outcome = caught(|| {
        // SAFETY: the host passes what the rules of the ABI say.
        let arguments = unsafe { Arguments::read(E::image(), arguments) }?;
        let resources = (arguments.offer.resources)(&arguments.options)?;
        serde_json::to_vec(&resources).map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                "the resources cannot be written as JSON",
            )
            .caused_by(&error)
        })
    });
    match outcome {
        Ok(json) => {
            // SAFETY: the host's to be written to.
            unsafe { resources.write(give(json.into())) };
            0
        }
        Err(error) => {
            // SAFETY: as above.
            unsafe { refuse(failure, &error) };
            1
        }
    }
}

unsafe extern "C" fn create<E: Exported>(
    arguments: *const abi::Create,
    instance: *mut abi::Instance,
    failure: *mut abi::Failure,
) -> u32 {
    let outcome = caught(|| {
        // SAFETY: the host passes what the rules of the ABI say.
        let (arguments, _) = unsafe {
            (
                Arguments::read(E::image(), arguments)?,
                read_prefix(instance)?,
            )
        };
        open(E::image(), arguments)
    });
    match outcome {
        Ok((made, capabilities)) => {
            // SAFETY: the host's to be written to; its size was checked above.
            unsafe {
                (&raw mut (*instance).ctx).write(Box::into_raw(Box::new(made)).cast::<c_void>());
                (&raw mut (*instance).capabilities).write(capabilities);
            }
            0
        }
        Err(error) => {
            // SAFETY: as above.
            unsafe { refuse(failure, &error) };
            1
        }
    }
}

unsafe extern "C" fn submit(
    ctx: *mut c_void,
    request: *const abi::Request,
    done: abi::Completion,
    operation: *mut abi::Operation,
) {
    // SAFETY: the host passes a completion of its own, and only to us.
    let done = unsafe { Completion::new(done) };
    let started = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the request is the host's, and its buffers are taken here and nowhere else.
        let (cx, request) = match unsafe { Request::read(request) } {
            Ok(read) => read,
            Err(error) => {
                done.answer(Err(error));
                return abi::Operation::NONE;
            }
        };
        // SAFETY: `create` made the instance, and the host does not submit after `destroy`.
        let instance = unsafe { &*ctx.cast::<Instance>() };
        running(instance.start(cx, request, done))
    }));
    // SAFETY: the host's to be written to.
    unsafe {
        operation.write(started.unwrap_or_else(|payload| {
            // The completion was dropped on the way and has answered; this only disposes of the payload.
            drop(panicked(payload));
            abi::Operation::NONE
        }));
    }
}

unsafe extern "C" fn destroy(ctx: *mut c_void, timeout_ms: u64) -> u32 {
    let clean = caught(|| {
        // SAFETY: `create` made the instance, and the host destroys it once, last.
        let instance = unsafe { Box::from_raw(ctx.cast::<Instance>()) };
        Ok(instance.destroy(Duration::from_millis(timeout_ms)))
    });
    u32::from(!clean.unwrap_or(false))
}

fn running(task: AbortHandle) -> abi::Operation {
    abi::Operation {
        ctx: Box::into_raw(Box::new(task)).cast::<c_void>(),
        cancel: Some(cancel),
        release: Some(release),
    }
}

unsafe extern "C" fn cancel(ctx: *mut c_void) {
    // SAFETY: `running` made it, and the host has not released it yet.
    let task = unsafe { &*ctx.cast::<AbortHandle>() };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| task.abort())) {
        drop(panicked(payload));
    }
}

unsafe extern "C" fn release(ctx: *mut c_void) {
    // SAFETY: `running` made it, and the host releases it once, last.
    let task = unsafe { Box::from_raw(ctx.cast::<AbortHandle>()) };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(task))) {
        drop(panicked(payload));
    }
}

/// What the host asks to be made.
struct Arguments {
    offer: &'static Offer,
    name: String,
    /// With secrets in clear.
    options: Zeroizing<String>,
    workers: u32,
    blocking: u32,
    timeout: Duration,
}

impl Arguments {
    /// # Safety
    ///
    /// `arguments` is what the host passed to `create` or `resources`.
    unsafe fn read(image: &'static Image, arguments: *const abi::Create) -> Result<Self> {
        // SAFETY: the caller's promise.
        let arguments = unsafe { read_prefix(arguments) }?;
        // SAFETY: the host lends its texts for the call, which we are in.
        let (name, options) = unsafe {
            (
                read_str(arguments.name, NAME, "the name of an instance")?,
                read_str(arguments.options, OPTIONS, "the options of an instance")?,
            )
        };
        let offer = image.offer(arguments.kind).ok_or_else(|| {
            broken(format!(
                "{} offers nothing of the kind {}",
                image.name(),
                arguments.kind
            ))
        })?;
        Ok(Self {
            offer,
            name: name.to_owned(),
            options: Zeroizing::new(options.to_owned()),
            workers: arguments.worker_threads,
            blocking: arguments.blocking_threads,
            timeout: Duration::from_millis(arguments.timeout_ms),
        })
    }
}

/// Makes an instance on the image's runtime; a future that has not finished in time is dropped.
fn open(image: &'static Image, arguments: Arguments) -> Result<(Instance, u64)> {
    let lease = Lease::take(image.name(), arguments.workers, arguments.blocking)?;
    let cx = OpenContext {
        name: arguments.name,
    };
    let timeout = arguments.timeout;
    let opened = lease.handle().block_on(async {
        let open = AssertUnwindSafe(async {
            let backend = (arguments.offer.open)(arguments.options, cx).await?;
            let capabilities = backend.capabilities().bits();
            Ok((backend, capabilities))
        });
        match tokio::time::timeout(timeout, open.catch_unwind()).await {
            Ok(opened) => opened.unwrap_or_else(|payload| Err(panicked(payload))),
            Err(_) => Err(Error::new(
                ErrorKind::Timeout,
                format!("{} was not ready within {timeout:?}", image.name()),
            )),
        }
    });
    match opened {
        Ok((backend, capabilities)) => Ok((Instance::new(backend, lease), capabilities)),
        Err(error) => {
            lease.give_back(FAREWELL);
            Err(error)
        }
    }
}
