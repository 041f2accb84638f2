//! The plugins, as they are shipped.

use std::path::PathBuf;

use anyhow::Result;
use socorro_testkit::plugins::{self, Profile};

/// Builds every plugin that is measured, and returns the directory of their libraries.
///
/// # Errors
/// When cargo cannot build them.
pub fn directory() -> Result<PathBuf> {
    plugins::directory(&["null", "steps"], Profile::Release)
}
