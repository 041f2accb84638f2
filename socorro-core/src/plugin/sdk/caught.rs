//! No panic crosses the boundary: it becomes an error of kind `Plugin`.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, ErrorKind, Result};

/// Runs `run`; a panic becomes an error.
pub(super) fn caught<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| Err(panicked(payload)))
}

/// The error that a panic becomes.
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Error {
    let message = match payload.downcast::<&'static str>() {
        Ok(text) => (*text).to_owned(),
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => {
                // Dropping a payload of a type we do not know may panic again: it is leaked instead.
                std::mem::forget(payload);
                "with something that is no text".to_owned()
            }
        },
    };
    Error::new(ErrorKind::Plugin, format!("the plugin panicked: {message}"))
}
