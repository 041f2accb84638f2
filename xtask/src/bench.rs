//! `cargo xtask bench`: ours and the peers' side by side.

use anyhow::Result;

use crate::run::{cargo, run as run_program};

/// Which benchmarks.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these: boundary, filesystem, memory, reload; and, against servers, s3, postgres, elasticsearch, rabbitmq.
    names: Vec<String>,
    /// Given to each benchmark: --seed N, --rounds N; against servers also --crashes N.
    #[arg(last = true)]
    options: Vec<String>,
}

/// Runs each benchmark; they build the plugins they measure, as these are shipped.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let all = ["boundary", "filesystem", "memory", "reload"].map(str::to_owned);
    let names = if arguments.names.is_empty() {
        &all[..]
    } else {
        &arguments.names
    };
    for name in names {
        let bench = ["bench", "--package", "socorro-benches", "--bench", name];
        run_program(cargo(&bench).arg("--").args(&arguments.options))?;
    }
    Ok(())
}
