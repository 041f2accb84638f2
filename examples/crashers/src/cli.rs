//! The command line, and one directory per crash.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::annotations::{self, Crash};
use crate::capture;
use crate::child;
use crate::ways::{self, Way};

const USAGE: &str = "\
usage: make-crashes --out DIR [--each N]

Crashes small processes for real and writes what a crash reporter would send:
DIR/crash-000/raw.json, upload_file_minidump.dump and for some a browser.dump,
then crash-001 and so on, going through all ways of crashing N times (default 1).
";

/// What the command line asks for.
enum Command {
    Help,
    Make {
        out: PathBuf,
        each: usize,
    },
    /// Hidden: be the process that crashes.
    Crash(Way),
    /// Hidden: be the healthy process beside one that crashes.
    Companion,
}

/// Runs the program: 0 done, 1 failed, 2 wrong usage.
pub fn main() -> ExitCode {
    let done = match parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => say(USAGE),
        Ok(Command::Make { out, each }) => make(&out, each),
        Ok(Command::Crash(way)) => child::crash(way),
        Ok(Command::Companion) => child::companion(),
        Err(problem) => {
            eprint!("make-crashes: {problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-crashes: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the arguments; the error says which one is wrong.
fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut arguments = arguments;
    let (mut out, mut each) = (None, 1);
    while let Some(argument) = arguments.next() {
        let mut value = |what: &str| {
            let name = argument.to_string_lossy();
            arguments.next().ok_or(format!("{name} needs {what}"))
        };
        match argument.to_str() {
            Some("-h" | "--help") => return Ok(Command::Help),
            Some("--out") => out = Some(PathBuf::from(value("a directory")?)),
            Some("--each") => {
                let text = value("a number")?;
                each = (text.to_str().and_then(|text| text.parse().ok()))
                    .filter(|each| *each > 0)
                    .ok_or(format!("--each {text:?} is not a number above 0"))?;
            }
            Some("crash") => {
                let name = value("a way of crashing")?;
                let way = name.to_str().and_then(Way::from_name);
                return way
                    .map(Command::Crash)
                    .ok_or(format!("{name:?} is not a way of crashing"));
            }
            Some("companion") => return Ok(Command::Companion),
            _ => return Err(format!("unknown argument {argument:?}")),
        }
    }
    let out = out.ok_or("--out DIR is missing")?;
    Ok(Command::Make { out, each })
}

/// Makes every crash, all ways in turn, and prints a line for each.
fn make(out: &Path, each: usize) -> Result<()> {
    let rounds = (0..each).flat_map(|_| Way::ALL);
    for (index, way) in rounds.enumerate() {
        let dir = out.join(format!("crash-{index:03}"));
        let line =
            one(index, way, &dir).with_context(|| format!("{} ({})", dir.display(), way.name()))?;
        say(&format!("crash-{index:03} {line}\n"))?;
    }
    Ok(())
}

/// Prints; a reader that went away is an error, not a panic.
fn say(text: &str) -> Result<()> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("cannot write to standard output")
}

/// Makes one crash and writes its directory; nothing is written for a crash that failed.
fn one(index: usize, way: Way, dir: &Path) -> Result<String> {
    let captured = capture::crash(way)?;
    let signal = ways::signal_name(captured.signal);
    let raw = annotations::raw_crash(&Crash {
        index,
        way,
        signal,
        reported: &captured.annotations,
        browser: captured.browser.is_some(),
    });

    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    fs::create_dir(dir)
        .context("cannot create the directory; give an --out without old crashes")?;
    write(dir, "upload_file_minidump.dump", &captured.minidump)?;
    let mut line = format!("{} {signal} {} bytes", way.name(), captured.minidump.len());
    if let Some(browser) = &captured.browser {
        write(dir, "browser.dump", browser)?;
        line += &format!(", browser {} bytes", browser.len());
    }
    // Last, so that its presence means that the crash is whole.
    write(dir, "raw.json", &raw)?;
    Ok(line)
}

/// Writes one file of a crash.
fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    fs::write(dir.join(name), bytes).with_context(|| format!("cannot write {name}"))
}
