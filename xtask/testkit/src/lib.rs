//! What the tests, benchmarks and developer commands of this workspace share.
//!
//! | file | idea |
//! |---|---|
//! | [`plugins`] | builds plugins apart from the host, as a user would |
//! | [`canary`] | secrets that can be found again in what was printed |
//! | [`memory`] | a file system in memory |
//! | [`program`] | a running program: its output line by line, signals, its end |
//! | [`services`] | real servers, shared or of a test's own |
//! | [`proxy`] | a TCP proxy that cuts, refuses and stalls |

pub mod canary;
pub mod memory;
pub mod plugins;
pub mod program;
pub mod proxy;
pub mod services;

use std::path::PathBuf;

/// The root of the workspace.
pub fn root() -> PathBuf {
    // Two levels above this crate: xtask/testkit.
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .map_or_else(|| here.clone(), PathBuf::from)
}

/// The target directory of this workspace.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
