//! Where a crash lies.

use std::fs::File;

use socorro_core::crash::StoredId;
use socorro_core::error::Result;

use super::Store;
use crate::disk::Kind;
use crate::failure::At;
use crate::layout::{Place, place};

/// A raw crash that is there, held open.
pub(crate) struct Found {
    pub(crate) place: Place,
    pub(crate) raw: File,
}

impl Store {
    /// The raw crash of `id`, wherever it lies.
    pub(crate) fn find(&self, id: &StoredId) -> Result<Option<Found>> {
        for place in self.places(id)? {
            let path = place.raw(id.as_str());
            if let Some(raw) = self.root.find_file(&path).at("open", &path)? {
                return Ok(Some(Found { place, raw }));
            }
        }
        Ok(None)
    }

    /// The raw crash of `id` below one day's directory.
    pub(crate) fn is_below(&self, id: &StoredId, base: &str) -> Result<bool> {
        for place in Place::reading(id, base) {
            let path = place.raw(id.as_str());
            if self.root.find_file(&path).at("open", &path)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The processed crash of `id`, wherever it lies.
    pub(crate) fn find_processed(&self, id: &StoredId) -> Result<Option<(String, File)>> {
        for place in self.places(id)? {
            let Some(path) = place.processed(id.as_str()) else {
                continue;
            };
            if let Some(file) = self.root.find_file(&path).at("open", &path)? {
                return Ok(Some((path, file)));
            }
        }
        Ok(None)
    }

    /// Every place of an id. One without a day lies in whichever day it was saved on.
    pub(crate) fn places(&self, id: &StoredId) -> Result<Vec<Place>> {
        let bases: Vec<String> = match Place::bases(id) {
            Some(bases) => bases.into(),
            None => self.bases()?,
        };
        let places = bases.iter().flat_map(|base| Place::reading(id, base));
        Ok(places.collect())
    }

    /// The days' directories, ascending by name.
    pub(crate) fn bases(&self) -> Result<Vec<String>> {
        let mut bases = Vec::new();
        for entry in self.root.entries().at("read", "")? {
            let entry = entry.at("read", "")?;
            if entry.kind == Kind::Dir && place::is_base(&entry.name) {
                bases.push(entry.name);
            }
        }
        bases.sort_unstable();
        Ok(bases)
    }
}
