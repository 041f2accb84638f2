use std::fmt;
use std::io::{self, Write};

use crate::exit::Exit;

/// Prints one line of result. A reader that went away ends the command without a fuss, as `head` does.
pub(crate) fn line(text: fmt::Arguments<'_>) -> Result<(), Exit> {
    bytes(format!("{text}\n").as_bytes())
}

/// Prints bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Exit> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // Nobody is left to tell.
            Err(Exit::with(1, ""))
        }
        Err(error) => Err(Exit::failed(format!(
            "cannot write to standard output: {error}"
        ))),
        Ok(()) => Ok(()),
    }
}

/// Prints a value as JSON.
pub(crate) fn json(value: &serde_json::Value) -> Result<(), Exit> {
    line(format_args!("{value:#}"))
}
