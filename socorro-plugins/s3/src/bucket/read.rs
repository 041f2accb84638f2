use std::path::Path;

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use socorro_core::error::{Error, ErrorKind, Result, Scope};
use tokio::io::AsyncWriteExt as _;

use super::{Bucket, Failed, found};
use crate::set::{Metadata, SetId};

/// An object, or its head alone.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// Empty when only the head was asked for.
    pub(crate) bytes: Bytes,
    pub(crate) size: Option<u64>,
    pub(crate) metadata: Metadata,
}

impl Object {
    /// The set it says it is of.
    pub(crate) fn set(&self) -> Option<SetId> {
        SetId::in_metadata(&self.metadata)
    }
}

/// A part of a list of keys.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) keys: Vec<String>,
    /// More keys with the prefix follow.
    pub(crate) more: bool,
}

impl Bucket {
    /// An object with its bytes.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Object>> {
        let request = self.0.client.get_object().bucket(&self.0.name).key(key);
        let what = self.what("read", key);
        // Boxed: the client's futures are large, and several are part of one operation's.
        let work = Box::pin(async {
            let answer = request.send().await;
            let answer = answer.map_err(|error| Failed::of(&error, &what))?;
            let size = self.size_of(key, answer.content_length)?;
            let bytes = self.collect(key, size, answer.body).await?;
            Ok(Object {
                size: Some(bytes.len() as u64),
                bytes,
                metadata: answer.metadata.unwrap_or_default(),
            })
        });
        found(self.limited(&what, work).await)
    }

    /// An object's head.
    pub(crate) async fn head(&self, key: &str) -> Result<Option<Object>> {
        let request = self.0.client.head_object().bucket(&self.0.name).key(key);
        let answer = self.send("look at", key, Box::pin(request.send())).await;
        Ok(found(answer)?.map(|answer| Object {
            bytes: Bytes::new(),
            size: answer
                .content_length
                .and_then(|size| u64::try_from(size).ok()),
            metadata: answer.metadata.unwrap_or_default(),
        }))
    }

    /// Writes an object to a new file, and gives its head. The file is there only when it is whole.
    pub(crate) async fn get_to_file(&self, key: &str, path: &Path) -> Result<Option<Object>> {
        let request = self.0.client.get_object().bucket(&self.0.name).key(key);
        let what = self.what("read", key);
        let work = Box::pin(async {
            let answer = request.send().await;
            let answer = answer.map_err(|error| Failed::of(&error, &what))?;
            let size = self.size_of(key, answer.content_length)?;
            let written = self.write(key, path, answer.body).await?;
            complete(key, size, written)?;
            Ok(Object {
                bytes: Bytes::new(),
                size: Some(written),
                metadata: answer.metadata.unwrap_or_default(),
            })
        });
        found(self.limited(&what, work).await)
    }

    /// Up to `most` keys with a prefix, ascending, after one.
    pub(crate) async fn list(&self, prefix: &str, after: &str, most: usize) -> Result<Listing> {
        let most = i32::try_from(most.clamp(1, 1000)).unwrap_or(1000);
        let after = Some(after).filter(|after| !after.is_empty());
        let request = self
            .0
            .client
            .list_objects_v2()
            .bucket(&self.0.name)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .max_keys(most);
        let answer = self
            .send("list", prefix, Box::pin(request.send()))
            .await
            .map_err(Error::from)?;
        let keys = answer.contents.unwrap_or_default();
        Ok(Listing {
            keys: keys.into_iter().filter_map(|object| object.key).collect(),
            more: answer.is_truncated.unwrap_or(false),
        })
    }

    /// The size that was announced, if it may be read.
    fn size_of(&self, key: &str, announced: Option<i64>) -> Result<Option<u64>> {
        let size = announced.and_then(|size| u64::try_from(size).ok());
        match size {
            Some(size) if size > self.0.max_object_size => Err(self.too_large(key)),
            size => Ok(size),
        }
    }

    fn too_large(&self, key: &str) -> Error {
        let most = socorro_core::options::ByteSize(self.0.max_object_size);
        Error::new(
            ErrorKind::Corrupt,
            format!("{key} is larger than max_object_size = \"{most}\", so it is not read"),
        )
    }

    async fn collect(&self, key: &str, size: Option<u64>, mut body: ByteStream) -> Result<Bytes> {
        let size_hint = size
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(0);
        let mut bytes = BytesMut::with_capacity(size_hint);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| broken_off(key, &error))?;
            if (bytes.len() + chunk.len()) as u64 > self.0.max_object_size {
                return Err(self.too_large(key));
            }
            bytes.extend_from_slice(&chunk);
        }
        complete(key, size, bytes.len() as u64)?;
        Ok(bytes.freeze())
    }

    async fn write(&self, key: &str, path: &Path, mut body: ByteStream) -> Result<u64> {
        let failed = |error: &std::io::Error| {
            let kind = match error.kind() {
                std::io::ErrorKind::AlreadyExists
                | std::io::ErrorKind::NotFound
                | std::io::ErrorKind::NotADirectory
                | std::io::ErrorKind::PermissionDenied => ErrorKind::InvalidInput,
                _ => ErrorKind::Unavailable,
            };
            Error::new(kind, format!("cannot write {}", path.display()))
                .with_scope(Scope::Item)
                .caused_by(error)
        };
        let mut file = tokio::fs::File::create_new(path)
            .await
            .map_err(|error| failed(&error))?;
        let half = Half(Some(path));
        let mut written = 0;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| broken_off(key, &error))?;
            written += chunk.len() as u64;
            if written > self.0.max_object_size {
                return Err(self.too_large(key));
            }
            file.write_all(&chunk)
                .await
                .map_err(|error| failed(&error))?;
        }
        file.flush().await.map_err(|error| failed(&error))?;
        half.keep();
        Ok(written)
    }
}

/// A file that is removed unless it is kept.
struct Half<'a>(Option<&'a Path>);

impl Half<'_> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Half<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.0 {
            // Best effort: the read has failed already.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn broken_off(key: &str, error: &aws_sdk_s3::primitives::ByteStreamError) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("reading {key} broke off; the connection was lost or a checksum does not fit"),
    )
    .caused_by(error)
}

fn complete(key: &str, announced: Option<u64>, read: u64) -> Result<()> {
    match announced {
        Some(size) if size != read => Err(Error::new(
            ErrorKind::Unavailable,
            format!("reading {key} broke off after {read} of {size} bytes"),
        )),
        _ => Ok(()),
    }
}
