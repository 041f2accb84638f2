//! Saving and reading crashes on an S3 server: the loaded plugin beside a bare loop with the same client and two
//! libraries that a service would take instead. All of them put the same three objects for a crash, one after
//! the other: the names of the dumps, the dump, and last the document that says that the crash is whole.
#![allow(
    clippy::print_stdout,
    reason = "results go to whoever runs the benchmark"
)]

mod bare;
mod keys;
mod object_store_peer;
mod opendal_peer;

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::json;
use socorro_benches::machine;
use socorro_benches::options::Options;
use socorro_benches::servers::ours::Ours;
use socorro_benches::servers::peer::Peer;
use socorro_benches::servers::report::{self, Target};
use socorro_benches::servers::sample::Work;
use socorro_testkit::services::{self, Kind, Server};
use tokio::runtime::Runtime;

/// The bucket on the server. Made if it is not there, kept afterwards, empty.
const BUCKET: &str = "socorro-benchmark";

fn main() -> Result<()> {
    let Some(options) = Options::from_args()? else {
        return Ok(());
    };
    machine::introduce("s3", &options, &machine::work()?);
    // The ring provider is the one of everything here; object_store asks for a default.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok()
        .context("another provider of cryptography is installed already")?;
    let runtime = Runtime::new()?;
    for kind in [Kind::Ceph, Kind::Garage] {
        let server = services::shared(kind)?;
        println!("## {kind:?}\n");
        let peers = runtime.block_on(peers(&server))?;
        let targets = [Target::AtLeast(1, 0.95), Target::Ahead(2), Target::Ahead(3)];
        report::run(
            &options,
            &runtime,
            &peers,
            &[Work::Save, Work::Read],
            &targets,
        )?;
        println!();
    }
    Ok(())
}

async fn peers(server: &Server) -> Result<Vec<Arc<dyn Peer>>> {
    let bare = bare::Bare::open(server).await?;
    let ours = Ours::open(
        "s3 plugin, loaded",
        json!({
            "type": "s3",
            "bucket": BUCKET,
            "endpoint_url": server.url,
            "force_path_style": true,
            "prefix": "ours",
            "access_key_id": server.user,
            "checksums": "when_required",
        }),
        ("secret_access_key", &server.password),
    )
    .await?;
    Ok(vec![
        Arc::new(ours),
        Arc::new(bare),
        Arc::new(object_store_peer::ObjectStorePeer::open(server)?),
        Arc::new(opendal_peer::OpenDalPeer::open(server)?),
    ])
}
