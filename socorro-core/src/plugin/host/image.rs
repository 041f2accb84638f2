use std::path::PathBuf;

use crate::plugin::abi;

/// Where a plugin's code came from. Empty for a plugin that is linked into the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageInfo {
    /// The file that was asked for.
    pub path: Option<PathBuf>,
    /// SHA-256 of its bytes: the identity of the image.
    pub sha256: Option<[u8; 32]>,
    /// The note that was read from the file before it was loaded.
    pub note: Option<abi::Note>,
}
