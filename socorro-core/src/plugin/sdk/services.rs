use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{log, metric};
use crate::plugin::abi;

type Log = unsafe extern "C" fn(*mut c_void, *const abi::LogRecord);
type Measure = unsafe extern "C" fn(*mut c_void, *const abi::Metric);

/// What the host offers; lives as long as the process.
struct Services {
    ctx: *mut c_void,
    level: *const u32,
    log: Option<Log>,
    metric: Option<Measure>,
}

// SAFETY: the host's functions take any thread, and the level is read atomically.
unsafe impl Send for Services {}
// SAFETY: as above.
unsafe impl Sync for Services {}

static SERVICES: OnceLock<Services> = OnceLock::new();

/// Sends this image's events, measurements and panics to the host, unless they go there anyway because host
/// and plugin are one image.
pub(super) fn connect(host: &abi::Host) {
    if host.flags & abi::HOST_SAME_IMAGE != 0 {
        return;
    }
    let services = Services {
        ctx: host.ctx,
        level: host.log_level,
        log: host.log,
        metric: host.metric,
    };
    if SERVICES.set(services).is_ok() {
        log::install();
        metric::install();
    }
}

/// The most detailed level the host wants now: 0 none to 5 trace.
pub(super) fn level() -> u32 {
    let Some(services) = SERVICES.get() else {
        return 0;
    };
    if services.level.is_null() {
        return 0;
    }
    // SAFETY: the host keeps an aligned u32 there for as long as the process lives, and writes it atomically.
    let level = unsafe { AtomicU32::from_ptr(services.level.cast_mut()) };
    level.load(Ordering::Relaxed)
}

pub(super) fn log(record: &abi::LogRecord) {
    if let Some(services) = SERVICES.get()
        && let Some(log) = services.log
    {
        // SAFETY: the record lives through the call.
        unsafe { log(services.ctx, record) };
    }
}

pub(super) fn metric(metric: &abi::Metric) {
    if let Some(services) = SERVICES.get()
        && let Some(measure) = services.metric
    {
        // SAFETY: the measurement lives through the call.
        unsafe { measure(services.ctx, metric) };
    }
}
