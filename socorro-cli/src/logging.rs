mod fields;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Command, LogFormat};

/// Sends log lines to standard error, as text or as one JSON object a line.
pub(crate) fn start(arguments: &Arguments) {
    let usual = if matches!(arguments.command, Command::Run { .. }) {
        "info"
    } else {
        "warn"
    };
    let level = arguments.log_level.as_deref().unwrap_or(usual);
    // Checked when the arguments were parsed.
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match arguments.log {
        LogFormat::Text => lines
            .with_ansi(std::io::stderr().is_terminal())
            .fmt_fields(fields::Fields)
            .init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}

/// Whether `level` is one that [`start`] takes: a level, or `target=level` pairs.
pub(crate) fn check_level(level: &str) -> Result<String, String> {
    EnvFilter::try_new(level)
        .map(|_| level.to_owned())
        .map_err(|error| {
            format!("{error}; write error, warn, info, debug, trace, or target=level pairs")
        })
}
