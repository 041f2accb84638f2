use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use socorro_testkit::memory::Files;
use socorro_testkit::plugins;
use tempfile::TempDir;

use crate::model::{Model, VERSIONS};

/// Directories, libraries of several versions, the configuration file.
pub(crate) struct Place {
    directory: TempDir,
    /// The same without links on the way: others must not be able to turn one.
    path: PathBuf,
}

/// The plugins that are loaded.
const PLUGINS: [&str; 3] = ["filesystem", "memory", "witness"];

impl Place {
    /// With copies of these libraries.
    pub(crate) fn new(libraries: &Path, files: Files) -> Result<Self> {
        let directory = files.temporary("soak-")?;
        let path = directory.path().canonicalize()?;
        let place = Self { directory, path };
        fs::create_dir(place.path("plugins"))?;
        for plugin in PLUGINS {
            let library = libraries.join(format!("libsocorro_plugin_{plugin}.so"));
            let mut bytes = plugins::without_debug(&library)?;
            for version in 0..VERSIONS {
                // Behind the end of what the linker reads: another content, so another image of the same code.
                bytes.push(0);
                fs::write(place.library(plugin, version), &bytes)?;
            }
        }
        Ok(place)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A library of a plugin. The first version is the one that is found by name.
    pub(crate) fn library(&self, plugin: &str, version: usize) -> PathBuf {
        self.path("plugins").join(match version {
            0 => format!("libsocorro_plugin_{plugin}.so"),
            version => format!("{plugin}-{version}.so"),
        })
    }

    /// Makes the files say what the model says, each at once.
    pub(crate) fn write(&self, model: &Model) -> Result<()> {
        self.replace("secret", |new| {
            fs::write(new, format!("secret {}", model.secret))?;
            // Whoever else can read it would be warned about.
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(new, private)
        })?;
        self.replace("turning.so", |new| {
            symlink(self.library("witness", model.turned), new)
        })?;
        self.replace("socorro.toml", |new| fs::write(new, model.text(self)))
    }

    fn replace(&self, name: &str, make: impl Fn(&Path) -> std::io::Result<()>) -> Result<()> {
        let new = self.path("new");
        make(&new)
            .and_then(|()| fs::rename(&new, self.path(name)))
            .with_context(|| format!("cannot write {name}"))
    }

    /// Removes everything, saying so when that does not work.
    pub(crate) fn remove(self) -> Result<()> {
        self.directory
            .close()
            .context("cannot remove the directory of the soak")
    }
}
