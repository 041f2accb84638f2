use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

/// The user metadata of an object.
pub(crate) type Metadata = HashMap<String, String>;

/// One object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) etag: String,
    pub(crate) metadata: Metadata,
    pub(crate) crc32: Option<String>,
    pub(crate) sse: Option<String>,
    pub(crate) storage_class: Option<String>,
    pub(crate) modified: SystemTime,
}

/// An upload in parts that is neither completed nor aborted.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// All but the bytes and the ETag.
    pub(crate) shell: Object,
    pub(crate) parts: BTreeMap<i32, (String, Bytes)>,
}

/// What is stored, behind one lock: whatever reads and writes does both under it.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<State>);

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) buckets: BTreeMap<String, BTreeMap<String, Object>>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) uploads_ever: u64,
}

impl Shelf {
    pub(crate) fn with_bucket(bucket: &str) -> Self {
        let shelf = Self::default();
        shelf
            .lock()
            .buckets
            .insert(bucket.to_owned(), BTreeMap::new());
        shelf
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
