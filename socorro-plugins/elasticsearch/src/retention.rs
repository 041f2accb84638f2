//! Old indices are deleted whole.
//!
//! By the days in an index's name and nothing else: of the names that the server lists, those that the template
//! makes, each deleted by its exact name. An index of which one day is young enough stays.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use socorro_core::crash::CrashDate;
use socorro_core::{Error, Result};

use crate::connection::Connection;
use crate::indices::{Index, Indices};

const DAILY: Duration = Duration::from_secs(86_400);

/// Deletes what is too old, now and every day, until the task is aborted.
pub(crate) async fn run(connection: Arc<Connection>, indices: Arc<Indices>, keep: Duration) {
    loop {
        match sweep(&connection, &indices, keep, SystemTime::now()).await {
            Ok(deleted) if deleted.is_empty() => {}
            Ok(deleted) => tracing::info!(indices = deleted.join(","), "old indices were deleted"),
            Err(error) => {
                tracing::warn!(%error, "old indices could not be deleted; tried again tomorrow")
            }
        }
        tokio::time::sleep(DAILY).await;
    }
}

/// Deletes the indices whose last day is longer ago than `keep`. One that cannot be deleted does not keep the
/// others.
async fn sweep(
    connection: &Connection,
    indices: &Indices,
    keep: Duration,
    now: SystemTime,
) -> Result<Vec<String>> {
    let Some(bound) = oldest(keep, now) else {
        return Ok(Vec::new());
    };
    let there = indices.all(connection).await?;
    let mut deleted = Vec::new();
    let mut failed: Option<Error> = None;
    for index in expired(there, bound) {
        match indices.delete(connection, &index.name).await {
            Ok(()) => deleted.push(index.name),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if deleted.is_empty() => Err(error),
        Some(error) => {
            tracing::warn!(%error, "an old index could not be deleted");
            Ok(deleted)
        }
        None => Ok(deleted),
    }
}

/// The first day that is kept; `None` when all are.
fn oldest(keep: Duration, now: SystemTime) -> Option<CrashDate> {
    let bound = now.checked_sub(keep)?;
    let bound = CrashDate::of(bound);
    // A clock or a time that leads before the first day keeps everything.
    (bound > CrashDate::FIRST).then_some(bound)
}

fn expired(indices: Vec<Index>, bound: CrashDate) -> impl Iterator<Item = Index> {
    indices.into_iter().filter(move |index| index.last < bound)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{expired, oldest};
    use crate::indices::Index;
    use crate::layout::IndexTemplate;

    const DAY: Duration = Duration::from_secs(86_400);

    fn noon(days_since_epoch: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + DAY * days_since_epoch + DAY / 2
    }

    fn index(name: &str) -> Index {
        let template = IndexTemplate::parse("socorro%Y%W").unwrap();
        let (first, last) = template.days(name).unwrap();
        Index {
            first,
            last,
            name: name.to_owned(),
        }
    }

    /// 2016-09-19 is a Monday, the first day of week 38, and day 17,063 since 1970.
    #[test]
    fn an_index_goes_when_its_last_day_is_too_old() {
        let left = |now: u32, keep: u32| -> Vec<String> {
            let bound = oldest(DAY * keep, noon(now)).unwrap();
            let all = [
                "socorro201501",
                "socorro201600",
                "socorro201636",
                "socorro201637",
                "socorro201638",
            ];
            let gone: Vec<_> = expired(all.map(index).to_vec(), bound)
                .map(|one| one.name)
                .collect();
            all.iter()
                .filter(|name| !gone.contains(&(**name).to_owned()))
                .map(|name| (*name).to_owned())
                .collect()
        };
        assert_eq!(
            left(17_063, 1),
            ["socorro201637", "socorro201638"],
            "Sunday is a day ago"
        );
        assert_eq!(left(17_064, 1), ["socorro201638"]);
        assert_eq!(left(17_063, 7), ["socorro201637", "socorro201638"]);
        assert_eq!(
            left(17_063, 8),
            ["socorro201636", "socorro201637", "socorro201638"]
        );
        assert_eq!(left(17_063, 5000).len(), 5);
    }

    #[test]
    fn a_wrong_clock_deletes_nothing() {
        assert_eq!(oldest(DAY, SystemTime::UNIX_EPOCH), None);
        assert_eq!(oldest(DAY * 20_000, noon(17_063)), None);
        assert_eq!(oldest(Duration::MAX, noon(17_063)), None);
    }
}
