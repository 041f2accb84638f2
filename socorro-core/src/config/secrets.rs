//! Where secrets come from: `{ env = "NAME" }`, `{ file = "/path" }`, `{ credential = "name" }`.
//!
//! Where a secret is in clear, and for how long:
//!
//! 1. *Where it was put.* A file and a credential are the system's. A variable stays in the environment of this
//!    process for its whole life, which no reload changes and nobody can wipe.
//! 2. *Read* into memory that is wiped when it is dropped, as is every copy that the check of options makes.
//! 3. *Resolved* options hold it until the instance is open, and while its backend is away and is probed
//!    (`start = "degraded"`); then they are dropped and wiped. What remains for the next reload to compare is a
//!    hash under a key that this process made up.
//! 4. *Handed to the plugin* as JSON text, wiped on both sides when the call returns. Not wiped is what a parser
//!    copies on the way: a text with escapes in it, and the fields of flattened or untagged tables.
//! 5. *In the plugin*, a [`Secret`](crate::options::Secret) wipes itself. What a client library copies out of it is
//!    that library's.
//!
//! What somebody wrote in plain text by mistake is refused, masked in messages, and wiped where it is the text of
//! a file; as a variable or a flag it is in memory that others can look at anyway.

#[cfg(unix)]
mod access;
mod file;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::class::Class;
use super::error::Wrong;
use super::tree::{Kind, Node};

/// Where a secret is to be found. Shows itself, because it is no secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretRef {
    /// `{ env = "NAME" }`: a variable of this process.
    Env(String),
    /// `{ file = "/path" }`: a file, without the line end it may have.
    File(PathBuf),
    /// `{ credential = "name" }`: a file in systemd's `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "{{ env = {name:?} }}"),
            Self::File(path) => write!(f, "{{ file = {path:?} }}"),
            Self::Credential(name) => write!(f, "{{ credential = {name:?} }}"),
        }
    }
}

/// Reads secrets. A program can bring its own, for a vault.
pub trait SecretSource {
    /// The secret that `reference` leads to, wiped from memory when it is dropped. May block on files.
    ///
    /// A message that says what to do, without the secret; of class [`Class::SecretUnavailable`] unless another
    /// fits.
    fn read(&self, reference: &SecretRef) -> Result<Zeroizing<String>, Wrong>;
}

/// Secrets from variables and files, read anew each time.
#[derive(Clone, Debug, Default)]
pub struct SystemSecrets {
    credentials: Option<PathBuf>,
}

impl SystemSecrets {
    /// With the credentials directory that systemd gave this process, if it did.
    pub fn from_process() -> Self {
        Self {
            credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
        }
    }

    /// With this credentials directory.
    pub fn with_credentials(directory: impl Into<PathBuf>) -> Self {
        Self {
            credentials: Some(directory.into()),
        }
    }
}

impl SecretSource for SystemSecrets {
    fn read(&self, reference: &SecretRef) -> Result<Zeroizing<String>, Wrong> {
        self.reading().read(reference)
    }
}

/// One reading of several secrets at one moment.
pub(crate) struct Reading<'a> {
    secrets: &'a SystemSecrets,
    directories: file::Directories,
}

impl SecretSource for Reading<'_> {
    fn read(&self, reference: &SecretRef) -> Result<Zeroizing<String>, Wrong> {
        match reference {
            SecretRef::Env(name) => from_variable(name),
            SecretRef::File(path) => file::read(path, &self.directories),
            SecretRef::Credential(name) => {
                file::read(&self.secrets.credential(name)?, &self.directories)
            }
        }
    }
}

impl SystemSecrets {
    /// For several secrets one after another: a directory that many lie in is looked at once. Not to be kept.
    pub(crate) fn reading(&self) -> Reading<'_> {
        Reading {
            secrets: self,
            directories: file::Directories::default(),
        }
    }

    fn credential(&self, name: &str) -> Result<PathBuf, Wrong> {
        let wrong = |why: String| Wrong::new(Class::SecretCredential, why);
        let directory = self.credentials.as_deref().ok_or_else(|| {
            wrong(
                "there is no credentials directory; set LoadCredential= in the systemd unit"
                    .to_owned(),
            )
        })?;
        let one_part = Path::new(name).file_name() == Some(name.as_ref());
        if !one_part {
            return Err(wrong(format!("{name:?} is no name of a credential")));
        }
        Ok(directory.join(name))
    }

    /// What a file or credential says at the moment, if it can be read, without looking at who else may change
    /// it: to tell whether it changed. Variables do not change. Blocks.
    pub(crate) fn glance(&self, reference: &SecretRef) -> Option<Zeroizing<String>> {
        match reference {
            SecretRef::Env(_) => None,
            SecretRef::File(path) => file::glance(path),
            SecretRef::Credential(name) => file::glance(&self.credential(name).ok()?),
        }
    }
}

fn from_variable(name: &str) -> Result<Zeroizing<String>, Wrong> {
    let wrong = |why: String| Wrong::new(Class::SecretVariable, why);
    // `var_os` would do something undefined on some systems with such names.
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(wrong(format!("{name:?} is no name of a variable")));
    }
    let value = std::env::var_os(name)
        .ok_or_else(|| wrong(format!("the environment variable {name} is not set")))?;
    let value = value
        .into_string()
        .map(Zeroizing::new)
        .map_err(|value: OsString| {
            drop(Zeroizing::new(value.into_encoded_bytes()));
            wrong(format!("the environment variable {name} is not UTF-8"))
        })?;
    if value.is_empty() {
        return Err(wrong(format!("the environment variable {name} is empty")));
    }
    Ok(value)
}

/// Is this a table with exactly one of the keys of a reference, and a string there?
pub(crate) fn is_reference(node: &Node) -> bool {
    parse(node).is_some()
}

/// The reference that `node` is.
pub(crate) fn parse(node: &Node) -> Option<SecretRef> {
    let Kind::Table(table) = &node.kind else {
        return None;
    };
    let mut entries = table.iter();
    let (Some((scheme, value)), None) = (entries.next(), entries.next()) else {
        return None;
    };
    let (Kind::Text(text) | Kind::String(text)) = &value.kind else {
        return None;
    };
    match scheme.as_str() {
        "env" => Some(SecretRef::Env(text.clone())),
        "file" => Some(SecretRef::File(PathBuf::from(text))),
        "credential" => Some(SecretRef::Credential(text.clone())),
        _ => None,
    }
}
