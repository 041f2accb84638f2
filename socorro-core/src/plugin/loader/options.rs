use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ImageHash;
use crate::options::HumanDuration;
use crate::plugin::OpenOptions;

/// The `[plugins]` table: where plugins are found, and how they are loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoaderOptions {
    /// Directories that are searched for `libsocorro_plugin_<type>.so`, the first that has it wins. Empty
    /// means `../plugins` beside the directory of the running program. Applies to the next load.
    pub path: Vec<PathBuf>,

    /// Where the private copies go that libraries are loaded from: a directory on a disk that can be written
    /// and is not mounted `noexec`. By default `$XDG_RUNTIME_DIR/socorro`, else a directory of this user's own
    /// in the temporary directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<PathBuf>,

    /// The SHA-256 that the library of a plugin must have, by the plugin's name. A plugin that is not named
    /// here is not checked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sha256: BTreeMap<String, ImageHash>,

    /// How many different libraries one process may load in its life. Code is never unloaded, so every new
    /// build of a plugin counts; beyond the bound a restart is needed.
    pub max_images: usize,

    /// How long a library's constructors and its entry function may take, and how long each making and ending
    /// of an instance.
    pub timeout: HumanDuration,

    /// Threads of the runtime of each library; 0 leaves it to the plugin. Taken when the library's first
    /// instance is made.
    pub worker_threads: u32,

    /// Most threads for blocking work of each library; 0 leaves it to the plugin. Taken when the library's
    /// first instance is made.
    pub blocking_threads: u32,
}

impl LoaderOptions {
    /// How instances of the plugins are made.
    pub fn open(&self) -> OpenOptions {
        OpenOptions {
            timeout: self.timeout.0,
            worker_threads: self.worker_threads,
            blocking_threads: self.blocking_threads,
        }
    }
}

impl Default for LoaderOptions {
    fn default() -> Self {
        Self {
            path: Vec::new(),
            stage: None,
            sha256: BTreeMap::new(),
            max_images: 32,
            timeout: HumanDuration(Duration::from_secs(30)),
            worker_threads: 0,
            blocking_threads: 0,
        }
    }
}
