use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Deserialize;

/// Options of the storage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepsConfig {
    /// Where the echo server listens.
    #[schemars(with = "String")]
    pub echo: SocketAddr,
    /// Bytes of the payload that is held.
    pub payload: usize,
}
