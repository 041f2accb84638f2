//! The rounds, the table and the verdicts.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;

use crate::options::Options;
use crate::random::Random;
use crate::rounds::interleave;
use crate::servers::load::Load;
use crate::servers::peer::Peer;
use crate::servers::sample::{Sample, Work, take};
use crate::statistics::{median, percentile, ratio};
use crate::target;

/// Rounds unless the command line says otherwise.
const ROUNDS: usize = 3;
/// Crashes of a sample unless the command line says otherwise.
const CRASHES: usize = 2000;
const CALLERS: [usize; 2] = [8, 64];

/// What was aimed at.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// The plugin's rate over that of the peer of this number is at least this.
    AtLeast(usize, f64),
    /// The plugin is ahead of the peer of this number.
    Ahead(usize),
}

/// Measures the peers, the plugin first among them, at every number of callers, and prints what came out.
///
/// # Errors
/// The first of a peer.
pub fn run(
    options: &Options,
    runtime: &Runtime,
    peers: &[Arc<dyn Peer>],
    works: &[Work],
    targets: &[Target],
) -> Result<()> {
    let rounds = options.rounds.unwrap_or(ROUNDS);
    let mut random = Random::new(options.seed);
    let load = Load::new(&mut random, options.crashes.unwrap_or(CRASHES))?;
    println!(
        "{rounds} rounds, peers interleaved; {} crashes a sample, {} MB of dumps; medians of rounds\n",
        options.crashes.unwrap_or(CRASHES),
        load.bytes() / 1_000_000
    );
    println!(
        "{:<34} {:>5} {:>7} {:>10} {:>9} {:>9} {:>13} {:>15} {:>12}",
        "",
        "",
        "callers",
        "crashes/s",
        "p50 ms",
        "p99 ms",
        "CPU ms/crash",
        "plugin to this",
        "its CPU"
    );
    let mut verdicts = Vec::new();
    for callers in CALLERS {
        let mut measure = |peer| -> Result<Vec<Sample>> {
            let peer = peers.get(peer).context("no such peer")?;
            let crashes = load.under_new_ids(&mut random)?.into();
            let samples = works
                .iter()
                .map(|work| runtime.block_on(take(peer, *work, &crashes, callers)))
                .collect();
            runtime.block_on(take(peer, Work::Delete, &crashes, callers))?;
            samples
        };
        let samples = interleave(peers.len(), rounds, &mut measure)?;
        for (number, work) in works.iter().enumerate() {
            let of_work: Vec<Vec<&Sample>> = samples
                .iter()
                .map(|rounds| {
                    rounds
                        .iter()
                        .filter_map(|works| works.get(number))
                        .collect()
                })
                .collect();
            verdicts.extend(rows(peers, &of_work, *work, callers, targets));
        }
    }
    println!("targets");
    for (met, target, measured) in &verdicts {
        target::report(*met, target, measured);
    }
    Ok(())
}

type Verdict = (bool, String, String);

/// Prints a row for each peer, and says what that means for the targets.
fn rows(
    peers: &[Arc<dyn Peer>],
    samples: &[Vec<&Sample>],
    work: Work,
    callers: usize,
    targets: &[Target],
) -> Vec<Verdict> {
    let values = |of: fn(&Sample) -> f64| -> Vec<Vec<f64>> {
        samples
            .iter()
            .map(|rounds| rounds.iter().map(|sample| of(sample)).collect())
            .collect()
    };
    let (rates, cpus) = (values(|sample| sample.rate), values(|sample| sample.cpu));
    let ours = |values: &[Vec<f64>]| values.first().cloned().unwrap_or_default();
    let (our_rates, our_cpus) = (ours(&rates), ours(&cpus));
    let mut ratios = Vec::new();
    for (((peer, samples), rates), cpus) in peers.iter().zip(samples).zip(&rates).zip(&cpus) {
        let millis: Vec<f64> = samples
            .iter()
            .flat_map(|sample| sample.millis.iter().copied())
            .collect();
        let to_this = ratio(&our_rates, rates);
        ratios.push(to_this);
        println!(
            "{:<34} {:>5} {callers:>7} {:>10.0} {:>9.2} {:>9.2} {:>13.2} {:>15} {:>12}",
            peer.title(),
            format!("{work:?}").to_lowercase(),
            median(rates),
            percentile(&millis, 50),
            percentile(&millis, 99),
            median(cpus),
            format!("x{to_this:.2}"),
            format!("x{:.2}", ratio(&our_cpus, cpus)),
        );
    }
    println!();
    let verdict = |target: &Target| {
        let (number, least) = match *target {
            Target::AtLeast(number, least) => (number, least),
            Target::Ahead(number) => (number, 1.0),
        };
        let (peer, ratio) = (peers.get(number)?, ratios.get(number)?);
        let goal = match target {
            Target::AtLeast(..) => format!("at least {least} of {}", peer.title()),
            Target::Ahead(_) => format!("ahead of {}", peer.title()),
        };
        Some((
            *ratio >= least,
            format!("{goal}, {work:?}, {callers} callers"),
            format!("x{ratio:.2}"),
        ))
    };
    targets.iter().filter_map(verdict).collect()
}
