//! What a lone operation through the boundary consists of.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use socorro_benches::statistics::{median, percentile};
use socorro_core::plugin::PluginStorage;
use socorro_core::storage::CrashStorage;
use socorro_plugin_steps::Reached;
use tokio::runtime::Runtime;

use crate::peers::Peers;
use crate::work::Fixture;

/// Operations in a round.
const TIMES: usize = 400;

/// The parts of one operation, in nanoseconds.
struct Parts {
    submit: f64,
    into: f64,
    out: f64,
    all: f64,
}

/// Prints medians of the parts.
pub(crate) fn report(
    host: &Runtime,
    peers: &Peers,
    fixture: &Arc<Fixture>,
    rounds: usize,
) -> Result<()> {
    let storage = peers.steps.loaded.clone();
    let fixture = Arc::clone(fixture);
    let parts = host.block_on(async {
        tokio::spawn(async move { take_apart(&storage, &fixture, TIMES * rounds).await }).await?
    })?;
    let of = |part: fn(&Parts) -> f64| {
        let values: Vec<f64> = parts.iter().map(part).collect();
        format!("{:>9.0} {:>9.0}", median(&values), percentile(&values, 99))
    };
    println!("a lone operation through the loaded plugin, ns     p50       p99");
    println!(
        "  submit returns to the caller             {}",
        of(|parts| parts.submit)
    );
    println!(
        "  hop in: until the plugin's code runs     {}",
        of(|parts| parts.into)
    );
    println!(
        "  hop out: until the caller goes on        {}",
        of(|parts| parts.out)
    );
    println!(
        "  all of it                                {}",
        of(|parts| parts.all)
    );
    println!("  (submit is part of the hop in: the plugin's thread wakes up meanwhile)");
    Ok(())
}

async fn take_apart(
    storage: &PluginStorage,
    fixture: &Fixture,
    times: usize,
) -> Result<Vec<Parts>> {
    let mut parts = Vec::with_capacity(times);
    for _ in 0..times {
        let mut submitted = None;
        let (started, begun) = (Reached::now(), Instant::now());
        let mut operation = storage.get_raw_crash(&fixture.cx, &fixture.stored);
        let answer = poll_fn(|cx| {
            let polled = operation.as_mut().poll(cx);
            // The first poll submits.
            submitted.get_or_insert_with(|| begun.elapsed());
            polled
        })
        .await;
        let (ended, all) = (Reached::now(), begun.elapsed());
        let reached = Reached::from_json(answer?.as_bytes())?;
        parts.push(Parts {
            submit: submitted.unwrap_or_default().as_nanos() as f64,
            into: reached.0.saturating_sub(started.0) as f64,
            out: ended.0.saturating_sub(reached.0) as f64,
            all: all.as_nanos() as f64,
        });
    }
    Ok(parts)
}
