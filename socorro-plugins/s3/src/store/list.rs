//! Ids by day.
//!
//! The keys of a day follow each other, so its pages cost as many requests as it has thousands of raw crashes, and
//! one more each for processed crashes without a raw crash. A range of days is read as one.

use std::collections::BTreeSet;

use socorro_core::crash::StoredId;
use socorro_core::error::Result;
use socorro_core::storage::{ListPage, ListRequest};

use super::{Layout, Store};
use crate::layout::{id_at_end, id_of_day};

/// The most keys that one request lists.
const KEYS: usize = 1000;

/// The first ids that a request asks for, and whether more follow.
struct Ids {
    ids: BTreeSet<StoredId>,
    limit: usize,
    more: bool,
}

impl Ids {
    fn of(request: &ListRequest) -> Self {
        Self {
            ids: BTreeSet::new(),
            limit: request.limit as usize,
            more: false,
        }
    }

    fn add(&mut self, id: StoredId) {
        self.ids.insert(id);
        if self.ids.len() > self.limit {
            self.ids.pop_last();
            self.more = true;
        }
    }

    fn is_full(&self) -> bool {
        self.ids.len() >= self.limit
    }

    fn page(self) -> ListPage {
        ListPage {
            more: self.more && !self.ids.is_empty(),
            ids: self.ids.into_iter().collect(),
        }
    }
}

impl Store {
    pub(crate) async fn list(&self, request: &ListRequest) -> Result<ListPage> {
        let mut ids = Ids::of(request);
        if request.from > request.to || request.limit == 0 {
            return Ok(ids.page());
        }
        if self.list_legacy {
            for layout in self.layouts() {
                self.add_all(layout, request, &mut ids).await?;
            }
            return Ok(ids.page());
        }
        let (raws, markers) = tokio::join!(
            self.dated(self.layout.dated_raws(), request),
            self.dated(self.layout.markers(), request)
        );
        for some in [raws?, markers?] {
            ids.more |= some.more;
            // The ids of one that has more are complete up to its last, and so must the page be.
            some.ids.into_iter().for_each(|id| ids.add(id));
        }
        Ok(ids.page())
    }

    /// The ids in keys `{prefix}YYYYMMDD/ID`.
    async fn dated(&self, prefix: String, request: &ListRequest) -> Result<Ids> {
        let mut ids = Ids::of(request);
        let (from, to) = (request.from.compact(), request.to.compact());
        let one_day = from == to;
        // Both days begin like this, and so do all between them.
        let shared: String = from
            .chars()
            .zip(to.chars())
            .take_while(|(left, right)| left == right)
            .map(|(left, _)| left)
            .collect();
        let within = match one_day {
            true => format!("{prefix}{from}/"),
            false => format!("{prefix}{shared}"),
        };
        let cursor = request.after.as_ref().and_then(|id| Some((id.date()?, id)));
        let mut after = match cursor {
            Some((date, id)) if date >= request.from => format!("{prefix}{}/{id}", date.compact()),
            _ => format!("{prefix}{from}/"),
        };
        if after.as_str() > format!("{prefix}{to}/~").as_str() {
            return Ok(ids);
        }
        loop {
            let wanted = ids.limit - ids.ids.len();
            // Of a day alone the server's word that more follow is enough; of a range the next key may be beyond it.
            let most = if one_day { wanted } else { wanted + 1 };
            let listing = self.bucket.list(&within, &after, most.min(KEYS)).await?;
            for key in &listing.keys {
                let Some(rest) = key.strip_prefix(&prefix) else {
                    continue;
                };
                if rest.get(..8).is_some_and(|day| day > to.as_str()) {
                    return Ok(ids);
                }
                if let Some(id) = id_of_day(rest).filter(|id| in_days(request, id)) {
                    ids.add(id);
                }
            }
            let Some(last) = listing.keys.last().filter(|_| listing.more) else {
                return Ok(ids);
            };
            if ids.more || one_day && ids.is_full() {
                ids.more = true;
                return Ok(ids);
            }
            after = last.clone();
        }
    }

    /// The ids in keys of any scheme; reads the name of every key.
    async fn add_all(&self, layout: &Layout, request: &ListRequest, ids: &mut Ids) -> Result<()> {
        for prefix in layout.legacy().into_iter().chain([layout.markers()]) {
            let mut after = String::new();
            loop {
                let listing = self.bucket.list(&prefix, &after, KEYS).await?;
                let found = listing.keys.iter().filter_map(|key| id_at_end(key));
                found
                    .filter(|id| in_days(request, id))
                    .for_each(|id| ids.add(id));
                match listing.keys.into_iter().last() {
                    Some(last) if listing.more => after = last,
                    _ => break,
                }
            }
        }
        Ok(())
    }
}

fn in_days(request: &ListRequest, id: &StoredId) -> bool {
    let in_days = id
        .date()
        .is_some_and(|day| (request.from..=request.to).contains(&day));
    in_days && request.after.as_ref().is_none_or(|after| id > after)
}
