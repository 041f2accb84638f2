use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::Level;

use super::callsite::{self, Place};
use crate::error::Result;
use crate::plugin::abi;
use crate::plugin::wire::{read_prefix, read_str};

/// The longest message that is kept; a longer one is cut.
const MESSAGE: usize = 16 * 1024;
/// The longest text a plugin may pass at all.
const TEXT: usize = 1024 * 1024;
/// The longest target or file name that is kept.
const NAME: usize = 256;

/// Takes a log line of a plugin and hands it to the program's subscriber.
pub(super) unsafe extern "C" fn log(_: *mut c_void, record: *const abi::LogRecord) {
    let logged = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the plugin lends a valid record, by the rules of the ABI. A line that is not one is dropped.
        let _ = unsafe { replay(record) };
    }));
    if let Err(payload) = logged {
        // The subscriber panicked. Unwinding into the plugin would abort, and so might dropping the payload.
        std::mem::forget(payload);
    }
}

/// # Safety
///
/// `record` is null or a record whose texts are readable now.
unsafe fn replay(record: *const abi::LogRecord) -> Result<()> {
    // SAFETY: the caller's promise.
    let record = unsafe { read_prefix(record) }?;
    // SAFETY: the caller's promise.
    let (target, message, file) = unsafe {
        (
            read_str(record.target, TEXT, "the target of a log line")?,
            read_str(record.message, TEXT, "a log line")?,
            read_str(record.file, TEXT, "the file of a log line")?,
        )
    };
    let place = Place {
        level: match record.level {
            0 | 1 => Level::ERROR,
            2 => Level::WARN,
            3 => Level::INFO,
            4 => Level::DEBUG,
            _ => Level::TRACE,
        },
        target: cut(target, NAME),
        file: cut(file, NAME),
        line: record.line,
    };
    callsite::emit(&place, cut(message, MESSAGE));
    Ok(())
}

/// At most `limit` bytes of `text`, whole characters.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
