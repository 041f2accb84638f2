//! The line that `systemctl status` shows.

use socorro_core::live::{Outcome, ReloadReport, Trigger};

/// A message to systemd has at most 4096 bytes, and who reads it has one line.
const BYTES: usize = 600;

/// What came of the last attempt.
pub(super) fn verdict(report: &ReloadReport) -> String {
    let mut text = format!("generation {}", report.generation);
    text.push_str(match (report.trigger, report.outcome) {
        (Trigger::Start, _) if report.last_good.is_some() => {
            ", on the LAST GOOD configuration, because the files are broken"
        }
        (Trigger::Start, _) => ", as it started",
        (_, Outcome::Applied) => ", reload applied",
        (_, Outcome::Unchanged) => ", reload: nothing changed",
        (_, Outcome::Refused) => ", reload REFUSED, runs as before",
    });
    if report.plan.needs_restart() && report.outcome != Outcome::Refused {
        text.push_str(", something takes a restart");
    }
    if !report.degraded.is_empty() {
        let names: Vec<&str> = report.degraded.iter().map(|(name, _)| &**name).collect();
        text.push_str(&format!(", degraded: {}", names.join(", ")));
    }
    if let Some((first, more)) = report.errors.split_first() {
        text.push_str(&format!(": {first}"));
        if !more.is_empty() {
            text.push_str(&format!(" (and {} more)", more.len()));
        }
    }
    line(&text)
}

/// `text` as one line that says nothing else to systemd, and not too long.
pub(super) fn line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_control() || c == ' ') {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line.len() > BYTES {
        let end = (0..=BYTES).rev().find(|end| line.is_char_boundary(*end));
        line.truncate(end.unwrap_or(0));
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_bounded() {
        assert_eq!(
            line("a\nREADY=1\r\n  MAINPID=1\u{0}b"),
            "a READY=1 MAINPID=1 b"
        );
        let long = line(&"ä".repeat(10_000));
        assert!(long.len() <= BYTES + "…".len());
        assert!(long.ends_with("ä…"));
    }
}
