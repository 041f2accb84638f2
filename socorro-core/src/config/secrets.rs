//! Where secrets come from: `{ env = "NAME" }`, `{ file = "/path" }`, `{ credential = "name" }`.

use std::ffi::OsString;
use std::fmt;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::class::Class;
use super::error::Wrong;
use super::file;
use super::tree::{Kind, Node};

const SIZE_LIMIT: u64 = 64 * 1024;

/// Where a secret is to be found. Shows itself, because it is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        match reference {
            SecretRef::Env(name) => from_variable(name),
            SecretRef::File(path) => from_file(path),
            SecretRef::Credential(name) => {
                let wrong = |why: String| Wrong::new(Class::SecretCredential, why);
                let directory = self.credentials.as_deref().ok_or_else(|| {
                    wrong("there is no credentials directory; set LoadCredential= in the systemd unit".to_owned())
                })?;
                let one_part = Path::new(name).file_name() == Some(name.as_ref());
                if !one_part {
                    return Err(wrong(format!("{name:?} is no name of a credential")));
                }
                from_file(&directory.join(name))
            }
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

fn from_file(path: &Path) -> Result<Zeroizing<String>, Wrong> {
    let wrong = |class, why: &str| {
        let why = format!("the secret file {} {why}", path.display());
        Wrong::new(class, why)
    };
    let in_file = |why: &str| wrong(Class::SecretFile, why);
    let (bytes, metadata) =
        file::read(path, SIZE_LIMIT).map_err(|wrong| in_file(&wrong.message))?;
    let bytes = Zeroizing::new(bytes);
    check_access(path, &metadata).map_err(|why| wrong(Class::SecretWritable, &why))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| in_file("is not UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(in_file("is empty"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// A file that others can write is no secret of ours; one that others can read may be so mounted into a
/// container, which is worth a warning.
#[cfg(unix)]
fn check_access(path: &Path, metadata: &Metadata) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(format!(
            "can be written by others (mode {:04o}); chmod go-w it",
            mode & 0o7777
        ));
    }
    if mode & 0o004 != 0 {
        tracing::warn!(path = %path.display(), "others can read this secret file; chmod o-r it");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_access(_: &Path, _: &Metadata) -> Result<(), String> {
    Ok(())
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
