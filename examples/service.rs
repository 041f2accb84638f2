//! A service that embeds the library: every line of standard input is a raw crash, a JSON object; it is saved
//! to the storage named `archive`, wherever the configuration says that is, and answered with its id.
//!
//! `kill -HUP` makes it adopt the edited configuration between two crashes.
//!
//!     cargo run --example service -- socorro.toml
#![allow(clippy::print_stdout, reason = "the answers of the service")]

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use socorro_core::config::Layers;
use socorro_core::crash::{CrashDate, CrashId, Dumps, Limits, RawCrash};
use socorro_core::live::{Socorro, StorageHandle};
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let file = std::env::args()
        .nth(1)
        .context("usage: service CONFIGURATION")?;
    let socorro = Socorro::start(Layers::new().file(&file).process_environment()).await?;
    socorro.reload_on_hangup()?;
    // Good for the life of the program, whatever a reload puts behind the name.
    let archive = socorro.storage("archive")?;
    println!("ready");

    let mut crashes = BufReader::new(tokio::io::stdin()).lines();
    while let Some(crash) = crashes.next_line().await? {
        match save(&archive, crash).await {
            Ok(id) => println!("CrashID=bp-{id} generation={}", socorro.generation()),
            // What cannot be saved is the sender's to keep; the message says why.
            Err(error) => println!("Discarded={error}"),
        }
    }
    socorro.shutdown().await;
    Ok(())
}

/// Durable wherever the configuration requires it, or an error.
async fn save(archive: &StorageHandle, crash: String) -> socorro_core::Result<CrashId> {
    let id = CrashId::random(CrashDate::of(SystemTime::now()))?;
    let raw = RawCrash::new(crash, &Limits::default())?;
    let deadline = Instant::now() + Duration::from_secs(30);
    archive
        .clone()
        .with_deadline(deadline)
        .to_completion()
        .save_raw_crash(&id, &raw, &Dumps::new())
        .await?;
    Ok(id)
}
