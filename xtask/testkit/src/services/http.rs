//! Just enough of an HTTP client to administer a server and to see whether it is up.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use serde_json::Value;

/// How a request says who sends it.
#[derive(Clone, Copy)]
pub(super) enum Credentials<'a> {
    None,
    Basic(&'a str, &'a str),
    Bearer(&'a str),
}

/// What a server answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body, as JSON; fails unless the status says success.
    pub fn json(&self) -> Result<Value> {
        self.success()?;
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.text()))
    }

    /// Fails unless the status says success.
    pub fn success(&self) -> Result<()> {
        ensure!(
            (200..300).contains(&self.status),
            "status {}: {}",
            self.status,
            self.text()
        );
        Ok(())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body)
            .chars()
            .take(2000)
            .collect()
    }
}

/// No administration takes longer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// No answer to administration is larger.
const LARGEST: u64 = 64 << 20;

/// Sends one request to `base` (`http://host:port`) over a connection of its own.
pub(super) fn send(
    base: &str,
    method: &str,
    path: &str,
    credentials: Credentials<'_>,
    body: Option<&Value>,
) -> Result<Answer> {
    let Some(host) = base.strip_prefix("http://") else {
        bail!("{base} is administered over http only");
    };
    let host = host.trim_end_matches('/');
    let address = host
        .to_socket_addrs()
        .with_context(|| format!("{base} has no address with a port"))?
        .next()
        .with_context(|| format!("{host} resolves to nothing"))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    // HTTP/1.0: the answer then comes whole and ends with the connection.
    let mut request = format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\n");
    match credentials {
        Credentials::None => {}
        Credentials::Basic(user, password) => {
            let both =
                base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            request.push_str(&format!("Authorization: Basic {both}\r\n"));
        }
        Credentials::Bearer(token) => {
            request.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
    }
    if !body.is_empty() {
        request.push_str("Content-Type: application/json\r\n");
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));

    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LARGEST).read_to_end(&mut answer)?;
    parse(&answer).with_context(|| format!("{method} {base}{path}"))
}

fn parse(answer: &[u8]) -> Result<Answer> {
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .context("the answer has no end of its head")?;
    let (head, body) = answer.split_at(end);
    let status = head
        .get(9..12)
        .and_then(|status| std::str::from_utf8(status).ok())
        .and_then(|status| status.parse().ok())
        .context("the answer has no status")?;
    Ok(Answer {
        status,
        body: body.get(4..).unwrap_or_default().to_vec(),
    })
}
