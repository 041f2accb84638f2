//! The processed crash: `ID.jsonz`, gzip, replaced in one step.

use std::fs::File;
use std::io::{Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};
use socorro_core::crash::{CrashId, ProcessedCrash, StoredId};
use socorro_core::error::{Error, ErrorKind, Result};

use super::save::writing;
use super::{Store, not_found, stage};
use crate::failure::{At, maybe_applied};
use crate::layout::names;

/// The most bytes a stored document may inflate to; a few kilobytes can claim to be terabytes.
const INFLATED_SIZE: u64 = 1 << 28;

impl Store {
    /// Saves a processed crash; durable when it returns.
    pub(crate) fn save_processed(&self, id: &CrashId, processed: &ProcessedCrash) -> Result<()> {
        let id = StoredId::from(id);
        let place = writing(&id)?;
        let name = names::processed(id.as_str());
        let deflated = deflate(processed.as_bytes())?;
        let mut claim = self.claim(&id)?;
        let incoming = claim.stage();
        let staged = stage::stage_bytes(self.disk(), &incoming, &name, &deflated)?;
        self.disk().sync_file(&staged).at("sync", &staged.path)?;
        let mut replaced = false;
        let put = self.dirs.within(&place.dir, |dir| {
            replaced = dir.meta(&name)?.is_some();
            self.disk().rename(&incoming, &name, dir, &name)
        });
        let dir = put.at("put into place in", &place.dir)?;
        claim.placed();
        self.sync(&dir).map_err(|error| {
            // The document before it is gone, so the new one, which is whole, stays in its place.
            if !replaced && self.disk().unlink(&dir, &name).is_ok() {
                return error;
            }
            maybe_applied(error)
        })
    }

    /// The processed crash, wherever it lies.
    pub(crate) fn get_processed(&self, id: &StoredId) -> Result<ProcessedCrash> {
        let (path, file) = self
            .find_processed(id)?
            .ok_or_else(|| not_found("the processed crash"))?;
        ProcessedCrash::from_stored(inflate(file, &path)?)
    }
}

/// No time and no name in the header: equal documents make equal files.
fn deflate(document: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::default());
    encoder
        .write_all(document)
        .and_then(|()| encoder.finish())
        .map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot compress the processed crash").caused_by(&error)
        })
}

fn inflate(file: File, path: &str) -> Result<Vec<u8>> {
    let mut document = Vec::new();
    let read = MultiGzDecoder::new(std::io::BufReader::new(file))
        .take(INFLATED_SIZE + 1)
        .read_to_end(&mut document);
    if let Err(error) = read {
        // What the decoder refuses carries no code of the operating system.
        if error.raw_os_error().is_some() {
            return Err(error).at("read", path);
        }
        let message = format!("{path} is not whole gzip data; save the processed crash again");
        return Err(Error::new(ErrorKind::Corrupt, message).caused_by(&error));
    }
    if document.len() as u64 > INFLATED_SIZE {
        return Err(Error::new(
            ErrorKind::Corrupt,
            format!(
                "{path} inflates to more than {INFLATED_SIZE} bytes, which no processed crash has"
            ),
        ));
    }
    Ok(document)
}
