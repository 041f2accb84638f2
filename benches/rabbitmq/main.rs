//! Queueing ids and taking them out again: the loaded plugin beside a bare loop with the same client. A save is
//! one persistent message and its confirmation, a read one delivery and its acknowledgement, for both on a
//! quorum queue.
#![allow(
    clippy::print_stdout,
    reason = "results go to whoever runs the benchmark"
)]

mod bare;
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

/// The queue of each peer; taken away at the end.
const OURS: &str = "socorro.benchmark.ours";
const BARE: &str = "socorro.benchmark.bare";

/// What the broker hands out before it waits for an acknowledgement.
const PREFETCH: u16 = 256;

fn main() -> Result<()> {
    let Some(options) = Options::from_args()? else {
        return Ok(());
    };
    machine::introduce("rabbitmq", &options, &machine::work()?);
    println!("ids of 36 bytes, quorum queues, prefetch {PREFETCH}\n");
    let server = services::shared(Kind::Rabbitmq)?;
    let runtime = Runtime::new()?;
    let peers: [Arc<dyn Peer>; 2] = runtime.block_on(async {
        let bare = bare::Bare::open(&server).await?;
        let ours = ours::Queue::open(&server).await?;
        Ok::<[Arc<dyn Peer>; 2], anyhow::Error>([Arc::new(ours), Arc::new(bare)])
    })?;
    let works = [Work::Save, Work::Read];
    let targets = [Target::AtLeast(1, 0.95)];
    report::run(&options, &runtime, &peers, &works, &targets)?;
    drop(peers);
    runtime.block_on(bare::clean_up(&server))
}
