//! A storage that can only say and measure things, built as a library of its own, for the tests that need one.
//! A test makes another version of the library by writing other digits over those of [`VERSION`].
#![allow(clippy::panic)]

use std::path::PathBuf;

use socorro_core::crash::{DumpName, StoredId};
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, CrashStorage};
use socorro_core::{Bytes, Context, Result, async_trait, export_plugin};

export_plugin! { name: "boundary", storage: Talkative }

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A named pipe: a `get_dump` of `waits` goes on when whoever writes it has closed it.
    gate: Option<PathBuf>,
}

struct Talkative {
    gate: Option<PathBuf>,
}

/// In the file once, to be found there.
#[used]
static VERSION: [u8; 24] = *b"boundary-version-0000001";

fn version() -> Bytes {
    // What is in memory, not what the compiler knows.
    Bytes::copy_from_slice(std::hint::black_box(&VERSION))
}

#[async_trait]
impl CrashStorage for Talkative {
    fn capabilities(&self) -> Capabilities {
        Capabilities::GET_DUMPS | Capabilities::DELETE
    }

    async fn get_dump(&self, _: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        match name.as_str() {
            "logs" => {
                tracing::info!(target: "boundary::said", %id, attempt = 2, "looked for a dump");
                tracing::debug!("in passing");
            }
            "measures" => {
                metrics::counter!("dumps_total", "kind" => "mini").increment(2);
                metrics::gauge!("open_files").increment(3.0);
                metrics::gauge!("open_files").decrement(1.0);
                metrics::histogram!("size").record(1.5);
            }
            "panics" => panic!("over here"),
            "blocks" => {
                // Longer than any test runs: what destroy makes of a thread that does not end.
                let blocks = tokio::task::spawn_blocking(|| {
                    tracing::error!("about to block");
                    loop {
                        std::thread::park();
                    }
                });
                blocks.await.unwrap_or_default()
            }
            "version" => return Ok(version()),
            "waits" => {
                let gate = self.gate.clone().unwrap_or_default();
                let waits = tokio::task::spawn_blocking(move || std::fs::read(gate));
                waits.await.map(drop).unwrap_or_default();
                return Ok(version());
            }
            "works" => tokio::task::spawn_blocking(|| ()).await.unwrap_or_default(),
            _ => {}
        }
        Ok(Bytes::new())
    }

    async fn delete(&self, _: &Context, _: &StoredId) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl StoragePlugin for Talkative {
    type Config = Config;

    const CAPABILITIES: Capabilities = Capabilities::GET_DUMPS.union(Capabilities::DELETE);

    async fn open(config: Config, cx: &OpenContext) -> Result<Self> {
        tracing::warn!(name = cx.name, "opened");
        Ok(Self { gate: config.gate })
    }
}
