//! `cargo xtask demo`: the story of the product, lived through on real crashes, and counted without its code.
//!
//! A program saves real crashes all the time, half of them to `archive`, half to `spool`; `socorro run` moves
//! what is in `spool` to `archive`. Meanwhile `archive` changes from storage A to A and B together to B alone,
//! each time by editing the configuration and sending SIGHUP to both. In the end plain file reading compares
//! every acknowledged crash with what lies in each destination that was required when it was acknowledged.

mod account;
mod processes;
mod scenario;

use std::time::Duration;

use anyhow::{Result, ensure};
use socorro_testkit::plugins::{self, Profile};

use crate::run::{cargo, run as run_program};

/// How long the story is.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Saves in each of the three phases, at least.
    #[arg(long, default_value_t = 600)]
    saves: usize,
    /// Saves a second.
    #[arg(long, default_value_t = 40)]
    rate: u32,
    /// Build as shipped, which takes longer.
    #[arg(long)]
    release: bool,
}

impl Arguments {
    /// Long enough to see every reload under load.
    pub(crate) fn short() -> Self {
        Self {
            saves: 150,
            rate: 40,
            release: false,
        }
    }
}

/// No step takes longer unless something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Builds everything, lives through the story, prints the account; fails unless nothing was lost.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    println!("building the command, the plugins, and programs that crash");
    let profile = if arguments.release {
        Profile::Release
    } else {
        Profile::Dev
    };
    for package in [
        &["--package", "socorro-cli"][..],
        &["--package", "socorro-crashers"],
        &["--package", "socorro-examples", "--example", "load"],
    ] {
        let mut build = cargo(&["build", "--quiet"]);
        if profile == Profile::Release {
            build.arg("--release");
        }
        run_program(build.args(package))?;
    }
    let plugins = plugins::directory(&["filesystem"], profile)?;
    let work = tempfile::Builder::new().prefix("socorro-demo-").tempdir()?;
    let demo = scenario::Demo {
        work: work.path(),
        plugins: &plugins,
        profile,
    };
    let story = demo.live(arguments)?;
    let account = account::draw_up(work.path(), &story)?;
    println!("\n{account}");
    ensure!(
        account.is_clean(),
        "the account is not clean; the story above says when"
    );
    println!("every acknowledged crash is where it had to be, byte for byte");
    Ok(())
}
