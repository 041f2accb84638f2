use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use socorro_benches::crashes::Crash;
use socorro_benches::options::Options;
use socorro_benches::random::Random;
use socorro_benches::statistics::{median, per_mille, ratio};
use socorro_benches::target;
use socorro_core::config::Layers;
use socorro_core::live::{Outcome, ReloadReport, Socorro, Step, StorageHandle};

use crate::arrivals::{RATE, serve};

/// Rounds unless the command line says otherwise.
const ROUNDS: usize = 10;
/// Of a sample.
const LASTS: Duration = Duration::from_secs(6);
/// Between two reloads.
const EVERY: Duration = Duration::from_millis(100);
/// What p99 may be while reloading, of what it is at rest.
const MOST: f64 = 1.1;
/// The same for p99.9.
const NEARLY_ALL: f64 = 1.5;
/// Of a commit, in microseconds.
const COMMIT: f64 = 50.0;

/// Operations that a storage admits at once: a machine that stalls is measured, not refused.
const ROOM: usize = 100_000;

/// Which storages are there, and what a reload does to them.
const STORAGES: [(&str, &str); 4] = [
    ("kept", "memory, kept"),
    ("apart", "filesystem, kept"),
    ("first", "filesystem, replaced"),
    ("second", "filesystem, replaced"),
];

/// What was found.
pub(crate) struct Served {
    most: f64,
    nearly_all: f64,
    commits: Vec<f64>,
}

/// Four storages behind loaded plugins, under load at rest and while reloading.
pub(crate) async fn measure(options: &Options, place: &Path, plugins: &Path) -> Result<Served> {
    let file = place.join("served.toml");
    write(&file, place, plugins, 0)?;
    let socorro = Arc::new(Socorro::start(Layers::new().file(&file)).await?);
    let handles: Result<Vec<StorageHandle>, _> = STORAGES
        .iter()
        .map(|(name, _)| socorro.storage(name))
        .collect();
    let handles = handles?;
    let mut random = Random::new(options.seed);
    let crash = Crash::new(&mut random)?.raw;
    println!(
        "{RATE} operations a second over four storages, open loop; an operation saves 3 kB and reads them back, \
         and is\nmeasured from when it was due; at rest, and while one of two storages is replaced every {EVERY:?}\n"
    );
    let rounds = options.rounds.unwrap_or(ROUNDS);
    // The last row is all of them together.
    let mut rest = vec![Vec::new(); STORAGES.len() + 1];
    let mut reloading = rest.clone();
    let (mut costs, mut serial) = (Costs::default(), 0);
    for round in 0..rounds {
        for turn in 0..2 {
            let reloads = (round + turn) % 2 == 1;
            let stop = Arc::new(AtomicBool::new(!reloads));
            let reloader = {
                let (socorro, stop) = (Arc::clone(&socorro), Arc::clone(&stop));
                let (file, place, plugins) = (file.clone(), place.to_owned(), plugins.to_owned());
                tokio::spawn(async move {
                    reload(&socorro, &stop, serial, |serial| {
                        write(&file, &place, &plugins, serial)
                    })
                    .await
                })
            };
            let mut latencies = serve(&handles, &mut random, &crash, LASTS).await?;
            stop.store(true, Ordering::Relaxed);
            let (last, more) = reloader.await??;
            serial = last;
            costs.extend(more);
            latencies.push(latencies.concat());
            let samples = if reloads { &mut reloading } else { &mut rest };
            for (samples, latencies) in samples.iter_mut().zip(&latencies) {
                samples.push([500, 990, 999].map(|share| per_mille(latencies, share)));
            }
        }
    }
    drop(handles);
    socorro.shutdown().await;
    ensure!(socorro.stragglers().is_empty(), "something was left behind");

    println!(
        "{:<24} {:>10} {:>10} {:>10}   microseconds, median of {rounds} rounds",
        "", "p50", "p99", "p99.9"
    );
    let mut ratios = [0.0; 3];
    let titles = STORAGES
        .iter()
        .map(|(_, title)| *title)
        .chain(["all of them"]);
    for ((title, rest), reloading) in titles.zip(&rest).zip(&reloading) {
        let column = |samples: &[[f64; 3]], at: usize| -> Vec<f64> {
            samples
                .iter()
                .filter_map(|it| it.get(at).copied())
                .collect()
        };
        let row =
            |of: &dyn Fn(usize) -> String| format!("{:>10} {:>10} {:>10}", of(0), of(1), of(2));
        let medians =
            |samples: &[[f64; 3]]| row(&|at| format!("{:.0}", median(&column(samples, at))));
        for (at, to) in ratios.iter_mut().enumerate() {
            *to = ratio(&column(reloading, at), &column(rest, at));
        }
        println!("{title:<24}");
        println!("  {:<22} {}", "at rest", medians(rest));
        println!("  {:<22} {}", "while reloading", medians(reloading));
        println!(
            "  {:<22} {}",
            "ratio",
            row(&|at| format!("x{:.2}", ratios.get(at).unwrap_or(&0.0)))
        );
    }
    costs.print();
    let [_, most, nearly_all] = ratios;
    Ok(Served {
        most,
        nearly_all,
        commits: costs.steps.remove(&Step::Commit).unwrap_or_default(),
    })
}

/// Microseconds of each reload.
#[derive(Default)]
struct Costs {
    wholes: Vec<f64>,
    steps: BTreeMap<Step, Vec<f64>>,
}

impl Costs {
    /// The report has to have a commit in it: nothing is no time.
    fn add(&mut self, report: &ReloadReport) -> Result<()> {
        let commits = report.steps.iter().any(|(step, _)| *step == Step::Commit);
        ensure!(commits, "no commit: {report}");
        let micros = |took: Duration| took.as_secs_f64() * 1e6;
        self.wholes.push(micros(report.took));
        for (step, took) in &report.steps {
            self.steps.entry(*step).or_default().push(micros(*took));
        }
        Ok(())
    }

    fn extend(&mut self, more: Self) {
        self.wholes.extend(more.wholes);
        for (step, took) in more.steps {
            self.steps.entry(step).or_default().extend(took);
        }
    }

    fn print(&self) {
        println!(
            "\n{:<24} {:>10} {:>10}   microseconds of {} reloads, each of which replaced one storage",
            "",
            "median",
            "p99",
            self.wholes.len()
        );
        let steps = self.steps.iter();
        let steps = steps.map(|(step, took)| (format!("  {step}"), took));
        for (what, took) in [("a reload".to_owned(), &self.wholes)]
            .into_iter()
            .chain(steps)
        {
            println!(
                "{what:<24} {:>10.1} {:>10.1}",
                median(took),
                per_mille(took, 990)
            );
        }
    }
}

/// Reloads until it is to stop; the last serial, and what the reloads cost.
async fn reload(
    socorro: &Socorro,
    stop: &AtomicBool,
    mut serial: u64,
    write: impl Fn(u64) -> Result<()>,
) -> Result<(u64, Costs)> {
    let mut costs = Costs::default();
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        serial += 1;
        write(serial)?;
        let report = socorro.reload().await;
        ensure!(report.outcome == Outcome::Applied, "{report}");
        costs.add(&report)?;
        next += EVERY;
        tokio::time::sleep_until(next.into()).await;
    }
    Ok((serial, costs))
}

/// The file; each serial makes one of two storages another.
fn write(file: &Path, place: &Path, plugins: &Path, serial: u64) -> Result<()> {
    let mut text = format!(
        "[plugins]\npath = [{plugins:?}]\nstage = {:?}\n[storage.kept]\ntype = \"memory\"\n\
         max_operations = {ROOM}\n",
        place.join("stage")
    );
    let revisions = [0, serial / 2, serial.div_ceil(2)];
    for ((name, _), revision) in STORAGES.iter().skip(1).zip(revisions) {
        text += &format!(
            "[storage.{name}]\ntype = \"filesystem\"\nroot = {:?}\nmax_operations = {ROOM}\nsweep_after = \"{}s\"\n",
            place.join(name),
            3600 + revision
        );
    }
    let new = file.with_extension("new");
    std::fs::write(&new, text)?;
    Ok(std::fs::rename(new, file)?)
}

impl Served {
    pub(crate) fn report(&self) {
        target::report(
            self.most <= MOST,
            "p99 of all operations while reloading within 1.1 of at rest",
            &format!("x{:.2}", self.most),
        );
        target::report(
            self.nearly_all <= NEARLY_ALL,
            "p99.9 of all operations while reloading within 1.5 of at rest",
            &format!("x{:.2}", self.nearly_all),
        );
        let commit = median(&self.commits);
        target::report(
            commit < COMMIT,
            "a commit under 50 µs",
            &format!("{commit:.1} µs"),
        );
    }
}
