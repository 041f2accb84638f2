//! What a reload costs those who are served meanwhile, and what it costs itself.
//!
//! | file | idea |
//! |---|---|
//! | `served` | latency of an open-loop load, at rest and while a storage behind it is replaced ten times a second |
//! | `arrivals` | operations at times fixed in advance |
//! | `unchanged` | a reload that changes nothing, with 64 storages of the five real plugins |
//! | `pin` | pinning a generation |
#![allow(
    clippy::print_stdout,
    reason = "results go to whoever runs the benchmark"
)]

mod arrivals;
mod pin;
mod served;
mod unchanged;

use anyhow::Result;
use socorro_benches::options::Options;
use socorro_benches::{libraries, machine};

fn main() -> Result<()> {
    let Some(options) = Options::from_args()? else {
        return Ok(());
    };
    let work = machine::work()?;
    machine::introduce("reload", &options, &work);
    let plugins = match &options.plugins {
        Some(plugins) => plugins.clone(),
        None => libraries::directory()?,
    };
    let directory = tempfile::Builder::new()
        .prefix("reload-")
        .tempdir_in(&work)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let place = directory.path();
    let pin = runtime.block_on(pin::measure(&options, &plugins))?;
    let unchanged = runtime.block_on(unchanged::measure(&options, place, &plugins))?;
    let served = runtime.block_on(served::measure(&options, place, &plugins))?;
    println!("\ntargets");
    served.report();
    unchanged.report();
    pin.report();
    Ok(())
}
