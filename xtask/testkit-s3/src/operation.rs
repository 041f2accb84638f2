use hyper::Method;
use hyper::http::request::Parts;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `PUT key`
    PutObject,
    /// `PUT key` with `x-amz-copy-source`
    CopyObject,
    /// `GET key`
    GetObject,
    /// `HEAD key`
    HeadObject,
    /// `DELETE key`
    DeleteObject,
    /// `GET ?list-type=2`
    ListObjectsV2,
    /// `HEAD` of the bucket
    HeadBucket,
    /// `POST key?uploads`
    CreateMultipartUpload,
    /// `PUT key?uploadId&partNumber`
    UploadPart,
    /// `POST key?uploadId`
    CompleteMultipartUpload,
    /// `DELETE key?uploadId`
    AbortMultipartUpload,
    /// Anything else.
    Other,
}

impl Operation {
    /// The operation and the key of a path-style request.
    pub(crate) fn of(parts: &Parts) -> (Self, String) {
        let path = parts.uri.path().trim_start_matches('/');
        let key = path.split_once('/').map_or("", |(_, key)| key);
        let query = parts.uri.query().unwrap_or_default();
        let asks = |name: &str| {
            query
                .split('&')
                .any(|pair| pair.split('=').next() == Some(name))
        };
        let copies = parts.headers.contains_key("x-amz-copy-source");
        let operation = match (&parts.method, key.is_empty()) {
            (&Method::GET, true) if asks("list-type") => Self::ListObjectsV2,
            (&Method::HEAD, true) => Self::HeadBucket,
            (_, true) => Self::Other,
            (&Method::PUT, _) if asks("uploadId") => Self::UploadPart,
            (&Method::PUT, _) if copies => Self::CopyObject,
            (&Method::PUT, _) => Self::PutObject,
            (&Method::GET, _) => Self::GetObject,
            (&Method::HEAD, _) => Self::HeadObject,
            (&Method::DELETE, _) if asks("uploadId") => Self::AbortMultipartUpload,
            (&Method::DELETE, _) => Self::DeleteObject,
            (&Method::POST, _) if asks("uploads") => Self::CreateMultipartUpload,
            (&Method::POST, _) if asks("uploadId") => Self::CompleteMultipartUpload,
            _ => Self::Other,
        };
        (operation, decoded(key))
    }

    /// Does it change what is stored?
    pub fn writes(self) -> bool {
        !matches!(
            self,
            Self::GetObject | Self::HeadObject | Self::ListObjectsV2 | Self::HeadBucket
        )
    }
}

/// A key without its percent encoding.
fn decoded(key: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = key.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = match (first, tail) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|pair| u8::from_str_radix(pair, 16).ok()),
            _ => None,
        };
        bytes.push(hex.unwrap_or(*first));
        rest = tail.get(hex.map_or(0, |_| 2)..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
