//! The `url` option taken apart.
//!
//! Its own reader, because that of the client takes an IPv6 address for the local host and accepts passwords.

use std::fmt;

use socorro_core::error::Result;

use crate::config::invalid;

/// Where the broker is and who connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Encrypted?
    pub tls: bool,
    /// The user; `guest` when the URL names none, as RabbitMQ's own.
    pub user: String,
    /// A name or an address, that of IPv6 without brackets.
    pub host: String,
    /// The port; that of the protocol when the URL names none.
    pub port: u16,
    /// The virtual host, decoded.
    pub vhost: String,
}

impl Address {
    /// # Errors
    /// `InvalidConfig` when `url` is not of the form, saying what is wrong and never showing a password.
    pub fn parse(url: &str) -> Result<Self> {
        let (tls, rest) = if let Some(rest) = url.strip_prefix("amqp://") {
            (false, rest)
        } else if let Some(rest) = url.strip_prefix("amqps://") {
            (true, rest)
        } else {
            return Err(wrong("it does not begin with amqp:// or amqps://"));
        };
        if rest.contains(['?', '#']) {
            return Err(wrong(
                "it has a query; heartbeat, connect_timeout and tls are options of their own",
            ));
        }
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, Some(path)),
            None => (rest, None),
        };
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return Err(wrong(
                "it holds a password; give that as the option password",
            ));
        }
        let (host, port) = place_of(place)?;
        let vhost = match path {
            None | Some("") => "/".to_owned(),
            Some(path) if path.contains('/') => {
                return Err(wrong("its virtual host has a slash; write it as %2F"));
            }
            Some(path) => {
                decode(path).ok_or_else(|| wrong("its virtual host is badly percent-encoded"))?
            }
        };
        let user = match user {
            None | Some("") => "guest".to_owned(),
            Some(user) => decode(user).ok_or_else(|| wrong("its user is badly percent-encoded"))?,
        };
        if vhost.len() > 255 || user.len() > 255 {
            return Err(wrong("its user and virtual host have at most 255 bytes"));
        }
        let port = port.unwrap_or(if tls { 5671 } else { 5672 });
        Ok(Self {
            tls,
            user,
            host,
            port,
            vhost,
        })
    }
}

fn place_of(place: &str) -> Result<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, after) = rest
            .split_once(']')
            .ok_or_else(|| wrong("its [ has no ]"))?;
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(wrong("what is between [ and ] is no IPv6 address"));
        }
        match after.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if after.is_empty() => (host, None),
            None => return Err(wrong("only a port can follow ]")),
        }
    } else {
        match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_name) {
        return Err(wrong(
            "its host is missing or has characters that no host has",
        ));
    }
    let port = port
        .map(|port| {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            port.parse()
                .ok()
                .filter(|port| digits && *port > 0)
                .ok_or_else(|| wrong("its port is no number from 1 to 65535"))
        })
        .transpose()?;
    Ok((host.to_owned(), port))
}

/// Percent-decodes; `None` when that is not valid or gives no UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn wrong(why: &str) -> socorro_core::Error {
    invalid(format!(
        "url is wrong: {why}; write amqp://USER@HOST:PORT/VHOST"
    ))
}

/// The URL, for messages.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "amqps" } else { "amqp" };
        let (open, close) = if self.host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        write!(f, "{scheme}://{open}{}{close}:{}", self.host, self.port)?;
        if self.vhost == "/" {
            return Ok(());
        }
        f.write_str("/")?;
        for byte in self.vhost.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
