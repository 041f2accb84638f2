//! Options.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use socorro_core::error::{Error, ErrorKind, Result};
use socorro_core::options::{ByteSize, HumanDuration, Secret, Tls};

/// The least a part of an upload may have, but for the last: a rule of S3.
const SMALLEST_PART: u64 = 5 << 20;
/// The most a part may have here: parts are held in memory.
const LARGEST_PART: u64 = 512 << 20;
/// Leaves room in the 1024 bytes of a key for the longest name below a prefix.
const LONGEST_PREFIX: usize = 870;

/// Options of an S3 storage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    /// The bucket. It is never made by this plugin.
    pub bucket: String,
    /// The region that requests are signed for.
    #[serde(default = "us_east_1")]
    pub region: String,
    /// Where the server is, as in `https://s3.example.com:9000`; without it AWS in the region.
    #[serde(default)]
    pub endpoint_url: Option<String>,
    /// Puts the bucket into the path and not into the host name. By default true with an `endpoint_url`.
    #[serde(default)]
    pub force_path_style: Option<bool>,
    /// In front of every key, followed by a slash; none when empty.
    #[serde(default)]
    pub prefix: String,
    /// Further prefixes, the empty one among them, under which crashes are looked for by id when they are not
    /// under `prefix`. Nothing is written there; a delete deletes there too.
    #[serde(default)]
    pub older_prefixes: Vec<String>,
    /// The access key. Without it the usual AWS credentials are used: environment, profile, web identity,
    /// container, instance.
    #[serde(default)]
    pub access_key_id: Option<String>,
    /// The secret of `access_key_id`.
    #[serde(default)]
    pub secret_access_key: Option<Secret>,
    /// The session token that belongs to temporary keys.
    #[serde(default)]
    pub session_token: Option<Secret>,
    /// Whom to trust on an encrypted connection. Client certificates are not supported.
    #[serde(default)]
    pub tls: Tls,
    /// Server-side encryption that is asked for with each write.
    #[serde(default)]
    pub sse: Encryption,
    /// The KMS key for `sse = "aws_kms"`; without it the account's default key.
    #[serde(default)]
    pub kms_key_id: Option<String>,
    /// The storage class to write with, such as `STANDARD_IA`; without it the bucket's.
    #[serde(default)]
    pub storage_class: Option<String>,
    /// Whether requests carry additional checksums.
    #[serde(default)]
    pub checksums: Checksums,
    /// Whether writes may depend on nothing being there.
    #[serde(default)]
    pub conditional_writes: ConditionalWrites,
    /// Lists crashes of undated and of v2 keys too, and processed crashes that others saved. Each page then reads
    /// the names of all crashes.
    #[serde(default)]
    pub list_legacy: bool,
    /// A dump larger than this is uploaded in parts. At least `part_size`.
    #[serde(default = "mib_8")]
    pub multipart_threshold: ByteSize,
    /// The size of a part, 5MiB to 512MiB.
    #[serde(default = "mib_8")]
    pub part_size: ByteSize,
    /// Requests at the same time, at most; more wait.
    #[serde(default = "sixty_four")]
    pub max_connections: u16,
    /// An object larger than this is not read.
    #[serde(default = "gib_1")]
    pub max_object_size: ByteSize,
    /// How long a connection may take to be made.
    #[serde(default = "ten_seconds")]
    pub connect_timeout: HumanDuration,
    /// How long one request may take, its body included.
    #[serde(default = "a_minute")]
    pub request_timeout: HumanDuration,
}

/// Server-side encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// What the bucket does by itself.
    #[default]
    None,
    /// Keys of the server: `AES256`.
    Aes256,
    /// Keys of the key management service: `aws:kms`.
    AwsKms,
}

/// Whether requests carry additional checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Checksums {
    /// A CRC32 with each write, and a check of each read for which the server has one.
    #[default]
    WhenSupported,
    /// Only where S3 insists, for servers that refuse them.
    WhenRequired,
}

/// Whether writes may depend on nothing being there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConditionalWrites {
    /// When the server is found to honour them: tried with a probe object at the start.
    #[default]
    Auto,
    /// Never, and no probe.
    Never,
}

impl StorageConfig {
    /// # Errors
    /// `InvalidConfig` when no storage could work with these options.
    pub fn check(&self) -> Result<()> {
        if self.bucket.is_empty() || self.bucket.contains(['/', '?', '#']) {
            return Err(invalid("bucket is not the name of a bucket"));
        }
        for prefix in self.older_prefixes.iter().chain([&self.prefix]) {
            check_prefix(prefix)?;
        }
        if let Some(url) = &self.endpoint_url {
            check_url(url)?;
        }
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(_), None) => Err(invalid(
                "access_key_id is given without secret_access_key; give both or neither",
            )),
            (None, Some(_)) => Err(invalid(
                "secret_access_key is given without access_key_id; give both or neither",
            )),
            (None, None) if self.session_token.is_some() => Err(invalid(
                "session_token is given without access_key_id and secret_access_key",
            )),
            _ => Ok(()),
        }?;
        if self.kms_key_id.is_some() && self.sse != Encryption::AwsKms {
            return Err(invalid("kms_key_id needs sse = \"aws_kms\""));
        }
        if self.tls.identity()?.is_some() {
            return Err(invalid(
                "tls.certificate_file and tls.key_file are not supported by this plugin; S3 knows its clients by their keys",
            ));
        }
        if !(SMALLEST_PART..=LARGEST_PART).contains(&self.part_size.0) {
            return Err(invalid("part_size must be 5MiB to 512MiB"));
        }
        if self.multipart_threshold < self.part_size {
            return Err(invalid("multipart_threshold is less than part_size"));
        }
        if self.max_connections == 0 {
            return Err(invalid("max_connections must be at least 1"));
        }
        if self.connect_timeout.0.is_zero() || self.request_timeout.0.is_zero() {
            return Err(invalid(
                "connect_timeout and request_timeout must be longer than zero",
            ));
        }
        Ok(())
    }

    /// Whether the bucket is part of the path.
    pub(crate) fn path_style(&self) -> bool {
        self.force_path_style.unwrap_or(self.endpoint_url.is_some())
    }

    /// What to tell about a name that no wildcard certificate covers.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        (self.bucket.contains('.') && !self.path_style()).then_some(
            "the bucket's name has periods, which no wildcard certificate covers in a host name; set force_path_style = true",
        )
    }

    /// Where requests go, for messages.
    pub(crate) fn place(&self) -> String {
        match &self.endpoint_url {
            Some(url) => format!("bucket {} at {url}", self.bucket),
            None => format!("bucket {} in {}", self.bucket, self.region),
        }
    }
}

fn check_prefix(prefix: &str) -> Result<()> {
    if prefix.starts_with('/') || prefix.contains("//") || prefix.chars().any(char::is_control) {
        return Err(invalid(
            "a prefix starts with a slash, has two in a row, or has a control character",
        ));
    }
    // A path segment of dots is taken away by clients and proxies on the way.
    if prefix.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(invalid("a prefix has . or .. between slashes"));
    }
    if prefix.len() > LONGEST_PREFIX {
        return Err(invalid(&format!(
            "a prefix has more than {LONGEST_PREFIX} bytes; a key has 1024 in all"
        )));
    }
    Ok(())
}

fn check_url(url: &str) -> Result<()> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .ok_or_else(|| invalid("endpoint_url must start with https:// or http://"))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(invalid("endpoint_url has no host"));
    }
    if authority.contains('@') {
        return Err(invalid(
            "endpoint_url has a user or password; use access_key_id and secret_access_key",
        ));
    }
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(invalid("endpoint_url has white space in it"));
    }
    Ok(())
}

pub(crate) fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

fn us_east_1() -> String {
    "us-east-1".to_owned()
}

fn mib_8() -> ByteSize {
    ByteSize(8 << 20)
}

fn gib_1() -> ByteSize {
    ByteSize(1 << 30)
}

fn sixty_four() -> u16 {
    64
}

fn ten_seconds() -> HumanDuration {
    HumanDuration(Duration::from_secs(10))
}

fn a_minute() -> HumanDuration {
    HumanDuration(Duration::from_secs(60))
}
