use std::ffi::c_void;

use bytes::Bytes;

use super::broken;
use crate::error::Result;
use crate::plugin::abi;

/// Moves bytes to the other side without copying them: the buffer keeps them alive until it is released.
pub(crate) fn give(bytes: Bytes) -> abi::Buf {
    if bytes.is_empty() {
        return abi::Buf::EMPTY;
    }
    let owned = Box::new(bytes);
    abi::Buf {
        ptr: owned.as_ptr(),
        len: owned.len(),
        owner: Box::into_raw(owned).cast::<c_void>(),
        release: Some(release),
    }
}

unsafe extern "C" fn release(owner: *mut c_void) {
    if !owner.is_null() {
        // SAFETY: `give` made the owner with `Box::into_raw`, and the receiver releases it once.
        drop(unsafe { Box::from_raw(owner.cast::<Bytes>()) });
    }
}

/// Takes over bytes of the other side without copying them: they are released when the last clone is dropped.
///
/// # Safety
///
/// `buf` was moved to us: `len` bytes are readable at `ptr` from any thread until `release` is called.
pub(crate) unsafe fn take(buf: abi::Buf, what: &str) -> Result<Bytes> {
    let foreign = Foreign(buf);
    if buf.len == 0 {
        return Ok(Bytes::new());
    }
    if buf.ptr.is_null() {
        return Err(broken(format!(
            "{what} is a null pointer with a length of {}",
            buf.len
        )));
    }
    if isize::try_from(buf.len).is_err() {
        return Err(broken(format!("{what} has {} bytes", buf.len)));
    }
    Ok(Bytes::from_owner(foreign))
}

/// A buffer of the other side, released when dropped.
struct Foreign(abi::Buf);

// SAFETY: the rules of the ABI let the receiver read and release a buffer on any thread.
unsafe impl Send for Foreign {}

impl AsRef<[u8]> for Foreign {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `take` checked pointer and length, and whoever moved the buffer vouched for the bytes.
        unsafe { std::slice::from_raw_parts(self.0.ptr, self.0.len) }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: the buffer was moved to us, and this is the only place that releases it.
            unsafe { release(self.0.owner) };
        }
    }
}
