//! Dropping crashes of long ago, a partition at a time.
//!
//! Happens after the storage opened and once a day, by the function `drop_expired` of the schema, which
//! removes one thing at a time under the schema's lock: several processes that do it at once only take turns.
//! A partition goes when its last day is too long ago. What the default partition holds of such days goes row
//! by row. Today is the server's.
//!
//! *Fails*, or cannot have a lock because something reads the partition: it is told, and tried the next day.

use std::sync::Arc;
use std::time::Duration;

use socorro_core::Result;
use socorro_core::context::Context;
use tokio::task::JoinHandle;

use crate::connection::Pool;

const DROP: &str = "SELECT drop_expired((now() AT TIME ZONE 'utc')::date - $1::integer) AS dropped";

const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// The job of one instance; ends when dropped.
pub(crate) struct Retention(JoinHandle<()>);

impl Retention {
    /// Keeps what is so many days old or younger.
    pub(crate) fn start(pool: Arc<Pool>, days: i32) -> Self {
        Self(tokio::spawn(async move {
            let mut every_day = tokio::time::interval(A_DAY);
            loop {
                every_day.tick().await;
                if let Err(error) = sweep(&pool, days).await {
                    tracing::warn!(%error, "crashes of long ago could not be dropped; tried again tomorrow");
                }
            }
        }))
    }
}

impl Drop for Retention {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn sweep(pool: &Pool, days: i32) -> Result<()> {
    while let Some(dropped) = drop_one(pool, days).await? {
        tracing::info!(dropped, days, "dropped what is older than the retention");
    }
    Ok(())
}

/// One statement at a time, so that locks are held shortly and saves come in between.
async fn drop_one(pool: &Pool, days: i32) -> Result<Option<String>> {
    pool.ask(&Context::new(), move |database| {
        let dropped: Option<String> = database.with(|session| {
            let row = session.query_first(DROP, &[&days])?;
            row.map_or(Ok(None), |row| session.get(&row, "dropped"))
        })?;
        if dropped.is_some() {
            database.partitions.forget();
        }
        Ok(dropped)
    })
    .await
}
