//! Ids by day: one page at a time, in memory no more than one page.

use std::collections::BTreeSet;

use socorro_core::crash::{CrashDate, StoredId};
use socorro_core::error::Result;
use socorro_core::storage::{ListPage, ListRequest};

use super::Store;
use crate::disk::{Dir, Kind};
use crate::failure::At;
use crate::layout::{Place, Shape, names};

/// The most ids a page has, whatever is asked for.
const PAGE: usize = 10_000;
/// The deepest radix an id can have.
const DEEPEST: usize = 9;

/// The smallest ids seen that a page is to have, and one more to tell whether others follow.
struct Page<'a> {
    request: &'a ListRequest,
    room: usize,
    ids: BTreeSet<StoredId>,
}

impl Store {
    pub(crate) fn list(&self, request: &ListRequest) -> Result<ListPage> {
        let limit = usize::try_from(request.limit).unwrap_or(PAGE).min(PAGE);
        if limit == 0 {
            return Ok(ListPage::default());
        }
        let mut page = Page {
            request,
            room: limit + 1,
            ids: BTreeSet::new(),
        };
        let bases = self.bases()?;
        // A recycled directory may hold ids of any month, so those come before the first whole day counts.
        for base in bases.iter().filter(|base| base.len() == 2) {
            self.list_base(base, &mut page)?;
        }
        for base in bases.iter().filter(|base| base.len() == 8) {
            if CrashDate::from_compact(base).is_some_and(|day| page.wants_day(day)) {
                self.list_base(base, &mut page)?;
            }
        }
        let more = page.ids.len() > limit;
        Ok(ListPage {
            ids: page.ids.into_iter().take(limit).collect(),
            more,
        })
    }

    fn list_base(&self, base: &str, page: &mut Page<'_>) -> Result<()> {
        if let Some(names) = self.find_dir(&format!("{base}/name"))? {
            list_tree(&names, base, "", 0, page)?;
        }
        if let Some(raws) = self.find_dir(&format!("{base}/raw_crash"))? {
            list_files(&raws, base, Shape::Antenna, page)?;
        }
        Ok(())
    }
}

/// Lists a level of the tree. `prefix` is the beginning that all ids below share, as far as it is theirs.
fn list_tree(dir: &Dir, base: &str, prefix: &str, depth: usize, page: &mut Page<'_>) -> Result<()> {
    let mut deeper = Vec::new();
    for entry in dir.entries().at("read", dir.path())? {
        let entry = entry.at("read", dir.path())?;
        match entry.kind {
            Kind::File => {
                page.offer_file(&entry.name, base, dir.path(), Shape::Beside);
            }
            Kind::Dir if entry.name.len() == 2 && depth < DEEPEST => deeper.push(entry.name),
            Kind::Dir => {
                let wanted = entry.name.parse().is_ok_and(|id| page.wants(&id));
                if wanted && let Some(own) = dir.find_dir(&entry.name).at("open", dir.path())? {
                    list_files(&own, base, Shape::Own, page)?;
                }
            }
            Kind::Link | Kind::Other => {}
        }
    }
    deeper.sort_unstable();
    for name in deeper {
        let prefix = format!("{prefix}{name}");
        if page.wants_prefix(base, &prefix)
            && let Some(below) = dir.find_dir(&name).at("open", dir.path())?
        {
            list_tree(&below, base, &prefix, depth + 1, page)?;
        }
    }
    Ok(())
}

fn list_files(dir: &Dir, base: &str, shape: Shape, page: &mut Page<'_>) -> Result<()> {
    for entry in dir.entries().at("read", dir.path())? {
        let entry = entry.at("read", dir.path())?;
        if entry.kind == Kind::File {
            page.offer_file(&entry.name, base, dir.path(), shape);
        }
    }
    Ok(())
}

impl Page<'_> {
    /// Takes the id of a raw or processed crash, if reading it by that id would find it here.
    fn offer_file(&mut self, file: &str, base: &str, dir: &str, shape: Shape) {
        let Some(id) = names::crash_of(file).and_then(|text| text.parse::<StoredId>().ok()) else {
            return;
        };
        if !self.wants(&id)
            || !Place::bases(&id).is_some_and(|bases| bases.iter().any(|b| b == base))
        {
            return;
        }
        let antennas_processed = shape == Shape::Antenna && !file.ends_with(".json");
        let found = Place::reading(&id, base)
            .iter()
            .any(|place| place.shape == shape && place.dir == dir);
        if found && !antennas_processed {
            self.ids.insert(id);
            if self.ids.len() > self.room {
                self.ids.pop_last();
            }
        }
    }

    /// Would this id be on the page, as far as is known?
    fn wants(&self, id: &StoredId) -> bool {
        let Some(day) = id.date() else { return false };
        (self.request.from..=self.request.to).contains(&day)
            && self.request.after.as_ref().is_none_or(|after| id > after)
            && self.last().is_none_or(|last| id < last)
    }

    /// Can an id of this day be on it?
    fn wants_day(&self, day: CrashDate) -> bool {
        let date = |id: &StoredId| id.date();
        (self.request.from..=self.request.to).contains(&day)
            && self.request.after.as_ref().and_then(date) <= Some(day)
            && self.last().is_none_or(|last| Some(day) <= last.date())
    }

    /// Can an id of the day in `base` with this beginning be on it?
    fn wants_prefix(&self, base: &str, prefix: &str) -> bool {
        let Some(day) = CrashDate::from_compact(base) else {
            return true;
        };
        let beginning = |id: &StoredId| id.as_str().get(..prefix.len()).map(str::to_owned);
        let after = self.request.after.as_ref();
        let too_small = after
            .filter(|after| after.date() == Some(day))
            .is_some_and(|after| beginning(after).as_deref() > Some(prefix));
        let too_large = self
            .last()
            .filter(|last| last.date() == Some(day))
            .is_some_and(|last| beginning(last).as_deref() < Some(prefix));
        !too_small && !too_large
    }

    /// The last id of a page that is full.
    fn last(&self) -> Option<&StoredId> {
        if self.ids.len() < self.room {
            return None;
        }
        self.ids.last()
    }
}
