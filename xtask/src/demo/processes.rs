//! The programs of the demo.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use socorro_testkit::plugins::Profile;
use socorro_testkit::program::Program;

use crate::run::run;

/// Where cargo put what was built.
fn built(profile: Profile, name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| socorro_testkit::root().join("target"), PathBuf::from);
    target.join(profile.directory()).join(name)
}

/// Makes programs crash, `each` times in each way, and keeps what they leave in `directory`.
pub(super) fn make_crashes(profile: Profile, directory: &Path, each: u32) -> Result<()> {
    run(Command::new(built(profile, "make-crashes"))
        .arg("--out")
        .arg(directory)
        .arg("--each")
        .arg(each.to_string()))
}

/// The crash mover: the command itself.
pub(super) fn mover(profile: Profile, config: &Path, once: bool) -> Result<Program> {
    let mut command = Command::new(built(profile, "socorro"));
    command.arg("--config").arg(config).args([
        "--log",
        "json",
        "--log-level",
        "info,socorro_core::pipeline=debug",
    ]);
    command.arg("run");
    if once {
        command.arg("--once");
    }
    Program::start(&mut command)
}

/// The program that saves: one that embeds the library.
pub(super) fn load(
    profile: Profile,
    config: &Path,
    crashes: &Path,
    journal: &Path,
    rate: u32,
) -> Result<Program> {
    let mut command = Command::new(built(profile, "examples/load"));
    command
        .arg("--config")
        .arg(config)
        .arg("--crashes")
        .arg(crashes)
        .arg("--journal")
        .arg(journal);
    command.arg("--rate").arg(rate.to_string());
    Program::start(&mut command)
}
