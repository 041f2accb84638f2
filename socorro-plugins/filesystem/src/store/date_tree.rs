//! Walking the date trees: every link of a new crash, the oldest slot first.

use std::ops::ControlFlow;

use socorro_core::error::Result;

use super::Store;
use crate::disk::{Dir, Kind};
use crate::failure::At;
use crate::layout::slot::{is_hour, is_slot};

/// A link found in the date tree; its name may or may not be an id.
pub(crate) struct Link<'a> {
    /// The day's directory.
    pub(crate) base: &'a str,
    /// The directory the link is in.
    pub(crate) dir: &'a Dir,
    pub(crate) name: &'a str,
}

impl Store {
    /// Calls `visit` with each link until it breaks. Holds the names of one directory of directories at a
    /// time, and of links none.
    pub(crate) fn walk_dates(
        &self,
        mut visit: impl FnMut(Link<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        for base in days_in_order(self.bases()?) {
            let Some(hours) = self.find_dir(&format!("{base}/date"))? else {
                continue;
            };
            for hour in sub_dirs(&hours, is_hour)? {
                let Some(slots) = hours.find_dir(&hour).at("open", &hours.join(&hour))? else {
                    continue;
                };
                for slot in sub_dirs(&slots, is_slot)? {
                    let Some(slot) = slots.find_dir(&slot).at("open", &slots.join(&slot))? else {
                        continue;
                    };
                    if self.walk_slot(&base, &slot, true, &mut visit)?.is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// A directory inside a slot, one for each web server in old trees, is visited like the slot.
    fn walk_slot(
        &self,
        base: &str,
        dir: &Dir,
        deeper: bool,
        visit: &mut impl FnMut(Link<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        for entry in dir.entries().at("read", dir.path())? {
            let entry = entry.at("read", dir.path())?;
            let flow = match entry.kind {
                Kind::Link => visit(Link {
                    base,
                    dir,
                    name: &entry.name,
                })?,
                Kind::Dir if deeper => {
                    let path = dir.join(&entry.name);
                    match dir.find_dir(&entry.name).at("open", &path)? {
                        Some(inner) => self.walk_slot(base, &inner, false, visit)?,
                        None => ControlFlow::Continue(()),
                    }
                }
                _ => ControlFlow::Continue(()),
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Whole dates ascending, then the recycled days of the month, whose age their name does not say.
fn days_in_order(mut bases: Vec<String>) -> Vec<String> {
    bases.sort_unstable_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
    bases
}

fn sub_dirs(dir: &Dir, wanted: fn(&str) -> bool) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in dir.entries().at("read", dir.path())? {
        let entry = entry.at("read", dir.path())?;
        if entry.kind == Kind::Dir && wanted(&entry.name) {
            names.push(entry.name);
        }
    }
    names.sort_unstable();
    Ok(names)
}
