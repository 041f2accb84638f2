//! How long, how hard.

use std::path::PathBuf;

/// What a soak is.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many reloads, one after the other.
    pub reloads: usize,
    /// Operations a second.
    pub rate: u32,
    /// Edits, schedule and payloads come from it.
    pub seed: u64,
    /// Keeps all files in a file system in memory, if there is one with room.
    pub in_memory: bool,
    /// Where the libraries `libsocorro_plugin_{filesystem,memory,witness}.so` are.
    pub plugins: PathBuf,
}
