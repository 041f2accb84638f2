//! What interrupted processes left behind.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use socorro_core::crash::StoredId;
use socorro_core::error::Result;

use super::parts::dump_files;
use super::save::writing;
use super::{Claim, INCOMING, REPLACE, Store};
use crate::disk::{Dir, Kind, ignore_missing};
use crate::failure::At;
use crate::layout::names;

/// Links that lead to no crash are removed once they are so old.
pub(crate) const DANGLING: Duration = Duration::from_secs(24 * 3600);

/// What a sweep found to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Interrupted saves whose leftovers were removed.
    pub interrupted: usize,
    /// Replacements that were finished.
    pub replacements: usize,
    /// Links of the date tree that led to no crash.
    pub links: usize,
}

impl Store {
    /// Puts in order what saves that were cut short left: at once what was committed, after `age` what was
    /// not. Looks at no more than `links` links of the date tree.
    pub(crate) fn sweep(&self, age: Duration, links: usize) -> Result<Swept> {
        Ok(Swept {
            replacements: self.sweep_replacements(age)?,
            interrupted: self.sweep_incoming(age)?,
            links: self.sweep_links(links)?,
        })
    }

    /// Under the claim of an id whose last writer did not finish: finishes or removes what it began.
    pub(crate) fn recover(&self, claim: &Claim<'_>) -> Result<()> {
        claim.empty();
        self.roll_forward(claim)?;
        self.remove_leftovers(claim.id())?;
        self.remove_strays(claim.id())
    }

    /// Removes dumps and links without a raw crash from where the id is written.
    fn remove_strays(&self, id: &StoredId) -> Result<()> {
        let Ok(place) = writing(id) else {
            return Ok(());
        };
        let Some(dir) = self.find_dir(&place.dir)? else {
            return Ok(());
        };
        let raw = names::raw(id.as_str());
        if dir.meta(&raw).at("look at", dir.path())?.is_some() {
            return Ok(());
        }
        for file in dump_files(&dir, id)? {
            ignore_missing(self.disk().unlink(&dir, &file)).at("remove", &dir.join(&file))?;
        }
        self.unlink_both(id, &place)?;
        // Before the claim that tells of them is gone.
        dir.sync(self.disk()).at("sync directory", dir.path())
    }

    fn sweep_incoming(&self, age: Duration) -> Result<usize> {
        let Some(incoming) = self.find_dir(INCOMING)? else {
            return Ok(0);
        };
        let mut old = BTreeSet::new();
        for entry in incoming.entries().at("read", INCOMING)? {
            let name = entry.at("read", INCOMING)?.name;
            let meta = incoming.meta(&name).at("look at", INCOMING)?;
            if meta.is_some_and(|meta| self.is_older(meta.modified_at(), age)) {
                let id = name.split_once('.').map_or(name.as_str(), |(id, _)| id);
                old.extend(id.parse::<StoredId>());
            }
        }
        let mut swept = 0;
        for id in old {
            let claim = self.try_claim(&id)?;
            if let Some(claim) = &claim {
                // A power loss left staged files and took the claim.
                self.recover(claim)?;
            }
            if claim.is_some() || !self.is_claimed(&id)? {
                swept += 1;
            }
        }
        Ok(swept)
    }

    fn is_claimed(&self, id: &StoredId) -> Result<bool> {
        let path = format!("{INCOMING}/{}", names::raw(id.as_str()));
        Ok(self.root.find_file(&path).at("look at", &path)?.is_some())
    }

    fn sweep_replacements(&self, age: Duration) -> Result<usize> {
        let Some(logs) = self.find_dir(REPLACE)? else {
            return Ok(0);
        };
        let mut swept = 0;
        for id in ids(&logs)? {
            // Whoever holds the claim is doing this very thing.
            drop(self.try_claim(&id)?);
            if !self.has_log(&id)? {
                swept += 1;
            }
        }
        for entry in logs.entries().at("read", REPLACE)? {
            let entry = entry.at("read", REPLACE)?;
            let id = entry
                .name
                .split_once('.')
                .and_then(|(id, _)| id.parse().ok());
            let dir = logs.find_dir(&entry.name).at("open", REPLACE)?;
            if let (Some(id), Some(dir)) = (id, dir)
                && self.is_older(dir.modified().at("look at", REPLACE)?, age)
                && let Some(claim) = self.try_claim(&id)?
            {
                self.remove_leftovers(claim.id())?;
            }
        }
        Ok(swept)
    }

    fn sweep_links(&self, most: usize) -> Result<usize> {
        let mut swept = 0;
        let mut seen = 0;
        self.walk_dates(|link| {
            seen += 1;
            if seen > most {
                return Ok(ControlFlow::Break(()));
            }
            if let Ok(id) = link.name.parse::<StoredId>()
                && !self.is_below(&id, link.base)?
                && self.remove_dangling(link.dir, link.name)?
            {
                swept += 1;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(swept)
    }

    /// Removes a link that leads to no crash, if it is too old to belong to a save at work.
    pub(crate) fn remove_dangling(&self, dir: &Dir, name: &str) -> Result<bool> {
        let path = dir.join(name);
        let Some(meta) = dir.meta(name).at("look at", &path)? else {
            return Ok(false);
        };
        let age = self.now().duration_since(meta.modified_at());
        if meta.kind != Kind::Link || age.unwrap_or_default() < DANGLING {
            return Ok(false);
        }
        ignore_missing(self.disk().unlink(dir, name)).at("remove link", &path)
    }

    fn is_older(&self, then: SystemTime, age: Duration) -> bool {
        self.now()
            .duration_since(then)
            .is_ok_and(|since| since >= age)
    }
}

fn ids(dir: &Dir) -> Result<Vec<StoredId>> {
    let mut ids = Vec::new();
    for entry in dir.entries().at("read", dir.path())? {
        ids.extend(entry.at("read", dir.path())?.name.parse::<StoredId>());
    }
    Ok(ids)
}
