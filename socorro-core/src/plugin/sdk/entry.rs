use super::caught::caught;
use super::{Exported, services};
use crate::error::{Error, ErrorKind};
use crate::plugin::abi;
use crate::plugin::wire::{give_failure, read_prefix};

/// What the entry function of a plugin does.
///
/// # Safety
///
/// `host` and `failure` are what the host passes to an entry function.
pub unsafe fn enter<E: Exported>(
    host: *const abi::Host,
    failure: *mut abi::Failure,
) -> *const abi::Plugin {
    let entered = caught(|| {
        // SAFETY: the caller's promise.
        let host = unsafe { read_prefix(host) }?;
        if host.abi_major != abi::MAJOR {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "the host speaks version {}.{} of the plugin interface; this plugin was built for {}.{}",
                    host.abi_major,
                    host.abi_minor,
                    abi::MAJOR,
                    abi::MINOR
                ),
            ));
        }
        services::connect(&host);
        Ok(E::image().describe::<E>())
    });
    entered.unwrap_or_else(|error| {
        // SAFETY: the caller's promise.
        unsafe { refuse(failure, &error) };
        std::ptr::null()
    })
}

/// Tells the host why not.
///
/// # Safety
///
/// `failure` is null or the host's to be written to.
pub(super) unsafe fn refuse(failure: *mut abi::Failure, error: &Error) {
    if !failure.is_null() {
        // SAFETY: the caller's promise.
        unsafe { failure.write(give_failure(error)) };
    }
}
