//! How long, how hard.

use std::path::PathBuf;

use socorro_testkit::memory::Files;

/// What a soak is.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many reloads, one after the other.
    pub reloads: usize,
    /// Operations a second.
    pub rate: u32,
    /// Edits, schedule and payloads come from it.
    pub seed: u64,
    /// Where all its files are.
    pub files: Files,
    /// Where the libraries `libsocorro_plugin_{filesystem,memory,witness}.so` are.
    pub plugins: PathBuf,
}
