//! Uploads in parts.
//!
//! 1. Create. When it fails there is nothing, or an upload without parts that nobody knows the id of.
//! 2. The parts, a few at a time. When one fails the upload is aborted.
//! 3. Complete: the object is there, whole, at once. When it fails the upload is aborted, which a server that
//!    completed it all the same refuses.
//!
//! A caller that goes away aborts too, on a task of its own. What a kill of the process leaves costs room until a
//! lifecycle rule of the bucket removes it; `docs/s3.md` has one.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use socorro_core::error::{Error, ErrorKind, Result};

use super::Bucket;
use crate::body::Body;
use crate::set::Metadata;

/// Parts of one upload on their way at a time.
const PARTS_AT_ONCE: usize = 4;
/// S3 takes no more.
const MOST_PARTS: u64 = 10_000;

/// An upload that is aborted unless it is completed.
struct Upload {
    bucket: Bucket,
    key: String,
    id: String,
    open: bool,
}

impl Bucket {
    pub(super) async fn upload_in_parts(
        &self,
        key: &str,
        body: &Body,
        metadata: Metadata,
    ) -> Result<()> {
        let mut upload = self.create(key, metadata).await?;
        match upload.parts(body).await {
            Ok(()) => {
                upload.open = false;
                Ok(())
            }
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    async fn create(&self, key: &str, metadata: Metadata) -> Result<Upload> {
        let request = self
            .0
            .client
            .create_multipart_upload()
            .bucket(&self.0.name)
            .key(key)
            .set_metadata(Some(metadata))
            .set_server_side_encryption(self.0.sse.clone())
            .set_ssekms_key_id(self.0.kms_key_id.clone())
            .set_storage_class(self.0.storage_class.clone());
        let answer = self
            .send("begin to write", key, Box::pin(request.send()))
            .await
            .map_err(Error::from)?;
        let id = answer.upload_id.ok_or_else(|| {
            let message = format!("cannot write {key}: the server gave the upload no id");
            Error::new(ErrorKind::Unavailable, message)
        })?;
        Ok(Upload {
            bucket: self.clone(),
            key: key.to_owned(),
            id,
            open: true,
        })
    }
}

impl Upload {
    async fn parts(&self, body: &Body) -> Result<()> {
        let size = self.bucket.0.part_size.max(body.len().div_ceil(MOST_PARTS));
        let count = i32::try_from(body.len().div_ceil(size)).unwrap_or(i32::MAX);
        let parts: Vec<CompletedPart> = stream::iter(1..=count)
            .map(|number| self.part(body, number, size))
            .buffered(PARTS_AT_ONCE)
            .try_collect()
            .await?;
        self.complete(parts).await
    }

    async fn part(&self, body: &Body, number: i32, size: u64) -> Result<CompletedPart> {
        let bucket = &self.bucket;
        let at = (u64::from(number.unsigned_abs()) - 1) * size;
        let _buffer = bucket.buffer(body).await?;
        let bytes = body.slice(at, size.min(body.len() - at)).await?;
        let request = bucket
            .0
            .client
            .upload_part()
            .bucket(&bucket.0.name)
            .key(&self.key)
            .upload_id(&self.id)
            .part_number(number)
            .body(ByteStream::from(bytes));
        let answer = bucket
            .send("write a part of", &self.key, Box::pin(request.send()))
            .await
            .map_err(Error::from)?;
        // Without the part's checksum: a server that was not told of one when the upload began refuses it.
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(answer.e_tag)
            .build())
    }

    async fn complete(&self, parts: Vec<CompletedPart>) -> Result<()> {
        let bucket = &self.bucket;
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        let request = bucket
            .0
            .client
            .complete_multipart_upload()
            .bucket(&bucket.0.name)
            .key(&self.key)
            .upload_id(&self.id)
            .multipart_upload(parts);
        bucket
            .send("finish writing", &self.key, Box::pin(request.send()))
            .await
            .map_err(Error::from)?;
        Ok(())
    }

    async fn abort(mut self) {
        // From here on a caller that goes away cannot do better.
        self.open = false;
        self.send_abort().await;
    }

    async fn send_abort(&self) {
        let bucket = &self.bucket;
        let request = bucket
            .0
            .client
            .abort_multipart_upload()
            .bucket(&bucket.0.name)
            .key(&self.key)
            .upload_id(&self.id);
        let answer = bucket.send("abort writing", &self.key, Box::pin(request.send()));
        if let Err(failed) = answer.await {
            let error = Error::from(failed);
            tracing::warn!(key = self.key, %error, "an upload could not be aborted; the bucket's lifecycle rule has to");
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !std::mem::replace(&mut self.open, false) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let farewell = Self {
            bucket: self.bucket.clone(),
            key: std::mem::take(&mut self.key),
            id: std::mem::take(&mut self.id),
            open: false,
        };
        runtime.spawn(async move { farewell.send_abort().await });
    }
}
