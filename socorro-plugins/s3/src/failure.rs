//! What the server and the way to it say, as errors of the storage trait. The README has the table, and a test
//! compares them.

use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use socorro_core::error::{Applied, Error, ErrorKind, Scope};

/// One row: error codes and statuses that mean the same.
pub(crate) struct Row {
    pub(crate) codes: &'static [&'static str],
    /// Only looked at when no row has the code.
    pub(crate) statuses: &'static [u16],
    pub(crate) kind: ErrorKind,
    pub(crate) retryable: bool,
    pub(crate) scope: Scope,
    /// What it means and what to do.
    pub(crate) advice: &'static str,
}

const fn row(
    codes: &'static [&'static str],
    statuses: &'static [u16],
    (kind, retryable, scope): (ErrorKind, bool, Scope),
    advice: &'static str,
) -> Row {
    Row {
        codes,
        statuses,
        kind,
        retryable,
        scope,
        advice,
    }
}

/// The row for a body whose signed digest the server did not come to.
const SIGNED_BODY: usize = 0;

/// Every row; the first that has the code, else the first that has the status.
pub(crate) const TABLE: &[Row] = &[
    row(
        &[
            "XAmzContentSHA256Mismatch",
            "XAmzContentChecksumMismatch",
            "MissingContentLength",
            "NotImplemented",
        ],
        &[411, 501],
        (ErrorKind::InvalidConfig, false, Scope::Store),
        "the server does not take requests in this form; if it is no AWS server, set checksums = \"when_required\", and leave out sse and storage_class",
    ),
    row(
        &[
            "SlowDown",
            "SlowDownRead",
            "SlowDownWrite",
            "ServiceUnavailable",
            "Throttling",
            "ThrottlingException",
            "RequestLimitExceeded",
            "TooManyRequests",
            "BandwidthLimitExceeded",
        ],
        &[429, 503],
        (ErrorKind::Throttled, true, Scope::Store),
        "the server asks for less traffic",
    ),
    row(
        &["NoSuchBucket", "InvalidBucketName"],
        &[],
        (ErrorKind::InvalidConfig, false, Scope::Store),
        "there is no such bucket; make it or correct `bucket`",
    ),
    row(
        &[
            "PermanentRedirect",
            "TemporaryRedirect",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
        ],
        &[301, 307],
        (ErrorKind::InvalidConfig, false, Scope::Store),
        "the bucket is in another region or at another endpoint; correct `region` or `endpoint_url`",
    ),
    row(
        &["NoSuchKey", "NoSuchVersion", "NotFound"],
        &[404],
        (ErrorKind::NotFound, false, Scope::Item),
        "nothing is there",
    ),
    row(
        &[
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidToken",
            "ExpiredToken",
            "InvalidSecurity",
            "NotSignedUp",
            "AccountProblem",
        ],
        &[401],
        (ErrorKind::PermissionDenied, false, Scope::Store),
        "the server does not accept the keys; check access_key_id, secret_access_key and session_token",
    ),
    row(
        &["AccessDenied", "AllAccessDisabled", "MethodNotAllowed"],
        &[403, 405],
        (ErrorKind::PermissionDenied, false, Scope::Store),
        "the keys are wrong or lack a right on the bucket; docs/s3.md lists the rights that are needed",
    ),
    row(
        &["RequestTimeTooSkewed", "RequestExpired"],
        &[],
        (ErrorKind::Unavailable, true, Scope::Store),
        "this machine's clock and the server's are too far apart; set them right",
    ),
    row(
        &["RequestTimeout", "GatewayTimeout"],
        &[408, 504],
        (ErrorKind::Timeout, true, Scope::Store),
        "the server gave up waiting",
    ),
    row(
        &[
            "InternalError",
            "InternalServerError",
            "OperationAborted",
            "RequestTimeoutException",
        ],
        &[500, 502],
        (ErrorKind::Unavailable, true, Scope::Store),
        "the server failed",
    ),
    row(
        &["QuotaExceeded", "InsufficientStorage", "XMinioStorageFull"],
        &[507],
        (ErrorKind::Unavailable, true, Scope::Store),
        "the server has no room left",
    ),
    row(
        &[
            "BadDigest",
            "InvalidDigest",
            "IncompleteBody",
            "XAmzContentCRC32Mismatch",
        ],
        &[],
        (ErrorKind::Unavailable, true, Scope::Item),
        "the body was damaged on its way; nothing was stored",
    ),
    row(
        &[
            "NoSuchUpload",
            "InvalidPart",
            "InvalidPartOrder",
            "EntityTooSmall",
        ],
        &[],
        (ErrorKind::Unavailable, true, Scope::Item),
        "the server lost a part of the upload; it starts over when tried again",
    ),
    row(
        &[
            "EntityTooLarge",
            "KeyTooLongError",
            "KeyTooLong",
            "MetadataTooLarge",
            "MaxMessageLengthExceeded",
        ],
        &[413, 414],
        (ErrorKind::InvalidInput, false, Scope::Item),
        "it is too large for the server",
    ),
    row(
        &["PreconditionFailed", "ConditionalRequestConflict"],
        &[409, 412],
        (ErrorKind::Conflict, true, Scope::Item),
        "another writer came first",
    ),
    row(
        &["InvalidObjectState"],
        &[],
        (ErrorKind::Unavailable, false, Scope::Item),
        "it is archived; restore it before it can be read",
    ),
    row(
        &[
            "InvalidStorageClass",
            "InvalidEncryptionAlgorithmError",
            "KMS.NotFoundException",
            "KMS.DisabledException",
            "KMS.KMSInvalidStateException",
        ],
        &[],
        (ErrorKind::InvalidConfig, false, Scope::Store),
        "the server does not have what `sse`, `kms_key_id` or `storage_class` ask for",
    ),
];

/// What a request failed of.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Error,
    /// A row has this code or status.
    missing: bool,
    condition: bool,
}

impl Failure {
    /// Nothing is there: the key, not the bucket.
    pub(crate) fn is_missing(&self) -> bool {
        self.missing
    }

    /// A condition of the request did not hold.
    pub(crate) fn is_condition(&self) -> bool {
        self.condition
    }

    pub(crate) fn into_error(self) -> Error {
        self.error
    }
}

/// The error of a request: `what` completes "cannot …", with the place in it.
pub(crate) fn failure<E>(error: &SdkError<E, HttpResponse>, what: &str) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let (missing, condition) = (false, false);
    let error = match error {
        SdkError::ServiceError(service) => {
            return refused(
                service.err().meta().code(),
                service.err().meta().message(),
                service.raw(),
                what,
            );
        }
        SdkError::TimeoutError(_) => Error::new(
            ErrorKind::Timeout,
            format!("cannot {what}: no connection or no answer in time"),
        )
        .with_applied(Applied::Unknown),
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => not_sent(error, what),
        SdkError::ResponseError(_) => Error::new(
            ErrorKind::Unavailable,
            format!("cannot {what}: the answer broke off or makes no sense"),
        )
        .with_applied(Applied::Unknown)
        .caused_by(error),
        _ => Error::new(ErrorKind::Internal, format!("cannot {what}")).caused_by(error),
    };
    Failure {
        error,
        missing,
        condition,
    }
}

/// The server answered with an error.
fn refused(code: Option<&str>, message: Option<&str>, raw: &HttpResponse, what: &str) -> Failure {
    let status = raw.status().as_u16();
    let message = message.unwrap_or_default();
    let row = find(code, status, message);
    let shown = match code {
        Some(code) => format!("{status} {code}"),
        None => status.to_string(),
    };
    let (kind, retryable, scope, advice) = match row {
        Some(row) => (row.kind, row.retryable, row.scope, row.advice),
        None if status >= 500 => (
            ErrorKind::Unavailable,
            true,
            Scope::Store,
            "the server failed",
        ),
        None => (
            ErrorKind::InvalidConfig,
            false,
            Scope::Store,
            "the server refuses the request",
        ),
    };
    let mut text = format!("cannot {what}: {advice} (the server says {shown}");
    if !message.is_empty() {
        // Bounded: what a server says is not trusted.
        let said: String = message
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect();
        text.push_str(": ");
        text.push_str(&said);
    }
    text.push(')');
    let mut error = Error::new(kind, text)
        .retryable(retryable)
        .with_scope(scope);
    // An error of the server itself may come after the write.
    if status >= 500 && kind != ErrorKind::Throttled || kind == ErrorKind::Timeout || status == 200
    {
        error = error.with_applied(Applied::Unknown);
    }
    if let Some(after) = retry_after(raw) {
        error = error.with_retry_after(after);
    }
    Failure {
        error,
        missing: kind == ErrorKind::NotFound,
        condition: status == 412 || code == Some("PreconditionFailed"),
    }
}

/// The row for an answer.
pub(crate) fn find(code: Option<&str>, status: u16, message: &str) -> Option<&'static Row> {
    // Garage has no code of its own for this.
    if message.to_ascii_lowercase().contains("payload signature") {
        return TABLE.get(SIGNED_BODY);
    }
    let by_code = code.and_then(|code| TABLE.iter().find(|row| row.codes.contains(&code)));
    by_code.or_else(|| TABLE.iter().find(|row| row.statuses.contains(&status)))
}

/// The longest that a server is believed to want to be left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

fn retry_after(raw: &HttpResponse) -> Option<Duration> {
    let headers = raw.headers();
    let seconds = headers
        .get("retry-after")
        .and_then(|text| text.trim().parse().ok());
    let millis = headers
        .get("x-amz-retry-after")
        .and_then(|text| text.trim().parse().ok());
    let after = seconds
        .map(Duration::from_secs)
        .or(millis.map(Duration::from_millis))?;
    Some(after.min(LONGEST_WAIT))
}

/// Nothing was answered, and maybe nothing sent.
fn not_sent<E>(error: &SdkError<E, HttpResponse>, what: &str) -> Error
where
    E: std::error::Error + 'static,
{
    let mut text = String::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(credentials) = cause.downcast_ref::<CredentialsError>() {
            return without_keys(credentials, what).caused_by(error);
        }
        text = cause.to_string();
        next = cause.source();
    }
    if text.contains("certificate") {
        return Error::new(
            ErrorKind::InvalidConfig,
            format!("cannot {what}: the server's certificate is not trusted; name its authority in tls.ca_file"),
        )
        .caused_by(error);
    }
    let (kind, why) = match error {
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (ErrorKind::Timeout, "no connection in time")
        }
        SdkError::ConstructionFailure(_) => (
            ErrorKind::InvalidConfig,
            "the request cannot be made; check endpoint_url, region and bucket",
        ),
        _ => (
            ErrorKind::Unavailable,
            "the server cannot be reached or hung up",
        ),
    };
    let error_of = Error::new(kind, format!("cannot {what}: {why}")).caused_by(error);
    match kind {
        ErrorKind::InvalidConfig => error_of,
        _ => error_of.with_applied(Applied::Unknown),
    }
}

fn without_keys(error: &CredentialsError, what: &str) -> Error {
    match error {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "cannot {what}: there are no AWS credentials; set access_key_id and secret_access_key, or give this process a profile or role"
                ),
            )
        }
        _ => Error::new(
            ErrorKind::Unavailable,
            format!("cannot {what}: the AWS credentials cannot be had now"),
        ),
    }
}

/// No answer within the time for one request.
pub(crate) fn too_slow(what: &str, limit: Duration) -> Error {
    let limit = socorro_core::options::HumanDuration(limit);
    Error::new(
        ErrorKind::Timeout,
        format!("cannot {what}: no answer within request_timeout = \"{limit}\""),
    )
    .with_applied(Applied::Unknown)
}
