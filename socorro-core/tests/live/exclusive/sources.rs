//! A source that cannot be shared: what it handed out is settled where it came from, each crash once.

use std::sync::Arc;

use socorro_core::live::{Outcome, Socorro};
use socorro_core::pipeline::Pipelines;
use socorro_core::transaction::ManualClock;
use socorro_core::{Error, ErrorKind};

use super::plugin::{Act, Place, place};
use super::rig::{builder, number, source, storage};
use crate::support::{File, eventually, raw};

struct Mover {
    file: File,
    socorro: Socorro,
    new: Arc<Place>,
    from: Arc<Place>,
    to: Arc<Place>,
}

fn configuration(name: &str, exchange: &str, new: u32, from: u32) -> String {
    format!(
        "[reload]\npark_timeout = \"40s\"\n{}{}{}\
         [pipeline.mover]\nsource = \"new\"\nfrom = \"from\"\nto = [\"to\"]\nafter = \"ack_and_delete\"\nconcurrency = 3\n",
        source("new", &format!("{name}_new"), exchange, new),
        storage("from", &format!("{name}_from"), exchange, from),
        storage("to", &format!("{name}_to"), "overlap", 0),
    )
}

impl Mover {
    async fn start(name: &str, exchange: &str) -> Self {
        let file = File::new(&configuration(name, exchange, 0, 0));
        let clock = Arc::new(ManualClock::new());
        let builder = builder(&file, &clock).pipelines(Pipelines::Forever);
        Self {
            socorro: builder.start().await.unwrap(),
            file,
            new: place(&format!("{name}_new")),
            from: place(&format!("{name}_from")),
            to: place(&format!("{name}_to")),
        }
    }

    fn arrive(&self, numbers: std::ops::Range<u64>) {
        for at in numbers {
            let mut crashes = self.from.crashes.lock().unwrap();
            crashes.insert(number(at).into(), raw(&at.to_string()));
            drop(crashes);
            self.new.arrive(number(at));
        }
    }

    /// Waits until so many crashes were moved, and looks whether each was, once.
    async fn moved(&self, count: u64) {
        eventually("everything is moved", || {
            self.new.acked.lock().unwrap().len() as u64 >= count
        })
        .await;
        let mut acked = self.new.acked.lock().unwrap().clone();
        acked.sort();
        acked.dedup();
        assert_eq!(acked.len() as u64, count);
        assert_eq!(self.to.crashes.lock().unwrap().len() as u64, count);
        assert_eq!(
            self.to.saves.load(std::sync::atomic::Ordering::SeqCst),
            count
        );
        assert!(self.from.crashes.lock().unwrap().is_empty());
        assert!(self.new.out.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_source_is_exchanged_in_the_middle_of_its_work() {
    for exchange in ["handover", "break_before_make"] {
        let name = format!("sources_{exchange}");
        let mover = Mover::start(&name, exchange).await;
        mover.arrive(0..50);
        for revision in 1..=5 {
            mover
                .file
                .edit(&configuration(&name, exchange, revision, 0));
            let from = u64::from(revision) * 50;
            mover.arrive(from..from + 50);
            let report = mover.socorro.reload().await;
            assert_eq!(report.outcome, Outcome::Applied, "{report}");
        }
        mover.moved(300).await;
        if exchange == "break_before_make" {
            assert_eq!(mover.new.open().1, 1);
        }
        mover.socorro.shutdown().await;
        assert_eq!(mover.new.open().0, 0);
    }
}

/// Both ends of what a delivery holds at once: neither waits for the other.
#[tokio::test]
async fn a_source_and_the_storage_it_is_for_are_exchanged_together() {
    for exchange in ["handover", "break_before_make"] {
        let name = format!("sources_both_{exchange}");
        let mover = Mover::start(&name, exchange).await;
        mover.arrive(0..50);
        for revision in 1..=5 {
            mover
                .file
                .edit(&configuration(&name, exchange, revision, revision));
            let from = u64::from(revision) * 50;
            mover.arrive(from..from + 50);
            let report = mover.socorro.reload().await;
            assert_eq!(report.outcome, Outcome::Applied, "{report}");
        }
        mover.moved(300).await;
        mover.socorro.shutdown().await;
        assert_eq!((mover.new.open().0, mover.from.open().0), (0, 0));
    }
}

#[tokio::test]
async fn a_source_whose_successor_does_not_open_goes_on() {
    for exchange in ["handover", "break_before_make"] {
        for act in [
            Act::Fail(Error::new(ErrorKind::Unavailable, "nobody answers")),
            Act::Panic,
        ] {
            let kind = matches!(act, Act::Panic);
            let name = format!("sources_refused_{exchange}_{kind}");
            let mover = Mover::start(&name, exchange).await;
            mover.arrive(0..50);
            mover.new.act("open 1", act);
            mover.file.edit(&configuration(&name, exchange, 1, 0));
            let report = mover.socorro.reload().await;
            assert_eq!(report.outcome, Outcome::Refused, "{report}");
            mover.arrive(50..100);
            mover.moved(100).await;
            mover.new.go();
            let report = mover.socorro.reload().await;
            assert_eq!(report.outcome, Outcome::Applied, "{report}");
            mover.arrive(100..150);
            mover.moved(150).await;
            mover.socorro.shutdown().await;
        }
    }
}
