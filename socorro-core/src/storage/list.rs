use serde::{Deserialize, Serialize};

use crate::crash::{CrashDate, StoredId};

/// Which ids to list: those whose own date lies in `from..=to`, after the cursor, at most `limit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRequest {
    /// The first day, UTC.
    pub from: CrashDate,
    /// The last day, UTC, included.
    pub to: CrashDate,
    /// The last id of the page before, itself excluded; ids carry their day, so it says where to go on.
    /// Portable between instances.
    pub after: Option<StoredId>,
    /// At most so many ids. A store may return fewer, and says with [`ListPage::more`] whether more follow.
    pub limit: u32,
}

impl ListRequest {
    /// The default of [`limit`](Self::limit).
    pub const PAGE: u32 = 1000;

    /// The first page of one day.
    pub fn day(day: CrashDate) -> Self {
        Self::days(day, day)
    }

    /// The first page of the days from `from` to `to`, both included.
    pub fn days(from: CrashDate, to: CrashDate) -> Self {
        Self {
            from,
            to,
            after: None,
            limit: Self::PAGE,
        }
    }

    /// The request for the page that follows `page`; `None` after the last one.
    pub fn next(&self, page: &ListPage) -> Option<Self> {
        let last = page.ids.last().filter(|_| page.more)?;
        Some(Self {
            after: Some(last.clone()),
            ..self.clone()
        })
    }
}

/// One page of ids, ascending by (day, id).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPage {
    /// The ids, no two equal.
    pub ids: Vec<StoredId>,
    /// Whether more follow. A page that has more is not empty.
    pub more: bool,
}
