use std::sync::atomic::{AtomicU32, Ordering};

use tracing::level_filters::LevelFilter;

use super::{log, metric};
use crate::plugin::abi;

/// What plugins get. It must stay where it is for as long as the process lives.
struct Services(abi::Host);

// SAFETY: the host is constant but for the level, which is atomic.
unsafe impl Sync for Services {}

static LOG_LEVEL: AtomicU32 = AtomicU32::new(0);
static LOADED: Services = Services(services(0));
static LINKED: Services = Services(services(abi::HOST_SAME_IMAGE));

const fn services(flags: u64) -> abi::Host {
    abi::Host {
        struct_size: size_of::<abi::Host>() as u32,
        abi_major: abi::MAJOR,
        abi_minor: abi::MINOR,
        flags,
        ctx: std::ptr::null_mut(),
        log_level: (&raw const LOG_LEVEL).cast::<u32>(),
        log: Some(log::log),
        metric: Some(metric::metric),
    }
}

/// The host for plugins with these flags.
pub(super) fn host(flags: u64) -> *const abi::Host {
    match flags & abi::HOST_SAME_IMAGE {
        0 => &raw const LOADED.0,
        _ => &raw const LINKED.0,
    }
}

/// Tells plugins the most detailed level that the program's `tracing` subscriber wants.
///
/// Done whenever an instance is made; a program that changes its level at run time calls it afterwards.
pub fn sync_log_level() {
    let level = match LevelFilter::current().into_level() {
        None => 0,
        Some(tracing::Level::ERROR) => 1,
        Some(tracing::Level::WARN) => 2,
        Some(tracing::Level::INFO) => 3,
        Some(tracing::Level::DEBUG) => 4,
        Some(tracing::Level::TRACE) => 5,
    };
    LOG_LEVEL.store(level, Ordering::Relaxed);
}
