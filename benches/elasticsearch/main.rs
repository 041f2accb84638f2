//! Indexing and reading processed crashes: the loaded plugin, which sends what waits in one request, beside the
//! naive loop with the same client, a request for each crash.
#![allow(
    clippy::print_stdout,
    reason = "results go to whoever runs the benchmark"
)]

mod naive;
mod ours;

use std::sync::Arc;

use anyhow::Result;
use socorro_benches::machine;
use socorro_benches::options::Options;
use socorro_benches::servers::peer::Peer;
use socorro_benches::servers::report::{self, Target};
use socorro_benches::servers::sample::Work;
use socorro_testkit::services::{self, Kind};
use tokio::runtime::Runtime;

fn main() -> Result<()> {
    let Some(options) = Options::from_args()? else {
        return Ok(());
    };
    machine::introduce("elasticsearch", &options, &machine::work()?);
    println!("documents of 3 kB, no dumps: they are not kept there\n");
    let server = services::shared(Kind::Elasticsearch)?;
    let runtime = Runtime::new()?;
    let peers: [Arc<dyn Peer>; 2] = runtime.block_on(async {
        Ok::<[Arc<dyn Peer>; 2], anyhow::Error>([
            Arc::new(ours::Indexed::open(&server).await?),
            Arc::new(naive::Naive::open(&server).await?),
        ])
    })?;
    let works = [Work::Save, Work::Read];
    report::run(&options, &runtime, &peers, &works, &[Target::Ahead(1)])
}
