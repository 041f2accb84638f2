use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::{Layers, SystemSecrets};

/// A file that is looked at, at moments of the test's own.
struct Watched {
    directory: TempDir,
    settling: Settling,
    now: Instant,
}

impl Watched {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("file.toml"), text).unwrap();
        Self {
            settling: Settling::new(look(&directory)),
            directory,
            now: Instant::now(),
        }
    }

    /// Writes this, and tells whether a look then asks for a reload.
    fn asks_for(&mut self, text: &str) -> bool {
        fs::write(self.directory.path().join("file.toml"), text).unwrap();
        let look = look(&self.directory);
        self.settling.saw(look, self.now).is_some()
    }
}

fn look(directory: &TempDir) -> Look {
    let layers = Layers::new().file(directory.path().join("file.toml"));
    Look::take(&layers, &SystemSecrets::default())
}

#[test]
fn asks_once_for_what_two_looks_saw() {
    let mut file = Watched::new("a = 1");
    let asks: Vec<bool> = [
        "a = 1", "a = 2", "a = 2", "a = 2", "a = 1", "a = 1", "a = 1",
    ]
    .into_iter()
    .map(|text| file.asks_for(text))
    .collect();
    assert_eq!(asks, [false, false, true, false, false, true, false]);
}

#[test]
fn what_keeps_changing_waits_and_what_comes_back_is_nothing() {
    let mut file = Watched::new("a = 1");
    for revision in 2..100 {
        assert!(!file.asks_for(&format!("a = {revision}")));
    }
    assert!(!file.asks_for("a = 1"));
    assert!(!file.asks_for("a = 1"));
}

#[test]
fn what_was_emptied_is_about_to_be_written() {
    let mut file = Watched::new("a = 1");
    for _ in 1..EMPTIED {
        assert!(!file.asks_for(""));
    }
    assert!(!file.asks_for("a = 2"));
    assert!(file.asks_for("a = 2"));
    for _ in 1..EMPTIED {
        assert!(!file.asks_for(""));
    }
    assert!(file.asks_for(""), "it is meant to be empty");
    assert!(!file.asks_for("a = 2"));
    assert!(file.asks_for("a = 2"), "what was empty before is as any");
}

#[test]
fn what_was_refused_is_asked_for_again_at_growing_intervals() {
    let mut file = Watched::new("a = 1");
    file.asks_for("a = 2");
    assert!(file.asks_for("a = 2"));
    let mut delays = Vec::new();
    for _ in 0..8 {
        let delay = file.settling.was_refused(file.now);
        file.now += delay - Duration::from_millis(1);
        assert!(!file.asks_for("a = 2"));
        file.now += Duration::from_millis(1);
        assert!(file.asks_for("a = 2"));
        assert!(!file.asks_for("a = 2"), "once");
        delays.push(delay.as_secs());
    }
    assert_eq!(delays, [5, 10, 20, 40, 80, 160, 300, 300]);

    file.settling.was_refused(file.now);
    assert!(!file.asks_for("a = 3"));
    assert!(file.asks_for("a = 3"), "other content does not wait");
    file.now += AGAIN_AT_MOST;
    assert!(!file.asks_for("a = 3"), "and begins anew");
    assert_eq!(file.settling.was_refused(file.now), AGAIN);
}
