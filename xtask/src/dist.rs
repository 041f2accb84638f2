//! `cargo xtask dist`: the command, the plugins and the header in `target/dist`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use socorro_testkit::plugins::{self, Profile};

use crate::run::{self, cargo};

/// Makes `target/dist` and returns it.
pub(crate) fn run() -> Result<PathBuf> {
    let root = socorro_testkit::root();
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let dist = target.join("dist");
    run::run(&mut cargo(&[
        "build",
        "--release",
        "--package",
        "socorro-cli",
    ]))?;
    let names = plugins::all()?;
    let libraries = plugins::directory(&names, Profile::Release)?;
    if dist.exists() {
        fs::remove_dir_all(&dist)
            .with_context(|| format!("cannot remove the old {}", dist.display()))?;
    }
    for part in ["bin", "plugins", "include"] {
        fs::create_dir_all(dist.join(part))?;
    }
    copy(&target.join("release/socorro"), &dist.join("bin/socorro"))?;
    for name in names {
        let library = format!(
            "{}socorro_plugin_{name}{}",
            std::env::consts::DLL_PREFIX,
            std::env::consts::DLL_SUFFIX
        );
        copy(
            &libraries.join(&library),
            &dist.join("plugins").join(&library),
        )?;
    }
    let header = "socorro_plugin.h";
    copy(
        &root.join("socorro-core/include").join(header),
        &dist.join("include").join(header),
    )?;
    Ok(dist)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
