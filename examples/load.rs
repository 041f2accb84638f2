//! A steady load of saves for the demo: real crashes, half of them to `archive`, half to `spool`, where a
//! crash mover takes them. Writes every outcome into a journal of its own, reloads on SIGHUP, ends on SIGTERM.
#![allow(clippy::print_stdout, reason = "progress for who started it")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde_json::{Value, json};
use socorro_core::config::Layers;
use socorro_core::crash::{CrashDate, CrashId, Dump, DumpName, Dumps, Limits, RawCrash};
use socorro_core::live::{Outcome, Socorro, StorageHandle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

/// A steady load of saves.
#[derive(Parser)]
struct Arguments {
    /// The configuration, with the storages `archive` and `spool`.
    #[arg(long)]
    config: PathBuf,
    /// Directory of crashes, each a directory with `raw.json` and `NAME.dump`.
    #[arg(long)]
    crashes: PathBuf,
    /// Where to write the journal: a JSON object a line.
    #[arg(long)]
    journal: PathBuf,
    /// Saves a second.
    #[arg(long, default_value_t = 40)]
    rate: u32,
}

/// A crash to save again and again, each time under an id of its own.
struct Template {
    name: String,
    /// The raw crash without its last brace.
    raw: String,
    dumps: Dumps,
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let templates: Arc<[Template]> = templates(&arguments.crashes)?.into();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let socorro = Socorro::start(Layers::new().file(&arguments.config)).await?;
    let storages = [socorro.storage("archive")?, socorro.storage("spool")?];
    let (outcomes, journal) = mpsc::channel(1000);
    let writer = tokio::spawn(write_journal(File::create(&arguments.journal)?, journal));
    println!("ready");

    // Open loop: a save that takes long does not hold up the next one.
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / arguments.rate.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for turn in 0.. {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = hangup.recv() => {
                let socorro = socorro.clone();
                tokio::spawn(async move {
                    let report = socorro.reload().await;
                    let applied = report.outcome == Outcome::Applied;
                    println!("reloaded {}", json!({ "applied": applied, "millis": millis(report.duration()), "report": report.to_string() }));
                });
            }
            _ = ticks.tick() => {
                let storage = storages[turn % storages.len()].clone();
                let (templates, outcomes) = (templates.clone(), outcomes.clone());
                tokio::spawn(async move {
                    let outcome = save(storage, &templates[turn / 2 % templates.len()]).await;
                    // The writer ends only after the last sender.
                    let _ = outcomes.send(outcome).await;
                });
            }
        }
    }
    drop((outcomes, storages));
    // Ends when the last save has ended and its outcome is written.
    writer.await??;
    socorro.shutdown().await;
    println!("done");
    Ok(())
}

/// Saves once and tells what came of it.
async fn save(storage: StorageHandle, template: &Template) -> Value {
    let started = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let clock = Instant::now();
    let storage = storage.pinned();
    let saved = async {
        let id = CrashId::random(CrashDate::of(SystemTime::now()))?;
        let raw = RawCrash::new(
            format!("{},\"uuid\":\"{id}\"}}", template.raw),
            &Limits::default(),
        )?;
        storage
            .save_raw_crash(&id, &raw, &template.dumps)
            .await
            .map(|()| id)
    };
    let outcome = saved.await;
    json!({
        "storage": storage.name(),
        "generation": storage.generation(),
        "template": template.name,
        "id": outcome.as_ref().ok().map(CrashId::as_str),
        "error": outcome.as_ref().err().map(ToString::to_string),
        "started": millis(started),
        "millis": millis(clock.elapsed()),
    })
}

async fn write_journal(file: File, mut outcomes: mpsc::Receiver<Value>) -> Result<()> {
    let mut file = BufWriter::new(file);
    let mut written = 0;
    while let Some(outcome) = outcomes.recv().await {
        writeln!(file, "{outcome}")?;
        file.flush()?;
        written += 1;
        if written % 50 == 0 {
            println!("saved {written}");
        }
    }
    Ok(())
}

fn templates(directory: &Path) -> Result<Vec<Template>> {
    let mut templates = Vec::new();
    for entry in std::fs::read_dir(directory)
        .with_context(|| format!("cannot list {}", directory.display()))?
    {
        let path = entry?.path();
        let raw = std::fs::read_to_string(path.join("raw.json"))?;
        let raw = raw
            .trim_end()
            .strip_suffix('}')
            .context("raw.json is not an object")?
            .to_owned();
        let mut dumps = Dumps::new();
        for file in std::fs::read_dir(&path)? {
            let file = file?.path();
            if file
                .extension()
                .is_some_and(|extension| extension == "dump")
            {
                let name = file
                    .file_stem()
                    .and_then(|stem| stem.to_str())
                    .unwrap_or_default();
                dumps.insert(
                    DumpName::try_from(name)?,
                    Dump::Bytes(std::fs::read(&file)?.into()),
                );
            }
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        templates.push(Template { name, raw, dumps });
    }
    ensure!(
        !templates.is_empty(),
        "no crashes in {}",
        directory.display()
    );
    templates.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(templates)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
