//! What was measured on: numbers mean nothing without it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::options::Options;

/// Where benchmarks put their files: beside what cargo builds, which is a real disk where `/tmp` may be memory.
///
/// # Errors
/// When it cannot be made.
pub fn work() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| socorro_testkit::root().join("target"), PathBuf::from);
    let work = target.join("benches");
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    Ok(work)
}

/// Prints name, machine, seed and command.
pub fn introduce(name: &str, options: &Options, work: &Path) {
    println!("# {name}");
    println!(
        "machine: {} cores ({}), {} of memory, Linux {}, {} on {}",
        std::thread::available_parallelism().map_or(0, usize::from),
        value("/proc/cpuinfo", "model name"),
        value("/proc/meminfo", "MemTotal"),
        fs::read_to_string("/proc/sys/kernel/osrelease")
            .unwrap_or_default()
            .trim(),
        file_system(work).unwrap_or_else(|| "unknown file system".to_owned()),
        work.display(),
    );
    println!(
        "load average when it began: {}",
        fs::read_to_string("/proc/loadavg")
            .unwrap_or_default()
            .trim()
    );
    println!(
        "seed: {}; command: {}",
        options.seed,
        std::env::args().collect::<Vec<_>>().join(" ")
    );
    println!();
}

/// The value of the first line `key : value` of a file in `/proc`.
pub fn value(file: &str, key: &str) -> String {
    fs::read_to_string(file)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.trim() == key)
        .map_or_else(
            || "unknown".to_owned(),
            |(_, value)| value.trim().to_owned(),
        )
}

/// Milliseconds of processor time that this process has used, in all its threads; 10 ms is the clock's step.
///
/// # Errors
/// Where there is no `/proc`.
pub fn cpu_millis() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("cannot read /proc/self/stat")?;
    // The program's name, in brackets, may hold anything; what follows it are numbers.
    let (_, numbers) = stat.rsplit_once(')').context("no /proc/self/stat")?;
    let ticks: f64 = numbers
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum();
    Ok(ticks * 10.0)
}

/// The type of the file system that holds `path`.
fn file_system(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    fs::read_to_string("/proc/mounts")
        .ok()?
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?, words.next()?))
        })
        .filter(|(mount, _)| path.starts_with(mount))
        // The last of the longest: a later mount hides an earlier one at its place.
        .max_by_key(|(mount, _)| mount.len())
        .map(|(_, kind)| kind.to_owned())
}
