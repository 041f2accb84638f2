//! The connection is cut at every moment of an operation, the answer to its commit included.

use serde_json::json;
use socorro_core::error::Applied;
use socorro_core::plugin::PluginStorage;
use socorro_core::storage::CrashStorage;
use socorro_core::{ErrorKind, Result};
use socorro_testkit::proxy::{Direction, Proxy};

use crate::support::{Site, cx, expect, samples, save, today};

/// How an operation ended that was cut.
#[derive(Default, Debug)]
struct Ends {
    /// Cut, and looked up: it was there.
    resolved: usize,
    /// Refused, nothing applied.
    nothing: usize,
    unknown: usize,
}

async fn direct(site: &Site) -> PluginStorage {
    let address = site.server().address().unwrap();
    let url = format!(
        "postgres://{}@{address}/{}?sslmode=disable",
        site.app(),
        site.database()
    );
    site.storage(json!({ "url": url })).await.unwrap()
}

/// Saves again and again, cutting after more and more bytes, until a save is over before it is cut.
async fn sweep(direction: Direction, step: u64) -> Result<Ends> {
    let mut site = Site::new().await;
    let proxy = Proxy::to(site.server().address().unwrap()).unwrap();
    site.through(proxy.address());
    let url = format!("{}&application_name=cut", site.url(&site.app()));
    let options = json!({ "connections": 1, "queue": "new", "url": url });
    let storage = site.storage(options).await?;
    let witness = direct(&site).await;
    let (mut ends, mut bytes, mut uncut) = (Ends::default(), 0, 0);
    for pair in samples(direction as u64, 2000, today()).chunks(2) {
        // Connects and prepares, so that only the save itself is carried from here on.
        while save(&storage, &pair[0]).await.is_err() {}
        let before = backends(&site);
        save(&storage, &pair[0]).await?;
        proxy.cut_after(direction, bytes);
        let saved = save(&storage, &pair[1]).await;
        let was_cut = backends(&site) != before;
        let there = witness.catalog(&cx(), &pair[1].id.into()).await?;
        match saved {
            Ok(()) => {
                expect(&witness, &pair[1]).await;
                ends.resolved += usize::from(was_cut);
                uncut += usize::from(!was_cut);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                assert!(error.is_retryable());
                match error.applied() {
                    Applied::No => {
                        assert!(there.is_empty(), "after {bytes} bytes: {error}");
                        ends.nothing += 1;
                    }
                    _ => ends.unknown += 1,
                }
                // Whatever it was, saving again is what helps.
                while save(&storage, &pair[1]).await.is_err() {}
                expect(&witness, &pair[1]).await;
            }
        }
        bytes += step;
        if uncut >= 3 {
            let queued = "SELECT count(*) - count(DISTINCT crash_id) FROM socorro.new_crash";
            assert_eq!(site.number(queued), 0);
            return Ok(ends);
        }
    }
    panic!("never over: {ends:?}");
}

/// The server's side of the connections of the storage under test.
fn backends(site: &Site) -> Vec<Vec<String>> {
    site.sql(
        "SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'cut' ORDER BY pid",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_cut() {
    let ends = sweep(Direction::FromServer, 5).await.unwrap();
    assert!(ends.nothing > 10, "{ends:?}");
    // The server committed, and its answer was lost.
    assert!(ends.resolved > 0, "{ends:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_cut() {
    let ends = sweep(Direction::ToServer, 61).await.unwrap();
    assert!(ends.nothing > 10, "{ends:?}");
}
