//! The tier of `cargo xtask test` that runs against real servers.

use std::collections::BTreeSet;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use socorro_testkit::memory::Files;
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

/// What there is to test with servers, as cargo takes it.
pub(super) struct Tier {
    /// The feature of every package that has such tests.
    pub(super) features: String,
    /// The names of their test binaries.
    tests: BTreeSet<String>,
}

impl Tier {
    /// As the workspace's manifests have it.
    pub(super) fn find() -> Result<Self> {
        let output = cargo(&["metadata", "--format-version=1", "--no-deps"])
            .output()
            .context("cannot run cargo metadata")?;
        let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut features = Vec::new();
        let mut tests = BTreeSet::new();
        for package in list(&metadata["packages"]) {
            if package["features"].get(FEATURE).is_none() {
                continue;
            }
            let name = package["name"]
                .as_str()
                .context("a package without a name")?;
            features.push(format!("{name}/{FEATURE}"));
            for target in list(&package["targets"]) {
                let needed = list(&target["required-features"]);
                if let (true, Some(name)) = (
                    needed.iter().any(|needed| needed == FEATURE),
                    target["name"].as_str(),
                ) {
                    tests.insert(name.to_owned());
                }
            }
        }
        Ok(Self {
            features: features.join(","),
            tests,
        })
    }
}

/// Starts the servers, runs this tier, and stops the servers however that ends.
pub(super) fn test(log: &mut Log, fetching: Fetching, tier: &Tier) -> Result<()> {
    log.step("what the servers need, the rest of it", || fetching.end())?;
    let _stop = if given() {
        println!("servers: those in {}", state_file().display());
        None
    } else {
        let stop = services::StopAtEnd::new()?;
        log.step("servers up", || services::up(&Kind::ALL, Files::InMemory))?;
        Some(stop)
    };
    // Of the whole workspace: fewer packages would unify other features, and build every dependency once more.
    let arguments = [
        "test",
        "--workspace",
        "--quiet",
        "--features",
        &tier.features,
    ];
    let mut command = cargo(&arguments);
    for test in &tier.tests {
        command.args(["--test", test]);
    }
    // They wait for servers more than they compute.
    command.env("RUST_TEST_THREADS", "4");
    // With what passing tests print, so that it is searched.
    command.args(["--", "--show-output"]);
    log.step("tests with servers", || run(&mut command))
}
