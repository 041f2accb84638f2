//! Options.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use socorro_core::error::{Error, ErrorKind, Result};
use socorro_core::options::HumanDuration;
use socorro_core::plugin::Resource;

/// Options of a filesystem storage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    /// The directory that holds the crashes. It is made if the one above it is there.
    pub root: PathBuf,
    /// How the tree is laid out.
    #[serde(default)]
    pub layout: Layout,
    /// Leftovers of saves that were cut short are removed at start once they are so old.
    #[serde(default = "an_hour")]
    pub sweep_after: HumanDuration,
}

/// Options of a filesystem source. It takes over those of a storage, with `use = "storage.NAME"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// The root of the storage whose new crashes these are.
    pub root: PathBuf,
    /// The layout of that storage, which must be `dated_radix`: no other has a date tree.
    #[serde(default = "dated")]
    pub layout: Layout,
    /// How often to look for new crashes while there are none.
    #[serde(default = "a_second")]
    pub poll: HumanDuration,
    /// How long a crash that was refused rests before it is offered again.
    #[serde(default = "a_minute")]
    pub redeliver_after: HumanDuration,
    /// An option of the storage, without effect here.
    #[serde(default = "an_hour")]
    pub sweep_after: HumanDuration,
}

/// How the tree is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Today's Socorro: `DATE/name/RADIX/ID.json`.
    #[default]
    Radix,
    /// The same with the date tree of Socorro 2015, by which a source finds new crashes.
    DatedRadix,
}

impl StorageConfig {
    /// The directory no two storages of a configuration may share.
    ///
    /// # Errors
    /// `InvalidConfig` when `root` is empty or the current directory cannot be told.
    pub fn resources(&self) -> Result<Vec<Resource>> {
        Ok(vec![Resource::new(
            "storage directory",
            canonical(&self.root)?,
        )])
    }
}

impl SourceConfig {
    /// `InvalidConfig` when nothing could ever come from a source with these options.
    ///
    /// # Errors
    /// See above.
    pub fn check(&self) -> Result<()> {
        if self.layout != Layout::DatedRadix {
            return Err(invalid(
                "a source needs layout = \"dated_radix\", for its storage too: layout \"radix\" has no date tree in which new crashes could be found",
            ));
        }
        if self.poll.0 < Duration::from_millis(1) {
            return Err(invalid("poll must be longer than zero; the default is 1s"));
        }
        Ok(())
    }

    /// The directory no two sources of a configuration may share.
    ///
    /// # Errors
    /// `InvalidConfig`, see [`SourceConfig::check`].
    pub fn resources(&self) -> Result<Vec<Resource>> {
        self.check()?;
        Ok(vec![Resource::new(
            "source directory",
            canonical(&self.root)?,
        )])
    }
}

/// `path` made absolute, the links of as much of it as exists resolved.
fn canonical(path: &Path) -> Result<String> {
    if path.as_os_str().is_empty() {
        return Err(invalid("root is empty; name a directory"));
    }
    let absolute = std::path::absolute(path).map_err(|error| {
        invalid("root is relative and the current directory cannot be told").caused_by(&error)
    })?;
    let parts: Vec<Component<'_>> = absolute.components().collect();
    for existing in (0..=parts.len()).rev() {
        let (there, missing) = parts.split_at(existing);
        let Ok(mut whole) = PathBuf::from_iter(there).canonicalize() else {
            continue;
        };
        for part in missing {
            // What is not there is no link either, so its parent is what its name says.
            match part {
                Component::ParentDir => drop(whole.pop()),
                part => whole.push(part),
            }
        }
        return Ok(whole.display().to_string());
    }
    Ok(absolute.display().to_string())
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

fn dated() -> Layout {
    Layout::DatedRadix
}

fn an_hour() -> HumanDuration {
    HumanDuration(Duration::from_secs(3600))
}

fn a_minute() -> HumanDuration {
    HumanDuration(Duration::from_secs(60))
}

fn a_second() -> HumanDuration {
    HumanDuration(Duration::from_secs(1))
}

#[cfg(test)]
mod tests;
