//! Is what is stored what is to be saved? Compared in pieces, never brought into memory whole.

use std::fs::File;
use std::io::{self, Read};

use socorro_core::crash::{Dump, Dumps, RawCrash, StoredId};
use socorro_core::error::Result;

use super::find::Found;
use super::{Store, stage};
use crate::failure::At;

const PIECE: usize = 64 * 1024;

impl Store {
    /// Are the raw crash and the whole set of dumps the same, byte for byte?
    pub(crate) fn same(
        &self,
        found: &Found,
        id: &StoredId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<bool> {
        let parts = self.parts(found, id)?;
        if !parts.dumps.iter().map(|part| &part.name).eq(dumps.names()) {
            return Ok(false);
        }
        let stored = found.raw.try_clone().at("open", &found.place.dir)?;
        if !equals_bytes(stored, raw.as_bytes()).at("read", &found.place.dir)? {
            return Ok(false);
        }
        for (part, (name, dump)) in parts.dumps.iter().zip(dumps.iter()) {
            let path = part.path();
            let Some(stored) = self.root.find_file(&path).at("open", &path)? else {
                return Ok(false);
            };
            let equal = match dump {
                Dump::Bytes(bytes) => equals_bytes(stored, bytes),
                Dump::File(given) => equals_file(stored, stage::open_dump(name, given)?.0),
            };
            if !equal.at("read", &path)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn equals_bytes(mut stored: File, bytes: &[u8]) -> io::Result<bool> {
    if stored.metadata()?.len() != bytes.len() as u64 {
        return Ok(false);
    }
    let mut piece = vec![0; PIECE.min(bytes.len().max(1))];
    let mut rest = bytes;
    loop {
        let length = stored.read(&mut piece)?;
        let Some((start, tail)) = rest.split_at_checked(length) else {
            return Ok(false);
        };
        if piece.get(..length) != Some(start) {
            return Ok(false);
        }
        if length == 0 {
            return Ok(rest.is_empty());
        }
        rest = tail;
    }
}

fn equals_file(mut stored: File, mut given: File) -> io::Result<bool> {
    if stored.metadata()?.len() != given.metadata()?.len() {
        return Ok(false);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    loop {
        ours.clear();
        theirs.clear();
        (&mut stored).take(PIECE as u64).read_to_end(&mut ours)?;
        (&mut given).take(PIECE as u64).read_to_end(&mut theirs)?;
        if ours != theirs {
            return Ok(false);
        }
        if ours.is_empty() {
            return Ok(true);
        }
    }
}
