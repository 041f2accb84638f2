//! One source at a time: an advisory lock on `.socorro/source.lock`, which the system ends with the process.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};

use socorro_core::error::Result;

use crate::failure::At;
use crate::store::Store;

const NAME: &str = "source.lock";
/// More than this is no line that a source wrote.
const HOLDER_SIZE: u64 = 256;

/// Who has the tree.
pub(crate) enum Held {
    Here,
    /// Another, as it describes itself.
    By(String),
}

/// The lock, until it is dropped.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, or says who holds it.
    pub(crate) fn take(store: &Store, owner: &str) -> Result<Result<Self, String>> {
        let dir = store.work_dir()?;
        let path = dir.join(NAME);
        let mut file = dir.lock_file(NAME).at("open", &path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Err(holder(&file))),
            Err(TryLockError::Error(error)) => return Err(error).at("lock", &path),
        }
        let line = format!("process {}, source {owner}\n", std::process::id());
        // For people only: whoever finds the lock taken is told by whom.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(line.as_bytes()));
        Ok(Ok(Self { _file: file }))
    }
}

fn holder(file: &File) -> String {
    let mut line = String::new();
    let _ = file.take(HOLDER_SIZE).read_to_string(&mut line);
    match line.trim() {
        "" => "a process that has not said which".to_owned(),
        line => line.to_owned(),
    }
}
