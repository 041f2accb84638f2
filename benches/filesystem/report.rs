//! What is printed.

use socorro_benches::statistics::{median, percentile, ratio};
use socorro_benches::target;

use crate::peers::Peer;
use crate::sample::Sample;

/// Alone, there is nothing to share: the plugin may lose a tenth to what it does besides.
const ALONE: f64 = 0.9;

/// A table, and what it says of the targets.
pub(crate) struct Report {
    verdicts: Vec<(bool, String, String)>,
}

impl Report {
    pub(crate) fn new() -> Self {
        println!(
            "{:<27} {:>7} {:>10} {:>9} {:>9} {:>16}",
            "", "callers", "crashes/s", "p50 ms", "p99 ms", "plugin to this"
        );
        Self {
            verdicts: Vec::new(),
        }
    }

    /// Adds the samples of every peer at so many callers.
    pub(crate) fn add(&mut self, callers: usize, samples: &[Vec<Sample>]) {
        let rates: Vec<Vec<f64>> = samples
            .iter()
            .map(|samples| samples.iter().map(|sample| sample.rate).collect())
            .collect();
        let ours = rates.first().map_or(&[][..], Vec::as_slice);
        for ((peer, samples), rates) in Peer::ALL.iter().zip(samples).zip(&rates) {
            let millis: Vec<f64> = samples
                .iter()
                .flat_map(|sample| sample.millis.iter().copied())
                .collect();
            let ratio = ratio(ours, rates);
            println!(
                "{:<27} {callers:>7} {:>10.0} {:>9.2} {:>9.2} {:>16}",
                peer.title(),
                median(rates),
                percentile(&millis, 50),
                percentile(&millis, 99),
                format!("x{ratio:.2}"),
            );
            let (met, target) = match (peer, callers) {
                (Peer::Ours, _) => continue,
                (Peer::HandWritten, 1) => (
                    ratio >= ALONE,
                    format!("at least {ALONE} of the hand-written loop, one caller"),
                ),
                _ => (
                    ratio > 1.0,
                    format!("ahead of {}, {callers} callers", peer.title()),
                ),
            };
            self.verdicts.push((met, target, format!("x{ratio:.2}")));
        }
        println!();
    }

    pub(crate) fn verdicts(&self) {
        println!("targets");
        for (met, target, measured) in &self.verdicts {
            target::report(*met, target, measured);
        }
    }
}
