//! The plugins, as they are shipped.

use std::path::PathBuf;

use anyhow::Result;
use socorro_testkit::plugins::{self, Profile};

/// Builds every plugin that is measured, and returns the directory of their libraries.
///
/// All of them for every benchmark: cargo unifies features among what it builds together, so that another set
/// would be another build.
///
/// # Errors
/// When cargo cannot build them.
pub fn directory() -> Result<PathBuf> {
    let names = [
        "elasticsearch",
        "filesystem",
        "null",
        "postgres",
        "rabbitmq",
        "s3",
        "steps",
    ];
    plugins::directory(&names, Profile::Release)
}
