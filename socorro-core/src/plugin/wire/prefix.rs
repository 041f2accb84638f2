use std::mem::{MaybeUninit, size_of};

use super::broken;
use crate::error::Result;
use crate::plugin::abi;

/// A struct that crosses by pointer and only grows at its end.
///
/// # Safety
///
/// `repr(C)`, the first field is `struct_size: u32`, and all bytes zero is a value of it.
pub(crate) unsafe trait Prefixed: Copy {
    /// As an error names it.
    const NAME: &'static str;
    /// The fewest bytes that are of any use: all of version 0.1, except where a missing tail has a meaning.
    const REQUIRED: usize;
}

macro_rules! prefixed {
    ($($type:ident $name:literal $required:expr;)*) => {
        // SAFETY: the types of the ABI are `repr(C)`, start with `struct_size`, and consist of integers,
        // floats, raw pointers and optional functions, all of which may be zero.
        $(unsafe impl Prefixed for abi::$type {
            const NAME: &'static str = $name;
            const REQUIRED: usize = $required;
        })*
    };
}

prefixed! {
    Answer "answer" size_of::<abi::Answer>();
    Request "request" size_of::<abi::Request>();
    LogRecord "log record" size_of::<abi::LogRecord>();
    Metric "metric" size_of::<abi::Metric>();
    Host "host" size_of::<abi::Host>();
    Create "create" size_of::<abi::Create>();
    Instance "instance" size_of::<abi::Instance>();
    // Functions that a shorter table lacks read as null, and are then missed by name.
    Table "function table" size_of::<[u32; 2]>();
    Plugin "plugin" size_of::<abi::Plugin>();
}

/// No struct of any version is as large; a size above it is a lie.
const LARGEST: usize = 4096;

/// Copies what the writer knew of `T`; what it did not know is zero.
///
/// # Safety
///
/// `from` is null or points to at least as many readable bytes as its `struct_size` says.
pub(crate) unsafe fn read_prefix<T: Prefixed>(from: *const T) -> Result<T> {
    if from.is_null() {
        return Err(broken(format!("the {} is a null pointer", T::NAME)));
    }
    // SAFETY: not null, and the caller vouches for the first field; alignment is not relied on.
    let size = unsafe { from.cast::<u32>().read_unaligned() } as usize;
    if size < T::REQUIRED || size > LARGEST {
        return Err(broken(format!(
            "the {} says it has {size} bytes, which cannot be: {} to {LARGEST} were expected",
            T::NAME,
            T::REQUIRED
        )));
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller vouches for `size` bytes at `from`; `value` has `size_of::<T>()`; they are apart.
    unsafe {
        std::ptr::copy_nonoverlapping(
            from.cast::<u8>(),
            value.as_mut_ptr().cast::<u8>(),
            size.min(size_of::<T>()),
        );
    }
    // SAFETY: `Prefixed` promises that zero bytes are a value, and every other pattern of the fields' types is.
    Ok(unsafe { value.assume_init() })
}
