//! Two movers on one queue, one of which is killed in the middle.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use socorro_core::config::Layers;
use socorro_core::crash::{Dumps, Limits, RawCrash};
use socorro_core::live::Socorro;
use socorro_testkit::plugins::{Profile, directory};
use socorro_testkit::program::Program;

use crate::support::{MOVER_LEVEL, PATIENCE, Place};
use crate::tree::{assert_holds, crash, files};

pub(crate) const CRASHES: u32 = 2000;
/// How many of them are under way in one process.
const CONCURRENCY: usize = 8;
/// Saved at a time.
const AT_A_TIME: u32 = 50;

/// A random suffix for names on shared servers.
pub(crate) fn suffix() -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    format!("{}_{}", std::process::id(), now.subsec_nanos())
}

/// A place whose configuration moves crashes from the queue and `spool` to `a`, with its plugins built.
pub(crate) fn place(storages_and_source: &str) -> Place {
    directory(&["filesystem", "postgres", "rabbitmq"], Profile::Dev).unwrap();
    Place::new(&format!(
        "{storages_and_source}\n\
         [storage.a]\ntype = \"filesystem\"\nroot = \"{{}}/a\"\n\n\
         [pipeline.mover]\nsource = \"new\"\nfrom = \"spool\"\nto = [\"a\"]\n\
         after = \"ack_and_delete\"\nconcurrency = {CONCURRENCY}\n"
    ))
}

/// Saves all crashes into this storage.
pub(crate) fn fill(place: &Place, storage: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let layers = Layers::new().file(place.config());
        let socorro = Socorro::builder(layers)
            .only(storage)
            .start()
            .await
            .unwrap();
        let handle = socorro.storage(storage).unwrap();
        for first in (0..CRASHES).step_by(AT_A_TIME as usize) {
            let saves = (first..CRASHES.min(first + AT_A_TIME)).map(|number| {
                let (handle, (id, raw, dump)) = (handle.clone(), crash(number));
                tokio::spawn(async move {
                    let raw = RawCrash::new(raw, &Limits::default()).unwrap();
                    handle
                        .save_raw_crash(&id, &raw, &Dumps::single(dump))
                        .await
                        .unwrap();
                })
            });
            for save in saves.collect::<Vec<_>>() {
                save.await.unwrap();
            }
        }
        socorro.shutdown().await;
    });
}

/// Runs two movers, kills one in the middle, and counts. `left` tells how many crashes the queue still has.
pub(crate) fn share_and_lose_nothing(place: &Place, seed: u32, mut left: impl FnMut() -> u64) {
    println!("seed {seed}");
    let mut first = place.mover();
    let mut second = place.mover();
    // By progress: both have done some, and the first is in the middle.
    let kill_after = 200 + seed.wrapping_mul(2_654_435_761) % 400;
    let mut by_first = BTreeSet::new();
    let mut by_second = BTreeSet::new();
    by_second.insert(next(&mut second));
    while by_first.len() < kill_after as usize {
        by_first.insert(next(&mut first));
    }
    first.signal("KILL").unwrap();
    by_first.extend(delivered(&first.rest(PATIENCE).unwrap()));

    let (mut fewest, mut deadline) = (u64::MAX, Instant::now());
    loop {
        let left = left();
        if left == 0 {
            break;
        }
        // As long as it goes on, it may take its time.
        if left < fewest {
            (fewest, deadline) = (left, Instant::now() + PATIENCE);
        }
        assert!(
            Instant::now() < deadline,
            "{left} are left in the queue\n{}",
            second.tail()
        );
        // The server is asked again: it gives no event.
        std::thread::sleep(Duration::from_millis(200));
    }
    second.signal("TERM").unwrap();
    let rest = second.rest(PATIENCE).unwrap();
    assert!(
        second.wait(PATIENCE).unwrap().success(),
        "{}",
        second.tail()
    );
    by_second.extend(delivered(&rest));

    println!(
        "the first delivered {}, the second {}",
        by_first.len(),
        by_second.len()
    );
    assert_holds(&place.path("a"), 0..CRASHES);
    assert!(
        files(&place.path("spool")).is_empty(),
        "something stayed in the spool"
    );
    let twice = by_first.intersection(&by_second).count();
    assert!(
        twice <= CONCURRENCY,
        "{twice} crashes were delivered by both"
    );
    assert!(
        by_second.len() >= CRASHES as usize / 10,
        "the second hardly worked"
    );
    // Nothing is left, by the word of a third process.
    let mut third = place.start(&["--log-level", MOVER_LEVEL, "run", "--once"]);
    let lines = third.rest(PATIENCE).unwrap();
    assert!(third.wait(PATIENCE).unwrap().success(), "{}", third.tail());
    assert_eq!(delivered(&lines), BTreeSet::new());
}

fn next(mover: &mut Program) -> String {
    id_of(&mover.wait_for(" delivered ", PATIENCE).unwrap())
}

fn delivered(lines: &[String]) -> BTreeSet<String> {
    let delivered = lines.iter().filter(|line| line.contains(" delivered "));
    delivered.map(|line| id_of(line)).collect()
}

fn id_of(line: &str) -> String {
    let (_, after) = line.split_once(" id=").unwrap();
    after.split_whitespace().next().unwrap().to_owned()
}
