//! The S3 operations on a shelf.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use s3s::dto::*;
use s3s::{Body, S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use crate::digest::{self, Claimed};
use crate::server::Conditions;
use crate::shelf::{self, Shelf, State, Upload};

/// Parts but the last are no smaller.
const SMALLEST_PART: usize = 5 << 20;

pub(crate) struct Backend {
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) conditions: Conditions,
}

/// An object without bytes.
fn shell(
    metadata: Option<Metadata>,
    sse: Option<String>,
    storage_class: Option<String>,
) -> shelf::Object {
    shelf::Object {
        bytes: Bytes::new(),
        etag: String::new(),
        metadata: metadata.unwrap_or_default(),
        crc32: None,
        sse,
        storage_class,
        modified: SystemTime::now(),
    }
}

fn bucket<'a>(
    state: &'a mut State,
    name: &str,
) -> S3Result<&'a mut BTreeMap<String, shelf::Object>> {
    state
        .buckets
        .get_mut(name)
        .ok_or_else(|| s3_error!(NoSuchBucket, "there is no such bucket"))
}

fn strong(etag: &str) -> Option<ETag> {
    Some(ETag::Strong(etag.to_owned()))
}

impl Backend {
    /// Stores an object if its condition holds.
    fn store(
        &self,
        state: &mut State,
        (name, key): (&str, &str),
        condition: Option<&ETagCondition>,
        object: shelf::Object,
    ) -> S3Result<()> {
        let bucket = bucket(state, name)?;
        let refused = match condition {
            Some(ETagCondition::Any) => bucket.contains_key(key),
            Some(ETagCondition::ETag(etag)) => bucket
                .get(key)
                .is_some_and(|there| there.etag == etag.value()),
            None => false,
        };
        if refused && self.conditions == Conditions::Honoured {
            return Err(s3_error!(
                PreconditionFailed,
                "at least one of the conditions does not hold"
            ));
        }
        bucket.insert(key.to_owned(), object);
        Ok(())
    }

    fn find(&self, name: &str, key: &str) -> S3Result<shelf::Object> {
        let mut state = self.shelf.lock();
        bucket(&mut state, name)?
            .get(key)
            .cloned()
            .ok_or_else(|| s3_error!(NoSuchKey, "there is no such key"))
    }
}

#[async_trait]
impl S3 for Backend {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let trailers = request.trailing_headers;
        let input = request.input;
        let bytes = digest::read(input.body).await?;
        let claimed = Claimed {
            md5: input.content_md5,
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        };
        let crc32 = digest::check(&bytes, claimed, trailers.as_ref())?;
        let etag = digest::etag(&bytes);
        let object = shelf::Object {
            bytes,
            etag: etag.clone(),
            crc32: Some(crc32.clone()),
            ..shell(
                input.metadata,
                input
                    .server_side_encryption
                    .map(|sse| sse.as_str().to_owned()),
                input.storage_class.map(|class| class.as_str().to_owned()),
            )
        };
        let place = (input.bucket.as_str(), input.key.as_str());
        self.store(
            &mut self.shelf.lock(),
            place,
            input.if_none_match.as_ref(),
            object,
        )?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: strong(&etag),
            checksum_crc32: Some(crc32),
            ..Default::default()
        }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.find(&input.bucket, &input.key)?;
        let wants_checksum = input.checksum_mode.is_some() && input.range.is_none();
        let (bytes, range) = match input.range {
            Some(range) => {
                let whole = object.bytes.len() as u64;
                let range = range.check(whole)?;
                let text = format!("bytes {}-{}/{whole}", range.start, range.end - 1);
                let slice = range.start as usize..range.end as usize;
                (object.bytes.slice(slice), Some(text))
            }
            None => (object.bytes.clone(), None),
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(bytes.len() as i64),
            content_range: range,
            body: Some(StreamingBlob::from(Body::from(bytes))),
            e_tag: strong(&object.etag),
            checksum_crc32: object.crc32.filter(|_| wants_checksum),
            last_modified: Some(object.modified.into()),
            metadata: Some(object.metadata),
            ..Default::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let object = self.find(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(object.bytes.len() as i64),
            e_tag: strong(&object.etag),
            last_modified: Some(object.modified.into()),
            metadata: Some(object.metadata),
            server_side_encryption: object.sse.map(Into::into),
            storage_class: object.storage_class.map(Into::into),
            ..Default::default()
        }))
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = request.input;
        let CopySource::Bucket {
            bucket: from, key, ..
        } = &input.copy_source
        else {
            return Err(s3_error!(NotImplemented, "only buckets are copied from"));
        };
        let mut state = self.shelf.lock();
        let object = bucket(&mut state, from)?
            .get(&**key)
            .cloned()
            .ok_or_else(|| s3_error!(NoSuchKey, "there is no such key"))?;
        let result = CopyObjectResult {
            e_tag: strong(&object.etag),
            last_modified: Some(SystemTime::now().into()),
            ..Default::default()
        };
        let place = (input.bucket.as_str(), input.key.as_str());
        self.store(&mut state, place, None, object)?;
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            ..Default::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let mut state = self.shelf.lock();
        bucket(&mut state, &request.input.bucket)?.remove(&request.input.key);
        Ok(S3Response::with_status(
            DeleteObjectOutput::default(),
            hyper::StatusCode::NO_CONTENT,
        ))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        bucket(&mut self.shelf.lock(), &request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let prefix = input.prefix.unwrap_or_default();
        let most = input.max_keys.unwrap_or(1000).clamp(0, 1000) as usize;
        // The token is the last key of the page before.
        let after = input
            .continuation_token
            .clone()
            .or(input.start_after)
            .unwrap_or_default();
        let mut state = self.shelf.lock();
        let mut found = bucket(&mut state, &input.bucket)?
            .range(prefix.clone()..)
            .take_while(|(key, _)| key.starts_with(&prefix))
            .filter(|(key, _)| **key > after);
        let contents: Vec<Object> = found
            .by_ref()
            .take(most)
            .map(|(key, object)| Object {
                key: Some(key.clone()),
                size: Some(object.bytes.len() as i64),
                e_tag: strong(&object.etag),
                last_modified: Some(object.modified.into()),
                ..Default::default()
            })
            .collect();
        let more = found.next().is_some();
        let last = contents.last().and_then(|object| object.key.clone());
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(prefix),
            max_keys: Some(most as i32),
            key_count: Some(contents.len() as i32),
            contents: Some(contents),
            is_truncated: Some(more),
            next_continuation_token: last.filter(|_| more),
            continuation_token: input.continuation_token,
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let mut state = self.shelf.lock();
        bucket(&mut state, &input.bucket)?;
        state.uploads_ever += 1;
        let id = format!("upload-{}", state.uploads_ever);
        let upload = Upload {
            bucket: input.bucket.clone(),
            key: input.key.clone(),
            shell: shell(
                input.metadata,
                input
                    .server_side_encryption
                    .map(|sse| sse.as_str().to_owned()),
                input.storage_class.map(|class| class.as_str().to_owned()),
            ),
            parts: BTreeMap::new(),
        };
        state.uploads.insert(id.clone(), upload);
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..Default::default()
        }))
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let trailers = request.trailing_headers;
        let input = request.input;
        let bytes = digest::read(input.body).await?;
        let claimed = Claimed {
            md5: input.content_md5,
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        };
        digest::check(&bytes, claimed, trailers.as_ref())?;
        let etag = digest::etag(&bytes);
        let mut state = self.shelf.lock();
        let upload = state
            .uploads
            .get_mut(&input.upload_id)
            .ok_or_else(no_upload)?;
        upload
            .parts
            .insert(input.part_number, (etag.clone(), bytes));
        Ok(S3Response::new(UploadPartOutput {
            e_tag: strong(&etag),
            ..Default::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let mut state = self.shelf.lock();
        let upload = state
            .uploads
            .get(&input.upload_id)
            .cloned()
            .ok_or_else(no_upload)?;
        let named = input
            .multipart_upload
            .and_then(|upload| upload.parts)
            .unwrap_or_default();
        let bytes = joined(&upload, &named)?;
        let etag = format!("{}-{}", digest::etag(&bytes), named.len());
        let object = shelf::Object {
            bytes,
            etag: etag.clone(),
            ..upload.shell
        };
        let place = (input.bucket.as_str(), input.key.as_str());
        self.store(&mut state, place, input.if_none_match.as_ref(), object)?;
        state.uploads.remove(&input.upload_id);
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: strong(&etag),
            ..Default::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let mut state = self.shelf.lock();
        state
            .uploads
            .remove(&request.input.upload_id)
            .ok_or_else(no_upload)?;
        Ok(S3Response::with_status(
            AbortMultipartUploadOutput::default(),
            hyper::StatusCode::NO_CONTENT,
        ))
    }
}

/// The bytes of the named parts, in order.
fn joined(upload: &Upload, named: &[CompletedPart]) -> S3Result<Bytes> {
    let mut bytes = BytesMut::new();
    for (place, part) in named.iter().enumerate() {
        let stored = part
            .part_number
            .and_then(|number| upload.parts.get(&number));
        let etag = part.e_tag.as_ref().map(ETag::value);
        let Some((_, content)) = stored.filter(|(known, _)| Some(known.as_str()) == etag) else {
            return Err(s3_error!(
                InvalidPart,
                "a part is not there or has another ETag"
            ));
        };
        if content.len() < SMALLEST_PART && place + 1 < named.len() {
            return Err(s3_error!(
                EntityTooSmall,
                "a part is smaller than the least allowed"
            ));
        }
        bytes.extend_from_slice(content);
    }
    Ok(bytes.freeze())
}

fn no_upload() -> S3Error {
    s3_error!(NoSuchUpload, "there is no such upload")
}
