//! What this process holds, as the kernel says.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

/// Descriptors, threads and mapped files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// What each open descriptor leads to, and how many lead there.
    pub descriptors: BTreeMap<String, usize>,
    /// The names of threads, and how many have each.
    pub threads: BTreeMap<String, usize>,
    /// The files that are mapped, and how many mappings each has.
    pub files: BTreeMap<String, usize>,
}

impl Holds {
    /// What is held now.
    pub(crate) fn now() -> Result<Self> {
        let mut holds = Self::default();
        for entry in fs::read_dir("/proc/self/fd").context("cannot list descriptors")? {
            // The descriptor of the listing itself is gone by now.
            if let Ok(target) = fs::read_link(entry?.path()) {
                // Sockets and pipes have numbers of their own.
                let target = target.display().to_string();
                let (kind, _) = target.split_once(":[").unwrap_or((&target, ""));
                if kind != "/proc" && !kind.starts_with("/proc/") {
                    *holds.descriptors.entry(kind.to_owned()).or_default() += 1;
                }
            }
        }
        for entry in fs::read_dir("/proc/self/task").context("cannot list threads")? {
            // One that ended meanwhile is none.
            if let Ok(name) = fs::read_to_string(entry?.path().join("comm")) {
                *holds.threads.entry(name.trim().to_owned()).or_default() += 1;
            }
        }
        let maps = fs::read_to_string("/proc/self/maps").context("cannot read the maps")?;
        for line in maps.lines() {
            if let Some(start) = line.find('/') {
                let file = line.get(start..).unwrap_or_default();
                *holds.files.entry(file.to_owned()).or_default() += 1;
            }
        }
        Ok(holds)
    }

    /// What is held beyond `before`, or missing from it, a line each.
    pub(crate) fn differs_from(&self, before: &Self) -> Vec<String> {
        let pairs = [
            ("descriptor", &before.descriptors, &self.descriptors),
            ("thread", &before.threads, &self.threads),
            ("mapped file", &before.files, &self.files),
        ];
        let mut lines = Vec::new();
        for (what, before, now) in pairs {
            let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let count = |of: &BTreeMap<String, usize>| of.get(name).copied().unwrap_or(0);
                if count(before) != count(now) {
                    lines.push(format!(
                        "{what} {name}: {} -> {}",
                        count(before),
                        count(now)
                    ));
                }
            }
        }
        lines
    }

    /// `12 descriptors, 5 threads, 80 mapped files`.
    pub(crate) fn summary(&self) -> String {
        let count = |of: &BTreeMap<String, usize>| of.values().sum::<usize>();
        format!(
            "{} descriptors, {} threads, {} mappings of files",
            count(&self.descriptors),
            count(&self.threads),
            count(&self.files)
        )
    }
}

/// Resident memory in bytes.
pub(crate) fn resident() -> Result<f64> {
    let statm = fs::read_to_string("/proc/self/statm").context("cannot read statm")?;
    let pages: f64 = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .context("statm has no resident pages")?;
    Ok(pages * PAGE)
}

/// Of the machines that this runs on; another size scales the numbers and changes no verdict about zero.
const PAGE: f64 = 4096.0;
