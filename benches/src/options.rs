//! What the command line says.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// How to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `--seed N`: ids and payloads come from it.
    pub seed: u64,
    /// `--rounds N`: how often each peer is measured; `None` leaves it to the benchmark.
    pub rounds: Option<usize>,
    /// `--crashes N`: how many crashes a sample has, for benchmarks of servers.
    pub crashes: Option<usize>,
    /// `--plugins DIR`: plugins that were built already; only `reload` takes them.
    pub plugins: Option<PathBuf>,
}

impl Options {
    /// Those this program was started with; `None` unless `cargo bench` started it, whose `--bench` tells it
    /// from a test run.
    ///
    /// # Errors
    /// When an option is unknown or its value is no number.
    pub fn from_args() -> Result<Option<Self>> {
        Self::parse(std::env::args().skip(1))
    }

    fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Self>> {
        let mut options = Self {
            seed: 1,
            rounds: None,
            crashes: None,
            plugins: None,
        };
        let mut bench = false;
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            if argument == "--plugins" {
                let path = arguments.next().context("--plugins needs a directory")?;
                options.plugins = Some(path.into());
                continue;
            }
            let mut number = || {
                arguments
                    .next()
                    .and_then(|value| value.parse::<u64>().ok())
                    .with_context(|| format!("{argument} needs a number"))
            };
            match argument.as_str() {
                "--bench" => bench = true,
                "--seed" => options.seed = number()?,
                "--rounds" => options.rounds = Some(usize::try_from(number()?)?.max(1)),
                "--crashes" => options.crashes = Some(usize::try_from(number()?)?.max(1)),
                // What test runners pass; without `--bench` nothing is measured anyway.
                _ if !bench => {}
                other => bail!(
                    "{other:?} is no option here; there are --seed N, --rounds N, --crashes N and --plugins DIR"
                ),
            }
        }
        Ok(bench.then_some(options))
    }
}

#[cfg(test)]
mod tests;
