//! Remembers the hash of a file that did not change, so that a reload need not read it again.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::ImageHash;

/// A file system's clock may be so coarse that two writes carry one time. What changed more recently is not
/// remembered, because a second change could not be seen.
const SETTLED: Duration = Duration::from_secs(5);

/// Hashes by what the file system says of a file. The time of its last change cannot be set back, whereas
/// the time of its last modification can.
#[derive(Default)]
pub(super) struct Memo {
    hashes: Mutex<BTreeMap<(u64, u64), (Stamp, ImageHash)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Memo {
    /// The hash, if the file has not changed since it was remembered.
    pub(super) fn get(&self, metadata: &Metadata) -> Option<ImageHash> {
        let hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        let (stamp, hash) = hashes.get(&(metadata.dev(), metadata.ino()))?;
        (*stamp == Stamp::of(metadata)).then_some(*hash)
    }

    /// Remembers the hash of a file whose metadata was taken before it was read, unless it changed so
    /// recently before `now` that another change would go unseen.
    pub(super) fn put(&self, metadata: &Metadata, hash: ImageHash, now: SystemTime) {
        let Ok(seconds) = u64::try_from(metadata.ctime()) else {
            return;
        };
        let settled = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + SETTLED;
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        if now > settled {
            let file = (metadata.dev(), metadata.ino());
            hashes.insert(file, (Stamp::of(metadata), hash));
        }
    }
}

#[cfg(test)]
mod tests;
