//! Which partitions there are.
//!
//! A partition is made by the function `ensure_partition` of the schema, which runs as the schema's owner. Here
//! is remembered which are there, so that it is called once for each and not once for each crash.
//!
//! 1. A save meets a day whose partition it does not know, and calls the function before its own transaction.
//! 2. The function finds it: remembered. It makes it, under the lock of the schema: remembered. It refuses,
//!    because the day is too far ahead or there are too many: not remembered, since a day that is too far
//!    ahead will not always be; the row goes to the default partition, from which it is moved when its
//!    partition is made.
//! 3. *Fails* for want of a lock: the row goes to the default partition, too. *Fails* otherwise: so does the
//!    save, which nothing has been done of.
//! 4. Another process drops a partition that is remembered here, for retention: rows of its days go to the
//!    default partition, and retention removes them from there.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use socorro_core::{ErrorKind, Result};

use super::values::Day;
use crate::connection::Session;

const ENSURE: &str = "SELECT ensure_partition($1::date, $2::integer, $3::integer) AS made";

/// The most days that are remembered: all that crash ids can have, twice.
const MOST: usize = 75_000;

/// Which days have a partition of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// How many days one partition holds.
    pub(crate) days: i32,
    /// How many days ahead of today there are any.
    pub(crate) ahead: i32,
    /// How many there may be before old days get none.
    pub(crate) most: i32,
}

/// The partitions that are known to be there, by their first day.
#[derive(Default)]
pub(crate) struct Partitions(Mutex<HashSet<Day>>);

impl Partitions {
    /// Sees to the partitions of these days, as far as they get any.
    pub(crate) fn ensure(
        &self,
        session: &mut Session,
        window: &Window,
        days: impl IntoIterator<Item = Day>,
    ) -> Result<()> {
        for day in days {
            let start = day.partition_start(window.days);
            if self.is_known(start) {
                continue;
            }
            match make(session, window, day) {
                Ok(true) => self.remember(start),
                Ok(false) => {}
                Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Conflict) => {
                    tracing::warn!(%error, "a partition could not be made now; its crashes wait in the default partition");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Forgets all, after some were dropped.
    pub(crate) fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn is_known(&self, start: Day) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(&start)
    }

    fn remember(&self, start: Day) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(start);
        }
    }
}

fn make(session: &mut Session, window: &Window, day: Day) -> Result<bool> {
    let row = session.query_first(ENSURE, &[&day, &window.ahead, &window.most])?;
    match row {
        Some(row) => session.get(&row, "made"),
        None => Ok(false),
    }
}
