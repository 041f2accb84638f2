//! Asking a running program over its control socket.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use socorro_core::config::Layers;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::arguments::Socket;
use crate::exit::Exit;

/// The most bytes of an answer.
const ANSWER: u64 = 16 * 1024 * 1024;

/// What takes longer than this is no matter of reading and checking a configuration.
pub(super) const USUAL: Duration = Duration::from_secs(60);

/// A program to ask.
pub(super) struct Control {
    path: PathBuf,
}

impl Control {
    /// The program that listens where the arguments say, or else the configuration, which may be broken.
    pub(super) fn find(layers: &Layers, socket: Socket) -> Result<Self, Exit> {
        let path = socket
            .socket
            .or_else(|| layers.glimpse("control.socket").map(PathBuf::from));
        if let Some(path) = path {
            return Ok(Self { path });
        }
        // That it cannot be read says more than that there is nothing to find in it.
        layers.load()?;
        Err(Exit::usage(
            "there is no control socket: set control.socket in the configuration, or give --socket PATH",
        ))
    }

    /// What the program answers, in at most `patience`.
    pub(super) async fn ask(&self, request: &Value, patience: Duration) -> Result<Value, Exit> {
        let answer = tokio::time::timeout(patience, self.exchange(request)).await;
        let answer = answer.map_err(|_| {
            Exit::with(
                4,
                format!(
                    "{}: no answer after {patience:?}; the program may still be at it",
                    self.path.display()
                ),
            )
        })??;
        let mut answer: Value = serde_json::from_slice(&answer)
            .map_err(|error| self.failed(format!("the answer is no JSON: {error}")))?;
        if let Some(why) = answer.get("error").and_then(Value::as_str) {
            return Err(self.failed(why));
        }
        match answer.get_mut("ok") {
            Some(ok) => Ok(ok.take()),
            None => Err(self.failed("the answer is none")),
        }
    }

    async fn exchange(&self, request: &Value) -> Result<Vec<u8>, Exit> {
        let mut stream = UnixStream::connect(&self.path)
            .await
            .map_err(|error| self.failed(format!("no program can be reached there: {error}")))?;
        let broken = |error: std::io::Error| self.failed(format!("the connection broke: {error}"));
        stream
            .write_all(format!("{request}\n").as_bytes())
            .await
            .map_err(broken)?;
        let mut line = Vec::new();
        let mut reader = BufReader::new(stream.take(ANSWER));
        reader.read_until(b'\n', &mut line).await.map_err(broken)?;
        if line.ends_with(b"\n") {
            Ok(line)
        } else {
            Err(self.failed("the program went away without an answer"))
        }
    }

    fn failed(&self, why: impl std::fmt::Display) -> Exit {
        Exit::failed(format!("{}: {why}", self.path.display()))
    }
}

/// The text at a key of an answer.
pub(super) fn text<'a>(answer: &'a Value, key: &str) -> &'a str {
    answer.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether an answer says so.
pub(super) fn is(answer: &Value, key: &str) -> bool {
    answer.get(key).and_then(Value::as_bool).unwrap_or(false)
}
