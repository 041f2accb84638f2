//! Builds plugins apart from the host: with `-p` and into a target directory of their own, so that cargo does
//! not unify their features with the host's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, ensure};

use crate::root;

/// How plugins are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Quickly, for tests.
    Dev,
    /// As they are shipped, for benchmarks and distributions.
    Release,
}

impl Profile {
    /// The directory below a target directory that cargo uses for it.
    pub fn directory(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Every plugin of this workspace, by name: the directories under `socorro-plugins`.
pub fn all() -> Result<Vec<String>> {
    let plugins = root().join("socorro-plugins");
    let mut names = Vec::new();
    for entry in
        std::fs::read_dir(&plugins).with_context(|| format!("cannot list {}", plugins.display()))?
    {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            names.extend(
                path.file_name()
                    .and_then(|name| name.to_str())
                    .map(str::to_owned),
            );
        }
    }
    names.sort();
    Ok(names)
}

/// Builds these plugins and returns the directory that holds their libraries, among others.
///
/// The directory can be given as `plugins.path`. Builds once a process and profile; cargo's own lock keeps
/// processes out of each other's way.
///
/// Those of this workspace are built all together, whichever are asked for: cargo unifies features among what it
/// builds at once, so another set would be other libraries, which tests that run at the same time would take from
/// each other.
pub fn directory<S: AsRef<str>>(names: &[S], profile: Profile) -> Result<PathBuf> {
    static BUILT: OnceLock<Mutex<BTreeMap<Profile, Vec<String>>>> = OnceLock::new();
    let mut built = BUILT
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let done = built.entry(profile).or_default();
    let ours = all()?;
    for name in names.iter().map(AsRef::as_ref) {
        if done.iter().any(|done| done == name) {
            continue;
        }
        let together = if ours.iter().any(|one| one == name) {
            ours.clone()
        } else {
            vec![name.to_owned()]
        };
        build(&together, profile)?;
        done.extend(together);
    }
    Ok(output(profile))
}

/// The bytes of a library without what only debuggers read, which is most of a library built for tests: for tests
/// that load many versions of one.
///
/// # Errors
/// When it cannot be read. Where there is no `strip`, the library is returned as it is.
pub fn without_debug(library: &Path) -> Result<Vec<u8>> {
    let directory = tempfile::tempdir()?;
    let small = directory.path().join("library");
    let stripped = Command::new("strip")
        .arg("--strip-debug")
        .arg("-o")
        .arg(&small)
        .arg(library)
        .status();
    let there = match stripped {
        Ok(status) if status.success() => &*small,
        _ => library,
    };
    std::fs::read(there).with_context(|| format!("cannot read {}", there.display()))
}

/// Where cargo puts the libraries.
fn output(profile: Profile) -> PathBuf {
    target().join(profile.directory())
}

/// A target directory that no build of the host uses.
fn target() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("plugins")
}

/// Is a variable about the one package that is being tested? Some build scripts ask for them, and would run again for
/// each package.
fn is_of_the_build(variable: &str) -> bool {
    let one_of = [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
    ];
    one_of.contains(&variable)
        || ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
            .iter()
            .any(|prefix| variable.starts_with(prefix))
}

fn build(names: &[String], profile: Profile) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root())
        .args(["build", "--quiet", "--lib"])
        .arg("--target-dir")
        .arg(target());
    if profile == Profile::Release {
        command.arg("--release");
    }
    for name in names {
        command
            .arg("--package")
            .arg(format!("socorro-plugin-{name}"));
    }
    // Set by the build of the test that runs us; they would make this build another one.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_of_the_build) {
            command.env_remove(name);
        }
    }
    let status = command
        .status()
        .context("cannot run cargo to build the plugins")?;
    ensure!(
        status.success(),
        "cargo could not build the plugins {}: {status}",
        names.join(", ")
    );
    Ok(())
}
