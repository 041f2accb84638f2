use bytes::Bytes;

use super::{give, give_millis};
use crate::error::{Applied, Error, Scope};
use crate::plugin::abi;

/// Moves an error to the other side, whole.
pub(crate) fn give_failure(error: &Error) -> abi::Failure {
    abi::Failure {
        kind: error.kind().code(),
        retryable: error.is_retryable().into(),
        applied: match error.applied() {
            Applied::No => 0,
            Applied::Yes => 1,
            Applied::Unknown => 2,
        },
        scope: match error.scope() {
            Scope::Item => 0,
            Scope::Store => 1,
        },
        retry_after_ms: give_millis(error.retry_after()),
        message: give(Bytes::copy_from_slice(error.message().as_bytes())),
        details: give(error.details().into()),
        ..abi::Failure::NONE
    }
}
