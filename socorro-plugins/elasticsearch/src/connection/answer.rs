//! What the server answered, read up to a bound.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::RETRY_AFTER;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use socorro_core::{Error, Result};

use crate::connection::unreadable;
use crate::failure::Refusal;

/// The longest reason that is kept: some carry a part of the document.
const REASON: usize = 1000;

/// An answer, whatever its status.
pub(crate) struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    body: Bytes,
}

/// Reads an answer; `None` when it is larger than `most`.
pub(super) async fn read(
    mut response: Response,
    most: usize,
) -> Result<Option<Answer>, reqwest::Error> {
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if chunk.len() > most - body.len() {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    let body = body.freeze();
    Ok(Some(Answer {
        status,
        retry_after,
        body,
    }))
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What a successful answer says; another one is the error of its [`Refusal`].
    pub(crate) fn success<T: DeserializeOwned>(self, doing: &str, writes: bool) -> Result<T> {
        if !self.is_success() {
            return Err(self.refused().into_error(doing, writes));
        }
        self.read(doing, writes)
    }

    /// What the answer says, whatever its status.
    pub(crate) fn read<T: DeserializeOwned>(&self, doing: &str, writes: bool) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // Where, not what: the text could be a crash.
            let why = format!(
                "status {}, and JSON that is not understood at byte {} of line {}",
                self.status,
                error.column(),
                error.line()
            );
            unreadable(doing, writes, &why)
        })
    }

    /// Why the server refused.
    pub(crate) fn refused(&self) -> Refusal {
        #[derive(Deserialize)]
        struct Said {
            error: Value,
        }
        let said: Option<Said> = serde_json::from_slice(&self.body).ok();
        let mut refusal = refusal(self.status, said.as_ref().map(|said| &said.error));
        refusal.retry_after = self.retry_after;
        refusal
    }

    pub(crate) fn into_error(self, doing: &str, writes: bool) -> Error {
        self.refused().into_error(doing, writes)
    }
}

/// A refusal from the `error` of an answer or of an item, which is an object or a text.
pub(crate) fn refusal(status: u16, error: Option<&Value>) -> Refusal {
    let (kind, reason) = match error {
        Some(Value::Object(error)) => (text(error.get("type")), text(error.get("reason"))),
        said => ("", text(said)),
    };
    Refusal {
        status,
        kind: shortened(kind, 100),
        reason: shortened(reason, REASON),
        retry_after: None,
    }
}

fn shortened(text: &str, most: usize) -> String {
    let mut short: String = text
        .get(..text.floor_char_boundary(most))
        .unwrap_or_default()
        .to_owned();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}
