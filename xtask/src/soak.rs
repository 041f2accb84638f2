//! `cargo xtask soak`: thousands of reloads under load, in the long form.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use socorro_soak::options::Options;
use socorro_testkit::memory::Files;
use socorro_testkit::plugins::{self, Profile};

/// How long, how hard.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Reloads, one right after the other.
    #[arg(long, default_value_t = 10_000)]
    reloads: usize,
    /// Operations a second, begun when they are due.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Keeps the files in memory, where there is a file system with room: a disk that stalls is no part of it then.
    #[arg(long)]
    in_memory: bool,
    /// Edits, times and payloads come from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The directory of plugins that were built already, the witness among them.
    #[arg(long)]
    plugins: Option<PathBuf>,
    /// Build the plugins as they are shipped, which takes longer.
    #[arg(long)]
    release: bool,
}

/// Soaks and prints the account; fails when anything is wrong.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let profile = if arguments.release {
        Profile::Release
    } else {
        Profile::Dev
    };
    let plugins = match &arguments.plugins {
        Some(plugins) => plugins.clone(),
        None => plugins::directory(&["filesystem", "memory", "witness"], profile)?,
    };
    println!("seed {}", arguments.seed);
    let outcome = socorro_soak::run(&Options {
        reloads: arguments.reloads,
        rate: arguments.rate,
        seed: arguments.seed,
        files: Files::in_memory(arguments.in_memory),
        plugins,
    })?;
    println!("{outcome}");
    ensure!(
        outcome.wrong.is_empty() && outcome.failed == 0,
        "the soak found faults"
    );
    Ok(())
}
