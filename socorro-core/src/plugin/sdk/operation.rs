use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::completion::Given;
use super::request::Request;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::source::NewCrashSource;
use crate::storage::{Capabilities, CrashStorage};

/// What an author made.
#[derive(Clone)]
pub(super) enum Backend {
    /// A storage.
    Storage(Arc<dyn CrashStorage>),
    /// A source.
    Source(Arc<dyn NewCrashSource>),
}

impl Backend {
    pub(super) fn capabilities(&self) -> Capabilities {
        match self {
            Self::Storage(storage) => storage.capabilities(),
            Self::Source(_) => Capabilities::empty(),
        }
    }

    /// Runs one operation.
    pub(super) async fn run(&self, cx: &Context, request: Request) -> Result<Given> {
        match self {
            Self::Storage(storage) => run_storage(&**storage, cx, request).await,
            Self::Source(source) => run_source(&**source, cx, request).await,
        }
    }
}

async fn run_storage(storage: &dyn CrashStorage, cx: &Context, request: Request) -> Result<Given> {
    match request {
        Request::SaveRawCrash(id, raw, dumps) => {
            storage.save_raw_crash(cx, &id, &raw, &dumps).await?;
            Ok(Given::default())
        }
        Request::SaveProcessedCrash(id, processed) => {
            storage.save_processed_crash(cx, &id, &processed).await?;
            Ok(Given::default())
        }
        Request::SaveRawAndProcessed(id, raw, dumps, processed) => {
            storage
                .save_raw_and_processed(cx, &id, &raw, &dumps, &processed)
                .await?;
            Ok(Given::default())
        }
        Request::GetRawCrash(id) => {
            let raw = storage.get_raw_crash(cx, &id).await?;
            Ok(data(raw.into_bytes()))
        }
        Request::GetDump(id, name) => storage.get_dump(cx, &id, &name).await.map(data),
        Request::GetDumps(id) => {
            let dumps = storage.get_dumps(cx, &id).await?;
            Ok(Given {
                dumps,
                ..Given::default()
            })
        }
        Request::GetDumpsAsFiles(id, directory) => {
            let dumps = storage.get_dumps_as_files(cx, &id, &directory).await?;
            Ok(Given {
                dumps,
                ..Given::default()
            })
        }
        Request::GetProcessedCrash(id) => {
            let processed = storage.get_unredacted_processed_crash(cx, &id).await?;
            Ok(data(processed.into_bytes()))
        }
        Request::Catalog(id) => json(&storage.catalog(cx, &id).await?),
        Request::List(request) => json(&storage.list(cx, &request).await?),
        Request::Delete(id) => {
            storage.delete(cx, &id).await?;
            Ok(Given::default())
        }
        Request::Health => json(&storage.health(cx).await?),
        Request::Close => {
            storage.close(cx).await?;
            Ok(Given::default())
        }
        Request::Receive(_) | Request::Settle(..) => Err(not_for("storage")),
    }
}

async fn run_source(source: &dyn NewCrashSource, cx: &Context, request: Request) -> Result<Given> {
    match request {
        Request::Receive(request) => json(&source.receive(cx, request).await?),
        Request::Settle(token, settlement) => {
            source.settle(cx, token, settlement).await?;
            Ok(Given::default())
        }
        Request::Close => {
            source.close(cx).await?;
            Ok(Given::default())
        }
        _ => Err(not_for("source")),
    }
}

fn data(data: Bytes) -> Given {
    Given {
        data,
        ..Given::default()
    }
}

fn json(value: &impl Serialize) -> Result<Given> {
    match serde_json::to_vec(value) {
        Ok(json) => Ok(data(json.into())),
        Err(error) => Err(
            Error::new(ErrorKind::Internal, "the answer cannot be written as JSON")
                .caused_by(&error),
        ),
    }
}

fn not_for(kind: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("this operation is not for a {kind}"),
    )
}
