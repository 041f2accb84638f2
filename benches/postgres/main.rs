//! Saving and reading crashes in PostgreSQL: the loaded plugin beside the naive loop with the same client, a
//! transaction for each crash.
#![allow(
    clippy::print_stdout,
    reason = "results go to whoever runs the benchmark"
)]

mod documents;
mod naive;

use std::sync::Arc;

use anyhow::Result;
use serde_json::json;
use socorro_benches::machine;
use socorro_benches::options::Options;
use socorro_benches::servers::ours::Ours;
use socorro_benches::servers::peer::Peer;
use socorro_benches::servers::report::{self, Target};
use socorro_benches::servers::sample::Work;
use socorro_testkit::services::{self, Kind, Server};
use tokio::runtime::Runtime;

use documents::Documents;

/// The schema of each peer; in the database that the server's address names.
const OURS: &str = "socorro_benchmark_ours";
const NAIVE: &str = "socorro_benchmark_naive";

/// Connections of each peer.
const CONNECTIONS: usize = 8;

fn main() -> Result<()> {
    let Some(options) = Options::from_args()? else {
        return Ok(());
    };
    machine::introduce("postgres", &options, &machine::work()?);
    println!("{CONNECTIONS} connections for each peer\n");
    let server = services::shared(Kind::Postgres)?;
    println!("## With dumps\n");
    measure(&options, &server, true)?;
    println!("\n## Documents alone\n");
    measure(&options, &server, false)
}

fn measure(options: &Options, server: &Server, with_dumps: bool) -> Result<()> {
    let runtime = Runtime::new()?;
    let naive = naive::Naive::open(server, CONNECTIONS, with_dumps)?;
    let ours = runtime.block_on(Ours::open(
        "postgres plugin, loaded",
        json!({
            "type": "postgres",
            "url": naive::url(server),
            "schema": OURS,
            "connections": CONNECTIONS,
            "dumps": if with_dumps { "stored" } else { "declined" },
        }),
        ("password", &server.password),
    ))?;
    let ours: Arc<dyn Peer> = if with_dumps {
        Arc::new(ours)
    } else {
        Arc::new(Documents(ours))
    };
    let peers: [Arc<dyn Peer>; 2] = [ours, Arc::new(naive)];
    let works = [Work::Save, Work::Read];
    let targets = [Target::Ahead(1)];
    report::run(options, &runtime, &peers, &works, &targets)?;
    // The plugin's threads and connections end with it; only then can its schema go.
    drop(peers);
    naive::clean_up(server)
}
