//! What a process has: counted before and after.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socorro_core::plugin::loader::resident_images;

/// What may not grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOver {
    threads: Vec<String>,
    descriptors: usize,
}

impl LeftOver {
    /// When no thread is left that works for one call only.
    pub(crate) async fn settled() -> Self {
        loop {
            let now = Self::now();
            let count = |own| {
                let threads = now.threads.iter();
                threads.filter(|name| name.starts_with(own)).count()
            };
            // One of core's own is kept for the next work.
            if count("sp-ctl-") == 0 && count("socorro-") <= 1 {
                return now;
            }
            tokio::task::yield_now().await;
        }
    }

    fn now() -> Self {
        let mut threads: Vec<String> = names(Path::new("/proc/self/task"))
            .iter()
            // A thread may end between the listing and the look.
            .filter_map(|task| fs::read_to_string(task.join("comm")).ok())
            .collect();
        threads.sort();
        Self {
            threads,
            descriptors: names(Path::new("/proc/self/fd")).len(),
        }
    }

    /// Waits until there is no more than there was; threads and instances end in the background.
    pub(crate) async fn is_back(&self, cell: &str) {
        let deadline = std::time::Instant::now() + Duration::from_secs(120);
        loop {
            let now = Self::now();
            if now == *self {
                return;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "{cell}: there is {now:?}, there was {self:?}"
            );
            tokio::task::yield_now().await;
        }
    }
}

/// Code of plugins is in memory for every image that is told of, and for no other; and there is a private copy of
/// each, and no other file.
pub(crate) fn images_are_accounted_for(cell: &str, stage: &Path) {
    let told: BTreeSet<PathBuf> = resident_images()
        .into_iter()
        .filter_map(|image| image.copy)
        .collect();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mapped: BTreeSet<PathBuf> = maps
        .lines()
        .filter_map(|line| line.split_once('/'))
        .map(|(_, path)| PathBuf::from(format!("/{path}")))
        .filter(|path| path.starts_with(stage))
        .collect();
    assert_eq!(mapped, told, "{cell}: code in memory");
    let staged: BTreeSet<PathBuf> = names(stage).iter().flat_map(|own| names(own)).collect();
    assert_eq!(staged, told, "{cell}: private copies");
}

/// Everything in a directory.
pub(crate) fn names(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
