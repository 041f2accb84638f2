//! All output of the test run: shown while it comes, kept whole in a file, and searched for secrets.
//!
//! Every secret of a test begins with the same token, so a run that prints one fails and says in which step. Tests hand
//! out what passing ones print as well; that part is searched and kept, and not shown.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use socorro_testkit::canary;

/// Begins the line that says which step comes.
pub(super) const STEP: &str = "== ";

/// The file that holds the output of the last run.
fn kept() -> PathBuf {
    socorro_testkit::target().join("test-output.log")
}

/// Runs `command` to its end. Fails when it does, or when its output has a secret in it.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let path = kept();
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if io::stdout().is_terminal() {
        // It would be plain, because it does not go to the terminal itself.
        command.env("CARGO_TERM_COLOR", "always");
    }
    // One pipe for both, so that all is in the order in which it was written.
    let (output, input) = io::pipe()?;
    command.stdout(input.try_clone()?).stderr(input);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {command:?}"))?;
    // The command holds ends of the pipe that would never close.
    command.stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    let leaks = copy(output, file, io::stdout())?;
    let status = child.wait()?;
    ensure!(
        leaks.is_empty(),
        "a secret of a test, which has {} in it, is in the output of: {}; all output is in {}",
        spaced(canary::TOKEN),
        leaks.into_iter().collect::<Vec<_>>().join(", "),
        path.display()
    );
    ensure!(status.success(), "the tests failed: {status}");
    println!(
        "\nno output has a secret in it; all of it is in {}",
        path.display()
    );
    Ok(())
}

/// This is output as well, and must not be found in itself.
fn spaced(token: &str) -> String {
    let (first, second) = token.split_at(token.len() / 2);
    format!("{first:?} and then {second:?}")
}

/// Copies line by line; the steps that printed a secret.
fn copy(from: impl Read, mut kept: impl Write, mut shown: impl Write) -> Result<BTreeSet<String>> {
    let mut from = BufReader::new(from);
    let mut screen = Screen::default();
    let mut leaks = BTreeSet::new();
    let mut step = "the beginning".to_owned();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        if let Some(name) = line.strip_prefix(STEP.as_bytes()) {
            step = String::from_utf8_lossy(name).trim().to_owned();
        }
        // A secret has no line end in it.
        if canary::is_in(&line) {
            leaks.insert(step.clone());
        }
        kept.write_all(&line)?;
        if screen.shows(&line) {
            shown.write_all(&line)?;
            shown.flush()?;
        }
        line.clear();
    }
    Ok(leaks)
}

/// Leaves out what passing tests printed.
#[derive(Default)]
struct Screen {
    among_successes: bool,
}

impl Screen {
    fn shows(&mut self, line: &[u8]) -> bool {
        match line.trim_ascii_end() {
            b"successes:" => self.among_successes = true,
            b"failures:" => self.among_successes = false,
            line if line.starts_with(b"test result: ") => self.among_successes = false,
            _ => {}
        }
        !self.among_successes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(text: &str) -> (Vec<String>, String, String) {
        let (mut kept, mut shown) = (Vec::new(), Vec::new());
        let leaks = copy(text.as_bytes(), &mut kept, &mut shown).unwrap_or_default();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (leaks.into_iter().collect(), text(&kept), text(&shown))
    }

    #[test]
    fn a_secret_is_found_and_its_step_named() {
        let secret = canary::TOKEN;
        let text =
            format!("begin\n== first\nwell\n== second\nit is {secret}ff\n== third\n{secret}");
        let (leaks, kept, shown) = copied(&text);
        assert_eq!(leaks, ["second", "third"]);
        assert_eq!(
            (kept.as_str(), shown.as_str()),
            (text.as_str(), text.as_str())
        );
        assert!(copied(&spaced(secret)).0.is_empty());
    }

    #[test]
    fn what_passing_tests_printed_is_kept_and_searched_and_not_shown() {
        let text = format!(
            "..\nsuccesses:\n\n---- a ----\n{}\n\nsuccesses:\n    a\n\ntest result: ok.\nnext\n",
            canary::TOKEN
        );
        let (leaks, kept, shown) = copied(&text);
        assert_eq!((leaks.len(), kept), (1, text));
        assert_eq!(shown, "..\ntest result: ok.\nnext\n");
    }
}
