//! What was read at one moment, so that it can be told whether it is something else at another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::class::Class;
use super::error::Wrong;
use super::fingerprint::fingerprint_of_text;
use super::fingerprints::SecretPrint;
use super::layers::Layers;
use super::secrets::{self, SecretRef, SecretSource, SystemSecrets};
use super::tree::{Kind, Node};
use super::{file, include};
use crate::step::Steps;

/// What a file said. Says nothing about what the file is called or when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Not a single byte, as a file is that somebody is about to write.
    Empty,
    /// These bytes, by their SHA-256.
    Bytes([u8; 32]),
    /// It is not there, too large, or else.
    Unreadable(Class),
    /// A directory, or a pattern in it, with the paths that this leads to, by their SHA-256.
    Paths {
        pattern: Option<String>,
        sha256: [u8; 32],
    },
    /// Passed over, because a pattern matches the file that it stands in.
    Itself,
}

impl Content {
    pub(crate) fn of<M>(read: &Result<(Zeroizing<Vec<u8>>, M), Wrong>) -> Self {
        match read {
            Ok((bytes, _)) if bytes.is_empty() => Self::Empty,
            Ok((bytes, _)) => Self::Bytes(Sha256::digest(bytes.as_slice()).into()),
            Err(wrong) => Self::Unreadable(wrong.class),
        }
    }

    /// Of a directory, or of a pattern in it.
    pub(crate) fn of_paths(pattern: Option<&str>, found: &Result<Vec<PathBuf>, Wrong>) -> Self {
        let paths = match found {
            Ok(paths) => paths,
            Err(wrong) => return Self::Unreadable(wrong.class),
        };
        let mut hash = Sha256::new();
        for path in paths {
            let path = path.as_os_str().as_encoded_bytes();
            hash.update(path.len().to_le_bytes());
            hash.update(path);
        }
        Self::Paths {
            pattern: pattern.map(str::to_owned),
            sha256: hash.finalize().into(),
        }
    }

    /// Would it be read the same at `path` now? No, when that cannot be said without reading everything. Blocks.
    fn is_still_at(&self, path: &Path, size_limit: u64) -> bool {
        let now = match self {
            Self::Empty | Self::Bytes(_) => Self::of(&file::read(path, size_limit)),
            Self::Paths { pattern, .. } => {
                let pattern = pattern.as_deref();
                let found = match pattern {
                    Some(pattern) => include::matches(path, pattern),
                    None => file::list_toml(path),
                };
                Self::of_paths(pattern, &found)
            }
            Self::Unreadable(_) | Self::Itself => return false,
        };
        now == *self
    }
}

/// Every file that was read, and what led to it, by the path by which it was read, in this order.
pub(crate) type Files = Vec<(PathBuf, Content)>;

/// Would layers that read these files read the same now, and the same secrets?
///
/// No, when that cannot be said without reading everything. Nothing is parsed: what is read is decided by what the
/// files say, and that is compared. Blocks.
pub(crate) fn reads_the_same<'a>(
    files: &Files,
    size_limit: u64,
    secrets: &SystemSecrets,
    mut prints: impl Iterator<Item = &'a SecretPrint>,
) -> bool {
    let is_still = |(path, content): &(PathBuf, Content)| content.is_still_at(path, size_limit);
    if !files.iter().all(is_still) {
        return false;
    }
    let secrets = secrets.reading();
    prints.all(|secret| {
        let now = secrets.read(&secret.reference).ok();
        let now = now.and_then(|now| fingerprint_of_text(&now).ok());
        now == Some(secret.fingerprint)
    })
}

/// Where [`Layers`] write down what they read. Clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<Mutex<Files>>);

impl Recorder {
    pub(crate) fn record(&self, path: &Path, content: Content) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.push((path.to_owned(), content));
    }

    /// What was read until now.
    pub(crate) fn take(&self) -> Files {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the files of some layers said at one moment, and the files of the secrets that they refer to. Two looks
/// are equal when a reload would read the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    files: Files,
    /// By reference; none when it cannot be read. Of a secret there is only its fingerprint.
    secrets: BTreeMap<SecretRef, Option<[u8; 32]>>,
}

impl Look {
    /// Reads everything, by content: whatever says when a file changed does not count. Blocks.
    pub(crate) fn take(layers: &Layers, secrets: &SystemSecrets) -> Self {
        let recorder = Recorder::default();
        let merged = layers.recorded_by(&recorder).merged(&Steps::default());
        let mut references = Vec::new();
        // Which secrets files refer to that cannot be read, nobody knows.
        for node in merged.iter().flat_map(|(root, _)| root.values()) {
            collect(node, &mut references);
        }
        let print = |reference: SecretRef| {
            let secret = secrets.glance(&reference);
            let print = secret.and_then(|secret| fingerprint_of_text(&secret).ok());
            (reference, print)
        };
        // Variables do not change under a program that only looks.
        references.retain(|reference| !matches!(reference, SecretRef::Env(_)));
        Self {
            files: recorder.take(),
            secrets: references.into_iter().map(print).collect(),
        }
    }

    /// Is there a file that said something at `before`, and says nothing now?
    pub(crate) fn lost_content_since(&self, before: &Self) -> bool {
        let said = |path| {
            let then = before.files.iter().find(|(then, _)| then == path);
            matches!(then, Some((_, Content::Bytes(_))))
        };
        self.files
            .iter()
            .any(|(path, content)| *content == Content::Empty && said(path))
    }

    /// Are these the same files with the same content?
    pub(crate) fn has_files(&self, files: &Files) -> bool {
        self.files == *files
    }

    /// Did each of these secrets say the same, as far as it was looked at?
    pub(crate) fn has_secrets<'a>(
        &self,
        mut secrets: impl Iterator<Item = &'a SecretPrint>,
    ) -> bool {
        secrets.all(|secret| {
            let seen = self.secrets.get(&secret.reference);
            seen.is_none_or(|seen| *seen == Some(secret.fingerprint))
        })
    }
}

/// The references to secrets anywhere below.
fn collect(node: &Node, references: &mut Vec<SecretRef>) {
    match (secrets::parse(node), &node.kind) {
        (Some(reference), _) => references.push(reference),
        (None, Kind::Table(table)) => table.values().for_each(|node| collect(node, references)),
        (None, Kind::List(items)) => items.iter().for_each(|node| collect(node, references)),
        // A variable or flag may have a whole table as its text.
        (None, Kind::Text(text)) => {
            if let Some(inline) = Node::parse_inline(text, &node.origin)
                && !matches!(inline.kind, Kind::Text(_))
            {
                collect(&inline, references);
            }
        }
        (None, _) => {}
    }
}

#[cfg(test)]
mod tests;
