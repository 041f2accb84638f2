//! What went wrong, for whom it is told: a person at a terminal, a log, a machine.

mod pretty;

use std::io::IsTerminal;

use serde_json::{Value, json};
use socorro_core::live::Reason;

use crate::arguments::{Arguments, LogFormat};

/// For whom errors are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// A line each.
    Plain,
    /// In colour, with the line of the file.
    Pretty,
    /// A JSON object each, on a line of its own.
    Json,
}

impl Style {
    /// Machines are asked for; a person has a terminal that knows colours.
    pub(crate) fn of(arguments: &Arguments) -> Self {
        let json = matches!(arguments.log, LogFormat::Json) || arguments.command.asks_for_json();
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let plain = set("NO_COLOR").is_some() || set("TERM").is_none_or(|term| term == "dumb");
        match (json, plain || !std::io::stderr().is_terminal()) {
            (true, _) => Self::Json,
            (false, true) => Self::Plain,
            (false, false) => Self::Pretty,
        }
    }
}

/// The text for a message that is about nothing in particular; `code` is for machines.
pub(crate) fn message(style: Style, code: &str, message: &str) -> String {
    match style {
        Style::Plain => format!("socorro: {message}\n"),
        Style::Pretty => pretty::message(message),
        Style::Json => format!("{}\n", json!({ "code": code, "message": message })),
    }
}

/// The text for these reasons.
pub(crate) fn reasons(style: Style, reasons: &[Reason]) -> String {
    match style {
        Style::Plain => {
            let lines: Vec<String> = reasons.iter().map(Reason::to_string).collect();
            format!("socorro: {}\n", lines.join("\n"))
        }
        Style::Pretty => pretty::reasons(reasons),
        Style::Json => reasons
            .iter()
            .map(|reason| {
                let value = serde_json::to_value(reason);
                let value = value.unwrap_or_else(|_| Value::from(reason.to_string()));
                format!("{value}\n")
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
