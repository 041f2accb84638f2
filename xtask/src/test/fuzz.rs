//! The targets of `cargo fuzz`, each for a moment, where the toolchain has it.

use anyhow::Result;
use socorro_testkit::root;

use super::Log;
use crate::run::{cargo, run};

/// One function of `socorro_core::config::fuzzing` each.
const TARGETS: [&str; 5] = ["toml", "json", "variables", "flags", "layers"];

/// Runs them. Without `cargo fuzz`, the mutations among the tests of core have driven the same functions.
pub(super) fn run_all(log: &mut Log) -> Result<()> {
    let has_it = cargo(&["+nightly", "fuzz", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_it {
        println!(
            "\n== fuzz: there is none here; `cargo install cargo-fuzz` and a nightly compiler add it"
        );
        return Ok(());
    }
    for target in TARGETS {
        let arguments = [
            "+nightly",
            "fuzz",
            "run",
            target,
            "--",
            "-max_total_time=10",
        ];
        log.step(&format!("fuzz {target}"), || {
            run(cargo(&arguments).current_dir(root().join("socorro-core")))
        })?;
    }
    Ok(())
}
