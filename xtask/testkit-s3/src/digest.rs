//! Checksums of a body: what came with the request is compared before anything is stored.

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use s3s::TrailingHeaders;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use s3s::checksum::ChecksumHasher;

/// The checksums that a request may bring.
#[derive(Default)]
pub(crate) struct Claimed {
    pub(crate) md5: Option<String>,
    pub(crate) crc32: Option<String>,
    pub(crate) crc32c: Option<String>,
    pub(crate) crc64nvme: Option<String>,
    pub(crate) sha1: Option<String>,
    pub(crate) sha256: Option<String>,
}

/// Reads a body whole; s3s itself checks it against the signed digest.
pub(crate) async fn read(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    let Some(mut body) = body else {
        return Ok(Bytes::new());
    };
    let mut bytes = BytesMut::new();
    while let Some(chunk) = body.try_next().await.map_err(|_| {
        S3Error::with_message(
            S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            "the body is not what was announced",
        )
    })? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// The CRC32 of the body, after every claim has been found true.
pub(crate) fn check(
    bytes: &Bytes,
    mut claimed: Claimed,
    trailers: Option<&TrailingHeaders>,
) -> S3Result<String> {
    let trailer = |name: &str| {
        trailers?
            .read(|headers| Some(headers.get(name)?.to_str().ok()?.to_owned()))
            .flatten()
    };
    for (claim, name) in [
        (&mut claimed.crc32, "x-amz-checksum-crc32"),
        (&mut claimed.crc32c, "x-amz-checksum-crc32c"),
        (&mut claimed.crc64nvme, "x-amz-checksum-crc64nvme"),
        (&mut claimed.sha1, "x-amz-checksum-sha1"),
        (&mut claimed.sha256, "x-amz-checksum-sha256"),
    ] {
        if claim.is_none() {
            *claim = trailer(name);
        }
    }
    let mut hasher = ChecksumHasher {
        crc32: Some(s3s::crypto::Crc32::new()),
        crc32c: claimed.crc32c.as_ref().map(|_| s3s::crypto::Crc32c::new()),
        sha1: claimed.sha1.as_ref().map(|_| s3s::crypto::Sha1::new()),
        sha256: claimed.sha256.as_ref().map(|_| s3s::crypto::Sha256::new()),
        crc64nvme: claimed
            .crc64nvme
            .as_ref()
            .map(|_| s3s::crypto::Crc64Nvme::new()),
    };
    hasher.update(bytes);
    let seen = hasher.finalize();
    let crc32 = seen.checksum_crc32.clone().unwrap_or_default();
    let md5 = claimed
        .md5
        .as_ref()
        .map(|_| base64(Md5::checksum(bytes).as_ref()));
    let pairs = [
        (claimed.md5, md5),
        (claimed.crc32, seen.checksum_crc32),
        (claimed.crc32c, seen.checksum_crc32c),
        (claimed.crc64nvme, seen.checksum_crc64nvme),
        (claimed.sha1, seen.checksum_sha1),
        (claimed.sha256, seen.checksum_sha256),
    ];
    if pairs
        .iter()
        .any(|(claim, seen)| claim.is_some() && claim != seen)
    {
        return Err(s3_error!(BadDigest, "a checksum does not fit the body"));
    }
    Ok(crc32)
}

/// The MD5 in hexadecimal digits, as an ETag has it.
pub(crate) fn etag(bytes: &[u8]) -> String {
    Md5::checksum(bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}
