//! For a person at a terminal: the line of the file with what is wrong marked, no secret in it.

use ariadne::{CharSet, Config, IndexType, Label, Report, ReportKind, Source};
use socorro_core::config::{ConfigError, Snippet};
use socorro_core::live::Reason;

/// So many errors are shown with their lines; whoever has more wants the first ones.
const WITH_LINES: usize = 50;

const RED: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";

pub(super) fn message(message: &str) -> String {
    format!("{RED}Error:{PLAIN} {message}\n")
}

pub(super) fn reasons(reasons: &[Reason]) -> String {
    reasons
        .iter()
        .enumerate()
        .map(|(place, reason)| match reason {
            Reason::Config(error) => error
                .snippet()
                .filter(|_| place < WITH_LINES)
                .and_then(|snippet| with_line(error, &snippet))
                .unwrap_or_else(|| without_line(error)),
            other => message(&other.to_string()),
        })
        .collect()
}

/// The error above its line; `None` if that cannot be drawn.
fn with_line(error: &ConfigError, snippet: &Snippet) -> Option<String> {
    let path = error.origin.file()?.path().display().to_string();
    let config = Config::default()
        .with_color(false)
        .with_index_type(IndexType::Char)
        .with_char_set(CharSet::Unicode)
        .with_tab_width(1);
    // Empty lines above it make the number of the line right.
    let above = snippet.line - 1;
    let marked = above + snippet.marked.start..above + snippet.marked.end;
    let span = (path.clone(), marked);
    let label = Label::new(span.clone()).with_message(error.help.as_deref().unwrap_or("here"));
    let mut report = Report::build(ReportKind::Error, span)
        .with_config(config)
        .with_code(error.class)
        .with_message(title(error))
        .with_label(label);
    for note in overrode(error) {
        report = report.with_note(note);
    }
    let source = Source::from(format!("{}{}\n", "\n".repeat(above), snippet.text));
    let mut text = Vec::new();
    report.finish().write((path, source), &mut text).ok()?;
    let text = String::from_utf8(text).ok()?;
    let head = head(error);
    Some(text.replacen(&head, &format!("{RED}{head}{PLAIN}"), 1))
}

fn without_line(error: &ConfigError) -> String {
    let mut text = format!(
        "{RED}{}{PLAIN} {}\n  from {}\n",
        head(error),
        title(error),
        error.origin
    );
    for note in error.help.clone().into_iter().chain(overrode(error)) {
        text += &format!("  {note}\n");
    }
    text
}

/// How the drawing begins, which is all of it that has a colour.
fn head(error: &ConfigError) -> String {
    format!("[{}] Error:", error.class)
}

fn title(error: &ConfigError) -> String {
    if error.key.is_empty() {
        error.message.clone()
    } else {
        format!("{}: {}", error.key, error.message)
    }
}

fn overrode(error: &ConfigError) -> impl Iterator<Item = String> {
    error
        .overrode
        .iter()
        .map(|said| format!("overrides {} of {}", said.value, said.origin))
}
