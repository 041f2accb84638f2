use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use socorro_benches::options::Options;
use socorro_benches::statistics::median;
use socorro_benches::target;
use socorro_core::config::Layers;
use socorro_core::live::Socorro;

/// Rounds unless the command line says otherwise.
const ROUNDS: usize = 15;
const PINS: u32 = 2_000_000;
/// Of a pin, in nanoseconds.
const TARGET: f64 = 20.0;

/// What was found: nanoseconds of a pin, for one thread.
pub(crate) struct Pin(f64);

/// Pins the current generation and lets it go: what every operation begins and ends with.
pub(crate) async fn measure(options: &Options, plugins: &Path) -> Result<Pin> {
    let layers = Layers::new().defaults(json!({
        "plugins": { "path": [plugins] },
        "storage": { "only": { "type": "memory" } },
    }));
    let socorro = Arc::new(Socorro::start(layers).await?);
    println!(
        "{:<40} {:>10}",
        "pinning a generation and letting it go", "ns"
    );
    let mut medians = [0.0; 2];
    for (threads, to) in [1, 2].into_iter().zip(&mut medians) {
        let mut samples = Vec::new();
        for _ in 0..options.rounds.unwrap_or(ROUNDS) {
            let threads: Vec<_> = (0..threads)
                .map(|_| {
                    let socorro = Arc::clone(&socorro);
                    thread::spawn(move || {
                        let started = Instant::now();
                        for _ in 0..PINS {
                            black_box(socorro.generation());
                        }
                        started.elapsed().as_secs_f64() * 1e9 / f64::from(PINS)
                    })
                })
                .collect();
            samples.extend(threads.into_iter().filter_map(|thread| thread.join().ok()));
        }
        *to = median(&samples);
        println!("  {:<38} {to:>10.1}", format!("{threads} threads at once"));
    }
    socorro.shutdown().await;
    let [alone, _] = medians;
    Ok(Pin(alone))
}

impl Pin {
    pub(crate) fn report(&self) {
        target::report(
            self.0 < TARGET,
            "pinning a generation under 20 ns",
            &format!("{:.1} ns", self.0),
        );
    }
}
