//! Checks of what plugins answer: nothing is believed that can be checked.

use std::path::{Component, Path};

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::crash::{Dump, Dumps};
use crate::error::Result;
use crate::plugin::wire::broken;
use crate::storage::{Catalog, ListPage, ListRequest};

/// The largest JSON that is read where nothing tells how large it may be.
pub(super) const JSON: usize = 1024 * 1024;
/// An id in JSON has 36 characters and punctuation; twice that leaves room for white space.
const BYTES_PER_ID: usize = 128;

/// Reads JSON of at most `limit` bytes; nesting is bounded by the parser, at 128.
pub(super) fn json<T: DeserializeOwned>(data: &[u8], limit: usize, what: &str) -> Result<T> {
    if data.len() > limit {
        return Err(broken(format!(
            "it answered with {} bytes as {what}; at most {limit} are read",
            data.len()
        )));
    }
    serde_json::from_slice(data).map_err(|error| {
        broken(format!(
            "it answered with something that is no {what}: {error}"
        ))
    })
}

/// A catalog without a part that is there twice.
pub(super) fn catalog(data: &Bytes) -> Result<Catalog> {
    let catalog: Catalog = json(data, JSON, "catalog")?;
    let mut parts: Vec<_> = catalog.entries.iter().map(|entry| &entry.part).collect();
    parts.sort_unstable();
    match parts.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(catalog),
        Some(twice) => Err(broken(format!(
            "it answered with a catalog in which {} is there twice",
            twice[0]
        ))),
    }
}

/// A page that answers `request`: ascending, in the days asked for, after the cursor, not too long, and not
/// empty when more follow.
pub(super) fn page(data: &Bytes, request: &ListRequest) -> Result<ListPage> {
    let limit = JSON.saturating_add((request.limit as usize).saturating_mul(BYTES_PER_ID));
    let page: ListPage = json(data, limit, "page of a list")?;
    let wrong = |what: String| Err(broken(format!("it answered with a page of a list {what}")));
    if page.ids.len() > request.limit as usize {
        return wrong(format!(
            "of {} ids; at most {} were asked for",
            page.ids.len(),
            request.limit
        ));
    }
    if page.more && page.ids.is_empty() {
        return wrong("that is empty and says that more follow".to_owned());
    }
    let mut last = request.after.as_ref();
    for id in &page.ids {
        if !id
            .date()
            .is_some_and(|date| (request.from..=request.to).contains(&date))
        {
            return wrong(format!(
                "with {id}, which is not of the days {} to {}",
                request.from, request.to
            ));
        }
        if let Some(last) = last.filter(|last| *last >= id) {
            return wrong(format!("in which {id} comes after {last}"));
        }
        last = Some(id);
    }
    Ok(page)
}

/// Dumps in memory, every one.
pub(super) fn dumps_in_memory(dumps: Dumps) -> Result<Dumps> {
    for (name, dump) in dumps.iter() {
        if let Dump::File(_) = dump {
            return Err(broken(format!(
                "it answered with a file for the dump {name:?}, which was asked for in memory"
            )));
        }
    }
    Ok(dumps)
}

/// Dumps as files, every one in `directory`.
pub(super) fn dumps_as_files(dumps: Dumps, directory: &Path) -> Result<Dumps> {
    for (name, dump) in dumps.iter() {
        let inside = match dump {
            Dump::Bytes(_) => false,
            Dump::File(path) => path.strip_prefix(directory).is_ok_and(|rest| {
                let mut parts = rest.components();
                matches!(
                    (parts.next(), parts.next()),
                    (Some(Component::Normal(_)), None)
                )
            }),
        };
        if !inside {
            return Err(broken(format!(
                "it answered with a dump {name:?} that is no file in {}",
                directory.display()
            )));
        }
    }
    Ok(dumps)
}

#[cfg(test)]
mod tests;
