//! One bucket: single requests, each with a place in the queue, a time limit, and an error that says what it was.
//!
//! | file | idea |
//! |---|---|
//! | `read` | get, head, list |
//! | `write` | put and delete |
//! | `multipart` | uploads in parts, which leave nothing behind |

mod multipart;
mod read;
mod write;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{ServerSideEncryption, StorageClass};
use socorro_core::error::{Error, ErrorKind, Result};
use tokio::sync::Semaphore;

use crate::config::{Encryption, StorageConfig};
use crate::failure::{Failure, failure, too_slow};

pub(crate) use read::Object;
pub(crate) use write::Condition;

/// Parts of files that are in memory at a time, of all uploads together.
const BUFFERS: usize = 8;

/// A bucket and how to ask it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Bucket(Arc<Shared>);

struct Shared {
    client: Client,
    name: String,
    /// For messages.
    place: String,
    permits: Semaphore,
    buffers: Semaphore,
    request_timeout: Duration,
    max_object_size: u64,
    multipart_threshold: u64,
    part_size: u64,
    sse: Option<ServerSideEncryption>,
    kms_key_id: Option<String>,
    storage_class: Option<StorageClass>,
}

impl Bucket {
    pub(crate) fn new(client: Client, config: &StorageConfig) -> Self {
        Self(Arc::new(Shared {
            client,
            name: config.bucket.clone(),
            place: config.place(),
            permits: Semaphore::new(usize::from(config.max_connections)),
            buffers: Semaphore::new(BUFFERS),
            request_timeout: config.request_timeout.0,
            max_object_size: config.max_object_size.0,
            multipart_threshold: config.multipart_threshold.0,
            part_size: config.part_size.0,
            sse: match config.sse {
                Encryption::None => None,
                Encryption::Aes256 => Some(ServerSideEncryption::Aes256),
                Encryption::AwsKms => Some(ServerSideEncryption::AwsKms),
            },
            kms_key_id: config.kms_key_id.clone(),
            storage_class: config.storage_class.as_deref().map(StorageClass::from),
        }))
    }

    /// Sends a request whose answer is no more than its head.
    async fn send<T, E>(
        &self,
        doing: &str,
        key: &str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failed>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let what = self.what(doing, key);
        let work = async { request.await.map_err(|error| Failed::of(&error, &what)) };
        self.limited(&what, work).await
    }

    /// What a request does, for messages.
    fn what(&self, doing: &str, key: &str) -> String {
        match key {
            "" => format!("{doing} {}", self.0.place),
            key => format!("{doing} {key} in {}", self.0.place),
        }
    }

    /// Does the work of a request once it has a place in the queue, within the time for one.
    async fn limited<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, Failed> {
        let closed = |_| Error::new(ErrorKind::Cancelled, "the storage is closed");
        let _permit = self.0.permits.acquire().await.map_err(closed)?;
        match tokio::time::timeout(self.0.request_timeout, work).await {
            Ok(result) => result,
            Err(_) => Err(too_slow(what, self.0.request_timeout).into()),
        }
    }
}

/// Why a request came to nothing.
enum Failed {
    /// The server or the way to it.
    Request(Failure),
    /// What was read, or our own limits.
    Other(Error),
}

impl Failed {
    fn of<E>(error: &SdkError<E, HttpResponse>, what: &str) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        Self::Request(failure(error, what))
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Request(failure) => failure.into_error(),
            Failed::Other(error) => error,
        }
    }
}

/// `None` where nothing is there.
fn found<T>(result: Result<T, Failed>) -> Result<Option<T>> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(Failed::Request(failure)) if failure.is_missing() => Ok(None),
        Err(failed) => Err(failed.into()),
    }
}
