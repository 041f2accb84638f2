//! `cargo xtask dist`: the command, the plugins and the header in `target/dist`; in `target/dist-dev` when
//! built without optimization.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use socorro_testkit::plugins::{self, Profile};

use crate::run::{self, cargo};

/// How it is built.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// `release` as it is shipped, or `dev`, which is built sooner and goes to target/dist-dev.
    #[arg(long, default_value = "release", value_parser = profile)]
    profile: Profile,
}

fn profile(name: &str) -> Result<Profile, String> {
    match name {
        "release" => Ok(Profile::Release),
        "dev" => Ok(Profile::Dev),
        _ => Err("there are release and dev".to_owned()),
    }
}

/// Makes it and returns the directory.
pub(crate) fn run(arguments: &Arguments) -> Result<PathBuf> {
    make(arguments.profile)
}

/// Makes the distribution and returns its directory.
pub(crate) fn make(profile: Profile) -> Result<PathBuf> {
    let root = socorro_testkit::root();
    let target = socorro_testkit::target();
    let mut build = cargo(&["build", "--package", "socorro-cli"]);
    let dist = match profile {
        Profile::Release => {
            build.arg("--release");
            target.join("dist")
        }
        Profile::Dev => target.join("dist-dev"),
    };
    run::run(&mut build)?;
    let names = plugins::all()?;
    let libraries = plugins::directory(&names, profile)?;
    if dist.exists() {
        fs::remove_dir_all(&dist)
            .with_context(|| format!("cannot remove the old {}", dist.display()))?;
    }
    for part in ["bin", "plugins", "include"] {
        fs::create_dir_all(dist.join(part))?;
    }
    let command = target.join(profile.directory()).join("socorro");
    copy(&command, &dist.join("bin/socorro"))?;
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
