//! What the tests, benchmarks and developer commands of this workspace share.
//!
//! | file | idea |
//! |---|---|
//! | [`plugins`] | builds plugins apart from the host, as a user would |
//! | [`program`] | a running program: its output line by line, signals, its end |

pub mod plugins;
pub mod program;

use std::path::PathBuf;

/// The root of the workspace.
pub fn root() -> PathBuf {
    // Two levels above this crate: xtask/testkit.
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .map_or_else(|| here.clone(), PathBuf::from)
}
