use bytes::Bytes;

use super::{broken, take, take_millis};
use crate::error::{Applied, Error, ErrorKind, Result, Scope};
use crate::plugin::abi;

/// The longest message that is kept; the rest is cut off.
const MESSAGE: usize = 64 * 1024;
/// The largest details that are read. They are nested as deep as composites are; serde_json stops at 128.
const DETAILS: usize = 1024 * 1024;

/// Takes over an error of the other side; `Err` when it is wrong in itself.
///
/// # Safety
///
/// The buffers in `failure` were moved to us; see [`take`].
pub(crate) unsafe fn take_failure(failure: abi::Failure) -> Result<Error> {
    // SAFETY: the caller vouches for both buffers. Both are taken before either can fail.
    let (message, details) = unsafe {
        (
            take(failure.message, "the message of a failure"),
            take(failure.details, "the details of a failure"),
        )
    };
    read(&failure, message, details)
}

/// Releases a failure that nobody reads.
///
/// # Safety
///
/// As for [`take_failure`].
pub(crate) unsafe fn drop_failure(failure: abi::Failure) {
    for buf in [failure.message, failure.details] {
        // SAFETY: the caller vouches for both buffers.
        drop(unsafe { take(buf, "a failure") });
    }
}

fn read(failure: &abi::Failure, message: Result<Bytes>, details: Result<Bytes>) -> Result<Error> {
    let (message, details) = (message?, details?);
    // Lossy on purpose: one wrong character in a message must not hide what failed.
    let message = String::from_utf8_lossy(&message[..message.len().min(MESSAGE)]);
    let message = match &*message {
        "" => "the plugin gave no reason",
        message => message,
    };
    let known = ErrorKind::ALL
        .into_iter()
        .find(|kind| kind.code() == failure.kind)
        .ok_or_else(|| {
            broken(format!(
                "it failed with an error of the unknown kind {}: {message}",
                failure.kind
            ))
        })?;
    let mut error = Error::new(known, message)
        .retryable(failure.retryable != 0)
        .with_applied(match failure.applied {
            0 => Applied::No,
            1 => Applied::Yes,
            _ => Applied::Unknown,
        })
        .with_scope(match failure.scope {
            0 => Scope::Item,
            _ => Scope::Store,
        });
    if let Some(after) = take_millis(failure.retry_after_ms) {
        error = error.with_retry_after(after);
    }
    if details.is_empty() {
        return Ok(error);
    }
    if details.len() > DETAILS {
        return Err(broken(format!(
            "it failed with {} bytes of details, more than {DETAILS}: {message}",
            details.len()
        )));
    }
    error.with_details(&details).map_err(|cause| {
        broken(format!(
            "it failed with details that are not what they should be ({cause}): {message}"
        ))
    })
}
