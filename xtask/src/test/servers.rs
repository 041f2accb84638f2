//! The tier of `cargo xtask test` that runs against real servers.

use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use socorro_testkit::services::{Kind, STATE_VARIABLE, state_file};

use super::Log;
use crate::run::{cargo, run};
use crate::services;

/// The feature of a package that has tests with servers.
const FEATURE: &str = "servers";

/// Gets what the servers need, beside other work.
pub(super) struct Fetching(JoinHandle<Result<()>>);

impl Fetching {
    pub(super) fn begin() -> Self {
        Self(thread::spawn(|| {
            if given() {
                return Ok(());
            }
            services::fetch(&Kind::ALL)
        }))
    }

    fn end(self) -> Result<()> {
        let outcome = self.0.join();
        outcome.map_err(|_| anyhow!("getting what the servers need panicked"))?
    }
}

/// Whether servers started elsewhere are to be used.
fn given() -> bool {
    std::env::var_os(STATE_VARIABLE).is_some()
}

/// The packages that have tests with servers.
pub(super) fn packages() -> Result<Vec<String>> {
    let output = cargo(&["metadata", "--format-version=1", "--no-deps"])
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    Ok(packages
        .iter()
        .filter(|package| package["features"].get(FEATURE).is_some())
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .collect())
}

/// The features of all these, as cargo takes them.
pub(super) fn features(packages: &[String]) -> String {
    let features: Vec<String> = packages
        .iter()
        .map(|package| format!("{package}/{FEATURE}"))
        .collect();
    features.join(",")
}

/// Starts the servers, runs the tests of these packages, and stops the servers however that ends.
pub(super) fn test(log: &mut Log, fetching: Fetching, packages: &[String]) -> Result<()> {
    log.step("what the servers need, the rest of it", || fetching.end())?;
    let _stop = if given() {
        println!("servers: those in {}", state_file().display());
        None
    } else {
        let stop = services::StopAtEnd::new()?;
        log.step("servers up", || services::up(&Kind::ALL))?;
        Some(stop)
    };
    let mut command = cargo(&["test", "--quiet", "--features", &features(packages)]);
    // Unit tests ran already.
    command.args(["--test", "*"]);
    for package in packages {
        command.args(["--package", package]);
    }
    log.step("tests with servers", || run(&mut command))
}
