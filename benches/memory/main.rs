//! Resident memory while 64 saves of 20 MB dumps, given as files, are in flight through the loaded plugin.
#![allow(
    clippy::print_stdout,
    reason = "results go to whoever runs the benchmark"
)]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use socorro_benches::crashes::{Crash, ids};
use socorro_benches::options::Options;
use socorro_benches::random::Random;
use socorro_benches::statistics::median;
use socorro_benches::{libraries, machine, target};
use socorro_core::config::Layers;
use socorro_core::crash::{CrashId, Dump, Dumps, RawCrash};
use socorro_core::live::{Socorro, StorageHandle};

/// Rounds unless the command line says otherwise.
const ROUNDS: usize = 3;
const SAVES: usize = 64;
const MEGABYTE: usize = 1_000_000;
/// Megabytes of a dump.
const DUMP: usize = 20;
/// Megabytes above idle.
const TARGET: f64 = 150.0;

fn main() -> Result<()> {
    let Some(options) = Options::from_args()? else {
        return Ok(());
    };
    let work = machine::work()?;
    machine::introduce("memory", &options, &work);
    let plugins = libraries::directory()?;
    let directory = tempfile::Builder::new()
        .prefix("memory-")
        .tempdir_in(&work)?;
    tokio::runtime::Runtime::new()?.block_on(run(&options, directory.path(), &plugins))
}

async fn run(options: &Options, directory: &Path, plugins: &Path) -> Result<()> {
    let mut random = Random::new(options.seed);
    let crash = Crash::new(&mut random)?;
    let files = files(&mut random, directory)?;
    let root = directory.join("root");
    let layers = Layers::new().defaults(json!({
        "plugins": { "path": [plugins] },
        "storage": { "disk": { "type": "filesystem", "root": root, "timeout": "10m" } },
    }));
    let socorro = Socorro::start(layers).await?;
    let handle = socorro.storage("disk")?;

    println!(
        "{SAVES} saves of {DUMP} MB at once, {} MB in all; VmRSS before, VmHWM after, in MB\n",
        SAVES * DUMP
    );
    println!(
        "{:>5} {:>9} {:>9} {:>12} {:>9}",
        "round", "idle", "peak", "above idle", "seconds"
    );
    let mut above = Vec::new();
    for round in 1..=options.rounds.unwrap_or(ROUNDS) {
        let ids = ids(&mut random, SAVES)?;
        // Makes the kernel forget the highest mark so far.
        fs::write("/proc/self/clear_refs", "5").context("cannot reset VmHWM")?;
        let idle = resident("VmRSS")?;
        let started = Instant::now();
        save(&handle, &ids, &crash.raw, &files).await?;
        let seconds = started.elapsed().as_secs_f64();
        let peak = resident("VmHWM")?;
        println!(
            "{round:>5} {idle:>9.1} {peak:>9.1} {:>12.1} {seconds:>9.1}",
            peak - idle
        );
        above.push(peak - idle);
        for id in &ids {
            handle.delete(*id).await?;
        }
    }
    drop(handle);
    socorro.shutdown().await;
    println!("\ntargets");
    let above = median(&above);
    target::report(
        above < TARGET,
        &format!("under {TARGET} MB above idle"),
        &format!("{above:.1} MB"),
    );
    Ok(())
}

/// Saves them all at once.
async fn save(
    handle: &StorageHandle,
    ids: &[CrashId],
    raw: &RawCrash,
    files: &[PathBuf],
) -> Result<()> {
    let saves: Vec<_> = ids
        .iter()
        .zip(files)
        .map(|(id, file)| {
            let (handle, id, raw) = (handle.clone(), *id, raw.clone());
            let dumps = Dumps::single(Dump::File(file.clone()));
            tokio::spawn(async move { handle.save_raw_crash(&id, &raw, &dumps).await })
        })
        .collect();
    ensure!(saves.len() == SAVES, "not all saves were begun");
    for save in saves {
        save.await??;
    }
    Ok(())
}

/// A file for each save, written in pieces so that this program never holds one.
fn files(random: &mut Random, directory: &Path) -> Result<Vec<PathBuf>> {
    let piece = random.bytes(MEGABYTE);
    (0..SAVES)
        .map(|number| {
            let path = directory.join(format!("{number}.dump"));
            let mut file = File::create_new(&path)?;
            for _ in 0..DUMP {
                file.write_all(&piece)?;
            }
            // On the disk before anything is measured.
            file.sync_all()?;
            Ok(path)
        })
        .collect()
}

/// A line of `/proc/self/status`, in MB.
fn resident(key: &str) -> Result<f64> {
    let text = machine::value("/proc/self/status", key);
    let kilobytes: f64 = text
        .strip_suffix(" kB")
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("{key} is {text}"))?;
    Ok(kilobytes * 1024.0 / MEGABYTE as f64)
}
