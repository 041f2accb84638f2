use schemars::JsonSchema;
use serde::Deserialize;
use socorro_core::options::ByteSize;

/// Options of a storage in memory.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemoryStorageConfig {
    /// Bytes of raw crashes, dumps and processed crashes together. A save beyond it fails as unavailable.
    pub max_bytes: ByteSize,
    /// How many crashes. A save beyond it fails as unavailable.
    pub max_crashes: u64,
    /// The queue into which the ids of new raw crashes are put, for a memory source of the same queue.
    pub queue: Option<String>,
}

impl Default for MemoryStorageConfig {
    fn default() -> Self {
        Self {
            max_bytes: ByteSize(256 << 20),
            max_crashes: 100_000,
            queue: None,
        }
    }
}

/// Options of a source in memory.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemorySourceConfig {
    /// The queue of the memory storage whose new crashes are handed out.
    pub queue: String,
}
