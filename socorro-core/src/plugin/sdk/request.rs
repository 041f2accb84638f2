use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::context::Context;
use crate::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::abi::{self, op};
use crate::plugin::wire::{
    broken, read_path, read_prefix, read_str, take, take_dumps, take_millis,
};
use crate::source::{Receive, Settlement, Token};
use crate::storage::ListRequest;

/// An operation with its arguments, independent of the call it came in.
pub(super) enum Request {
    SaveRawCrash(CrashId, RawCrash, Dumps),
    SaveProcessedCrash(CrashId, ProcessedCrash),
    SaveRawAndProcessed(CrashId, RawCrash, Dumps, ProcessedCrash),
    GetRawCrash(StoredId),
    GetDump(StoredId, DumpName),
    GetDumps(StoredId),
    GetDumpsAsFiles(StoredId, PathBuf),
    GetProcessedCrash(StoredId),
    Catalog(StoredId),
    List(ListRequest),
    Delete(StoredId),
    Health,
    Close,
    Receive(Receive),
    Settle(Token, Settlement),
}

/// Longest texts that are read.
const ID: usize = 64;
const TRACE_PARENT: usize = 1024;
const TEXT: usize = 1024 * 1024;

impl Request {
    /// Takes an operation over, its buffers in any case.
    ///
    /// # Safety
    ///
    /// `request` is what the host passed to `submit`, and its buffers were not taken yet.
    pub(super) unsafe fn read(request: *const abi::Request) -> Result<(Context, Self)> {
        // SAFETY: the caller's promise.
        let request = unsafe { read_prefix(request) }?;
        // SAFETY: the caller's promise. All are taken before any of them can fail.
        let (raw, processed, dumps) = unsafe {
            (
                take(request.raw_crash, "the raw crash"),
                take(request.processed_crash, "the processed crash"),
                take_dumps(request.dumps, request.dumps_len),
            )
        };
        // The host checked the documents when they were made.
        let raw = || raw.map(RawCrash::assume_checked);
        let processed = || processed.map(ProcessedCrash::assume_checked);
        // SAFETY: the host lends its texts for the call, which we are in.
        let text = |text, limit, what| unsafe { read_str(text, limit, what) };
        let id = || -> Result<CrashId> { text(request.crash_id, ID, "the crash id")?.parse() };
        let stored = || -> Result<StoredId> { text(request.crash_id, ID, "the crash id")?.parse() };

        let operation = match request.operation {
            op::SAVE_RAW_CRASH => Self::SaveRawCrash(id()?, raw()?, dumps?),
            op::SAVE_PROCESSED_CRASH => Self::SaveProcessedCrash(id()?, processed()?),
            op::SAVE_RAW_AND_PROCESSED => {
                Self::SaveRawAndProcessed(id()?, raw()?, dumps?, processed()?)
            }
            op::GET_RAW_CRASH => Self::GetRawCrash(stored()?),
            op::GET_DUMP => {
                let name = text(request.name, DumpName::MAX_LEN, "the name of a dump")?;
                Self::GetDump(stored()?, name.parse()?)
            }
            op::GET_DUMPS => Self::GetDumps(stored()?),
            op::GET_DUMPS_AS_FILES => {
                // SAFETY: as for the texts.
                let directory = unsafe { read_path(request.directory, "the directory") }?;
                Self::GetDumpsAsFiles(stored()?, directory.to_owned())
            }
            op::GET_PROCESSED_CRASH => Self::GetProcessedCrash(stored()?),
            op::CATALOG => Self::Catalog(stored()?),
            op::LIST => {
                let json = text(request.text, TEXT, "a list request")?;
                let request = serde_json::from_str(json)
                    .map_err(|error| broken(format!("a list request is wrong: {error}")))?;
                Self::List(request)
            }
            op::DELETE => Self::Delete(stored()?),
            op::HEALTH => Self::Health,
            op::CLOSE => Self::Close,
            op::RECEIVE => Self::Receive(Receive {
                max: NonZeroUsize::new(request.count as usize).unwrap_or(NonZeroUsize::MIN),
                wait: Duration::from_millis(request.wait_ms),
            }),
            op::SETTLE => {
                let reason = text(request.text, TEXT, "the reason of a nack")?;
                Self::Settle(
                    Token(request.token),
                    settlement(request.settlement, reason)?,
                )
            }
            other => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("the plugin does not know the operation {other}"),
                ));
            }
        };
        let mut cx = Context::new();
        if let Some(remaining) = take_millis(request.timeout_ms) {
            cx = cx.with_timeout(remaining);
        }
        let trace_parent = text(request.trace_parent, TRACE_PARENT, "the traceparent")?;
        if !trace_parent.is_empty() {
            cx = cx.with_trace_parent(trace_parent);
        }
        Ok((cx, operation))
    }
}

fn settlement(code: u32, reason: &str) -> Result<Settlement> {
    match code {
        abi::settlement::ACK => Ok(Settlement::Ack),
        abi::settlement::NACK => Ok(Settlement::Nack {
            reason: reason.to_owned(),
        }),
        abi::settlement::GIVE_BACK => Ok(Settlement::GiveBack),
        other => Err(broken(format!("there is no settlement {other}"))),
    }
}
