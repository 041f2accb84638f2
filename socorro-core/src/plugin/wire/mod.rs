//! Conversions between the C types and ours, shared by both sides of the boundary.
//!
//! Values from the other side are hostile: a null pointer with a length, text that is not UTF-8, a size that
//! cannot be, become an error of kind [`Plugin`](crate::ErrorKind::Plugin). Nothing here panics.

mod buf;
mod dumps;
#[cfg(feature = "plugin")]
mod give_failure;
mod prefix;
#[cfg(feature = "host")]
mod take_failure;
#[cfg(all(test, feature = "host", feature = "plugin"))]
mod tests;
mod text;

pub(crate) use buf::{give, take};
pub(crate) use dumps::{lend_dumps, take_dumps};
#[cfg(feature = "plugin")]
pub(crate) use give_failure::give_failure;
pub(crate) use prefix::read_prefix;
#[cfg(feature = "host")]
pub(crate) use take_failure::{drop_failure, take_failure};
pub(crate) use text::{lend, lend_path, read_path, read_str};

use crate::error::{Error, ErrorKind};

/// Milliseconds of a duration that may be missing, as they cross: plus one, 0 for none.
pub(crate) fn give_millis(duration: Option<std::time::Duration>) -> u64 {
    duration.map_or(0, |duration| {
        u64::try_from(duration.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    })
}

/// See [`give_millis`].
pub(crate) fn take_millis(millis: u64) -> Option<std::time::Duration> {
    millis.checked_sub(1).map(std::time::Duration::from_millis)
}

/// The other side broke the contract.
pub(crate) fn broken(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Plugin, message)
}
