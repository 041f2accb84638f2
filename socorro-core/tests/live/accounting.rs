//! Random sequences of reloads while crashes come in: each is delivered exactly once, as nothing fails.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::Ordering;

use socorro_core::crash::{CrashDate, CrashId, StoredId};
use socorro_core::live::{Outcome, Socorro, Trigger};
use socorro_core::pipeline::Pipelines;

use crate::scripted::script;
use crate::support::{File, eventually, raw};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// What is configured. Every configuration reads from one queue and one storage, and saves to one.
#[derive(Clone, Debug)]
struct Model {
    source: u64,
    /// Sources of other names for the same queue: as with a source that is renamed.
    source_name: u64,
    from: u64,
    to: u64,
    composite: bool,
    delete: bool,
    concurrency: u64,
    pipelines: u64,
}

impl Model {
    fn change(&mut self, random: &mut Random) {
        match random.below(9) {
            0 | 1 => self.source += 1,
            2 => self.source_name = random.below(2),
            3 => self.from += 1,
            4 => self.to += 1,
            5 => self.composite = !self.composite,
            6 => self.delete = !self.delete,
            7 => self.concurrency = 1 + random.below(4),
            _ => self.pipelines = random.below(4),
        }
    }

    fn text(&self, tag: &str) -> String {
        let storage = |name: &str, revision: u64| {
            format!(
                "[storage.{name}]\ntype = \"scripted\"\ntag = \"{tag}_{name}\"\nrevision = {revision}\n"
            )
        };
        let mut text = storage("from", self.from) + &storage("to", self.to);
        let to = if self.composite {
            text += "[storage.all]\ntype = \"fanout\"\nstores = [\"to\"]\n";
            "all"
        } else {
            "to"
        };
        let source = ["new", "newer"][self.source_name as usize];
        writeln!(
            text,
            "[source.{source}]\ntype = \"scripted\"\ntag = \"{tag}_new\"\nrevision = {}",
            self.source
        )
        .unwrap();
        let after = if self.delete { "ack_and_delete" } else { "ack" };
        for (bit, name) in [(1, "one"), (2, "two")] {
            if self.pipelines & bit != 0 {
                writeln!(
                    text,
                    "[pipeline.{name}]\nsource = \"{source}\"\nfrom = \"from\"\nto = [\"{to}\"]\n\
                     after = \"{after}\"\nconcurrency = {}",
                    self.concurrency
                )
                .unwrap();
            }
        }
        text
    }
}

fn id(number: u64) -> CrashId {
    let mut entropy = [0; 16];
    entropy[..8].copy_from_slice(&number.to_le_bytes());
    CrashId::new(CrashDate::new(2026, 11, 21).unwrap(), entropy)
}

async fn reload(socorro: &Socorro) {
    let report = socorro.reload().await;
    assert_ne!(report.outcome, Outcome::Refused, "{report}");
}

#[expect(clippy::print_stdout, reason = "a run that fails has to be repeatable")]
async fn run(seed: u64) {
    println!("seed {seed}");
    let tag = format!("accounting_{seed}");
    let [from, to, new] = ["from", "to", "new"].map(|name| script(&format!("{tag}_{name}")));
    let random = &mut Random(seed);
    let mut model = Model {
        source: 0,
        source_name: 0,
        from: 0,
        to: 0,
        composite: false,
        delete: false,
        concurrency: 2,
        pipelines: 1,
    };
    let file = File::new(&model.text(&tag));
    let builder = file.builder().pipelines(Pipelines::Forever);
    let socorro = builder.start().await.unwrap();
    let mut arrived = 0;
    let mut is_shut = false;
    for _ in 0..60 {
        match random.below(8) {
            0..=2 => {
                for _ in 0..random.below(6) {
                    arrived += 1;
                    let crash = (id(arrived).into(), raw(&arrived.to_string()));
                    from.crashes.lock().unwrap().extend([crash]);
                    new.arrive(id(arrived));
                }
            }
            3 | 4 => {
                model.change(random);
                file.edit(&model.text(&tag));
                reload(&socorro).await;
            }
            5 => {
                model.change(random);
                file.edit(&model.text(&tag));
                socorro.request_reload(Trigger::Hangup);
            }
            6 => {
                is_shut = !is_shut;
                match is_shut {
                    true => to.shut_gate(),
                    false => to.gate.add_permits(1_000_000),
                }
            }
            _ => {
                for _ in 0..random.below(200) {
                    tokio::task::yield_now().await;
                }
            }
        }
    }
    if is_shut {
        to.gate.add_permits(1_000_000);
    }
    model.pipelines |= 1;
    file.edit(&model.text(&tag));
    reload(&socorro).await;
    eventually("every crash is acknowledged", || {
        new.acked.lock().unwrap().len() >= arrived as usize
    })
    .await;
    socorro.shutdown().await;
    socorro.finished().await.unwrap();

    let once: BTreeMap<StoredId, usize> = (1..=arrived).map(|one| (id(one).into(), 1)).collect();
    let count = |all: &[StoredId]| {
        let mut counts = BTreeMap::new();
        for one in all {
            *counts.entry(one.clone()).or_insert(0) += 1;
        }
        counts
    };
    assert_eq!(count(&to.saved.lock().unwrap()), once, "seed {seed}");
    assert_eq!(count(&new.acked.lock().unwrap()), once, "seed {seed}");
    assert!(new.nacked.lock().unwrap().is_empty(), "seed {seed}");
    assert!(new.queue.lock().unwrap().is_empty(), "seed {seed}");
    for script in [from, to, new] {
        let opened = script.opened.load(Ordering::SeqCst);
        assert_eq!(opened, script.closed.load(Ordering::SeqCst), "seed {seed}");
    }
    assert!(
        socorro.stragglers().is_empty(),
        "{:?}",
        socorro.stragglers()
    );
    assert!(socorro.leaving().is_empty());
}

/// `SEEDS=1000` runs more of them, `SEED=7` one.
fn seeds(first: u64) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().and_then(|it| it.parse().ok());
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (first..first + number("SEEDS").unwrap_or(8)).collect(),
    }
}

#[tokio::test]
async fn each_crash_is_delivered_once_whatever_is_reloaded() {
    for seed in seeds(0) {
        run(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn each_crash_is_delivered_once_on_several_threads() {
    for seed in seeds(1_000_000) {
        run(seed).await;
    }
}
