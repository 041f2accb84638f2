//! The soak in its short form.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]
#![cfg(target_os = "linux")]

use socorro_soak::options::Options;
use socorro_testkit::memory::Files;
use socorro_testkit::plugins::{self, Profile};

/// Another seed: `SOCORRO_SOAK_SEED=7 cargo test -p socorro-soak`.
const SEED: &str = "SOCORRO_SOAK_SEED";

#[test]
fn reloads_lose_nothing() {
    let plugins = plugins::directory(&["filesystem", "memory", "witness"], Profile::Dev).unwrap();
    let seed = std::env::var(SEED).map_or(1, |seed| seed.parse().unwrap());
    println!("seed {seed}; another one is set with {SEED}");
    let outcome = socorro_soak::run(&Options {
        reloads: 1_500,
        rate: 300,
        seed,
        // All backends are to be healthy, also while the disk is not.
        files: Files::InMemory,
        plugins,
    })
    .unwrap();
    println!("{outcome}");
    assert_eq!(outcome.failed, 0, "{outcome}");
    assert!(outcome.wrong.is_empty(), "{outcome}");
}
