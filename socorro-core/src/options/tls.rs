//! How a connection is encrypted: the same options in every plugin that has a server.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};

/// The most bytes of a PEM file: the bundle of all public authorities has 0.25 MiB.
const LARGEST: u64 = 4 << 20;

/// Whom to trust and who to be on an encrypted connection. Whether a connection is encrypted is said by its URL.
///
/// All files are PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The certificates of the authorities to trust, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate with its chain, for servers that ask for one. Needs `key_file`.
    pub certificate_file: Option<PathBuf>,
    /// The private key of `certificate_file`, unencrypted.
    pub key_file: Option<PathBuf>,
}

/// A client's certificate and key, PEM as they were in the files.
#[derive(Clone)]
pub struct Identity {
    /// The certificate with its chain.
    pub certificate: Vec<u8>,
    /// The private key.
    pub key: Vec<u8>,
}

impl Tls {
    /// The certificates of [`ca_file`](Self::ca_file), if it is given.
    ///
    /// `InvalidConfig` when the file cannot be read or is larger than 4 MiB. Blocks on the local disk.
    pub fn ca(&self) -> Result<Option<Vec<u8>>> {
        self.ca_file
            .as_deref()
            .map(|path| read("ca_file", path))
            .transpose()
    }

    /// The client's certificate and key, if they are given.
    ///
    /// `InvalidConfig` when one is given without the other, or as for [`ca`](Self::ca).
    pub fn identity(&self) -> Result<Option<Identity>> {
        match (&self.certificate_file, &self.key_file) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Identity {
                certificate: read("certificate_file", certificate)?,
                key: read("key_file", key)?,
            })),
            (Some(_), None) => Err(alone("certificate_file", "key_file")),
            (None, Some(_)) => Err(alone("key_file", "certificate_file")),
        }
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

fn alone(given: &str, missing: &str) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!("tls.{given} is given without tls.{missing}; give both or neither"),
    )
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>> {
    let wrong = |why: String| {
        Error::new(
            ErrorKind::InvalidConfig,
            format!("tls.{option} = {}: {why}", path.display()),
        )
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| wrong(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(wrong("is larger than 4 MiB, so it is no PEM file".into()));
    }
    Ok(bytes)
}
