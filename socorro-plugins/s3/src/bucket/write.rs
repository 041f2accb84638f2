use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use socorro_core::error::{Error, ErrorKind, Result};

use super::{Bucket, Failed};
use crate::body::Body;
use crate::set::Metadata;

/// When a write takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// In any case.
    Always,
    /// Only when the key is not there.
    Absent,
}

impl Bucket {
    /// Puts bytes there; `false` when the condition does not hold.
    pub(crate) async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        metadata: Metadata,
        condition: Condition,
    ) -> Result<bool> {
        let absent = (condition == Condition::Absent).then(|| "*".to_owned());
        let request = self
            .0
            .client
            .put_object()
            .bucket(&self.0.name)
            .key(key)
            .set_metadata(Some(metadata))
            .set_if_none_match(absent)
            .set_server_side_encryption(self.0.sse.clone())
            .set_ssekms_key_id(self.0.kms_key_id.clone())
            .set_storage_class(self.0.storage_class.clone())
            .body(ByteStream::from(bytes));
        match self.send("write", key, Box::pin(request.send())).await {
            Ok(_) => Ok(true),
            Err(Failed::Request(failure)) if failure.is_condition() => Ok(false),
            Err(failed) => Err(failed.into()),
        }
    }

    /// Puts a dump there, in parts when it is large.
    pub(crate) async fn upload(&self, key: &str, body: &Body, metadata: Metadata) -> Result<()> {
        if body.len() > self.0.multipart_threshold {
            return self.upload_in_parts(key, body, metadata).await;
        }
        let _buffer = self.buffer(body).await?;
        let bytes = body.slice(0, body.len()).await?;
        self.put(key, bytes, metadata, Condition::Always)
            .await
            .map(drop)
    }

    /// Removes an object; one that is not there is no error.
    pub(crate) async fn delete(&self, key: &str) -> Result<()> {
        let request = self.0.client.delete_object().bucket(&self.0.name).key(key);
        match self.send("delete", key, Box::pin(request.send())).await {
            Ok(_) => Ok(()),
            Err(Failed::Request(failure)) if failure.is_missing() => Ok(()),
            Err(failed) => Err(failed.into()),
        }
    }

    /// The right to hold a part of a file in memory; what is in memory anyway needs none.
    pub(super) async fn buffer(
        &self,
        body: &Body,
    ) -> Result<Option<tokio::sync::SemaphorePermit<'_>>> {
        if !body.is_file() {
            return Ok(None);
        }
        let closed = |_| Error::new(ErrorKind::Cancelled, "the storage is closed");
        self.0.buffers.acquire().await.map(Some).map_err(closed)
    }
}
