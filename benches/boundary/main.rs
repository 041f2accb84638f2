//! What the plugin boundary costs: a loaded plugin beside the same storage called directly.
//!
//! | file | idea |
//! |---|---|
//! | `peers` | the ways to the same storage |
//! | `work` | what is done |
//! | `measure` | how long it takes, for one caller and for many |
//! | `lone` | what a lone operation through the boundary consists of |
//! | `echo` | the other end of the small I/O steps |
#![allow(
    clippy::print_stdout,
    reason = "results go to whoever runs the benchmark"
)]

mod echo;
mod lone;
mod measure;
mod peers;
mod work;

use anyhow::Result;
use socorro_benches::machine;
use socorro_benches::options::Options;
use socorro_benches::random::Random;
use socorro_benches::statistics::{median, ratio};
use socorro_benches::target;

use crate::measure::measure;
use crate::peers::{Peer, Peers};
use crate::work::{Fixture, Work};

/// Rounds unless the command line says otherwise.
const ROUNDS: usize = 15;
/// The callers of a busy service.
const MANY: usize = 64;
/// A no-op may take so long for each of many callers, in nanoseconds.
const NO_OP: f64 = 2_000.0;
/// An operation with I/O may take so many times as long as when called directly.
const STEPS: f64 = 1.2;

fn main() -> Result<()> {
    let Some(options) = Options::from_args()? else {
        return Ok(());
    };
    machine::introduce("boundary", &options, &machine::work()?);
    let rounds = options.rounds.unwrap_or(ROUNDS);
    let fixture = Fixture::new(&mut Random::new(options.seed))?;
    let host = tokio::runtime::Runtime::new()?;
    let echo = echo::start()?;
    let peers = host.block_on(Peers::open(echo))?;

    println!(
        "{rounds} rounds, peers interleaved; nanoseconds of wall time an operation, median of the rounds, and in \
         brackets\nthe median ratio to direct in the same round. floor: a task spawned on another runtime that \
         answers through\na oneshot channel, which is the least that a hop in and a hop out can cost\n"
    );
    println!(
        "{:<30} {:>7} {:>10} {:>20} {:>20} {:>10}",
        "operation", "callers", "direct", "loaded plugin", "through a handle", "floor"
    );
    let mut verdicts = Vec::new();
    for work in Work::ALL {
        for callers in [1, MANY] {
            let samples = measure(&host, &peers, work, &fixture, callers, rounds)?;
            let of = |peer: Peer| samples.get(peer as usize).map_or(&[][..], Vec::as_slice);
            let direct = of(Peer::Direct);
            let beside =
                |peer| format!("{:.0} (x{:.2})", median(of(peer)), ratio(of(peer), direct));
            println!(
                "{:<30} {callers:>7} {:>10.0} {:>20} {:>20} {:>10.0}",
                work.title(),
                median(direct),
                beside(Peer::Loaded),
                beside(Peer::Handle),
                median(of(Peer::Floor)),
            );
            let loaded = median(of(Peer::Loaded));
            match (work, callers) {
                (Work::NoOp, MANY) => verdicts.push((
                    loaded < NO_OP,
                    "a no-op under 2 µs for each of 64 callers",
                    format!("{:.2} µs", loaded / 1000.0),
                )),
                (Work::Steps, MANY) => {
                    let ratio = ratio(of(Peer::Loaded), direct);
                    verdicts.push((
                        ratio <= STEPS,
                        "ten I/O steps within 1.2 of direct, 64 callers",
                        format!("x{ratio:.2}"),
                    ));
                }
                (Work::Steps, _) => {
                    let ratio = ratio(of(Peer::Loaded), direct);
                    verdicts.push((
                        ratio <= STEPS,
                        "ten I/O steps within 1.2 of direct, one caller",
                        format!("x{ratio:.2}"),
                    ));
                }
                _ => {}
            }
        }
    }
    println!();
    lone::report(&host, &peers, &fixture, rounds)?;
    println!("\ntargets");
    for (met, text, measured) in &verdicts {
        target::report(*met, text, measured);
    }
    Ok(())
}
