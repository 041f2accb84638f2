//! The server that many tests share.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::state::State;
use super::{Kind, Server, front, set};

/// The environment variable that names the state file of servers started elsewhere.
pub const STATE_VARIABLE: &str = "SOCORRO_TEST_SERVICES";

/// The state file: of the servers started in this workspace, unless [`STATE_VARIABLE`] names another.
pub fn state_file() -> PathBuf {
    std::env::var_os(STATE_VARIABLE).map_or_else(|| set::home().join("state.json"), PathBuf::from)
}

/// The server that `cargo xtask services up` or `cargo xtask test` started, or the one that
/// `SOCORRO_TEST_<KIND>_URL` names.
pub fn shared(kind: Kind) -> Result<Server> {
    let server = match given(kind)? {
        Some(server) => server,
        None => started(kind)?,
    };
    ensure!(
        server.accepts(),
        "{kind} does not accept connections at {}; `cargo xtask services up` starts it again",
        server.url
    );
    front::with_tls(server)
}

fn started(kind: Kind) -> Result<Server> {
    let file = state_file();
    let state = State::read(&file)?;
    state
        .and_then(|state| state.servers.get(&kind).cloned())
        .filter(|entry| entry.ready)
        .and_then(|entry| entry.server)
        .with_context(|| {
            format!(
                "no {kind} was started (by {}); `cargo xtask services up {kind}` starts one, or {} names one",
                file.display(),
                kind.variable("URL")
            )
        })
}

/// The server that variables name: `_URL` with credentials in it, and where that is not enough `_CA_FILE`,
/// `_TLS_URL`, `_MANAGEMENT_URL`, `_MANAGEMENT_TOKEN`.
pub(super) fn given(kind: Kind) -> Result<Option<Server>> {
    given_by(kind, |name| {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    })
}

fn given_by(kind: Kind, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Server>> {
    let name = kind.variable("URL");
    let Some(url) = variable(&name) else {
        return Ok(None);
    };
    let (scheme, rest) = url
        .split_once("://")
        .with_context(|| format!("{name} is no URL"))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (credentials, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let path = if path == "/" { "" } else { path };
    let mut server = Server::at(kind, format!("{scheme}://{host}{path}"));
    server.user = decode(user).with_context(|| format!("the user in {name}"))?;
    server.password = decode(password).with_context(|| format!("the password in {name}"))?;
    server.ca_file = variable(&kind.variable("CA_FILE")).map(PathBuf::from);
    server.tls_url = variable(&kind.variable("TLS_URL"));
    server.management_url = variable(&kind.variable("MANAGEMENT_URL"));
    server.management_token = variable(&kind.variable("MANAGEMENT_TOKEN"));
    Ok(Some(server))
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<String> {
    let mut decoded = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte.unwrap_or_default()).to_digit(16);
        let (high, low) = (digit(bytes.next()), digit(bytes.next()));
        let (Some(high), Some(low)) = (high, low) else {
            anyhow::bail!("a percent sign without two hexadecimal digits");
        };
        decoded.push(u8::try_from(high * 16 + low)?);
    }
    Ok(String::from_utf8(decoded)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_url(url: &str) -> Result<Option<Server>> {
        given_by(Kind::Postgres, |name| {
            (name == "SOCORRO_TEST_POSTGRES_URL").then(|| url.to_owned())
        })
    }

    #[test]
    fn credentials_are_taken_out_of_the_url() {
        let server = from_url("postgres://me:a%40b%2Fc@db:5432/postgres?x=y")
            .unwrap()
            .unwrap();
        assert_eq!(server.url, "postgres://db:5432/postgres?x=y");
        assert_eq!((&*server.user, &*server.password), ("me", "a@b/c"));
    }

    #[test]
    fn a_url_may_have_neither_credentials_nor_path() {
        let server = from_url("http://127.0.0.1:9200/").unwrap().unwrap();
        assert_eq!(server.url, "http://127.0.0.1:9200");
        assert_eq!((&*server.user, &*server.password), ("", ""));
        assert_eq!(server.address().unwrap().port(), 9200);
    }

    #[test]
    fn what_is_no_url_is_an_error_that_names_the_variable() {
        let error = from_url("127.0.0.1:5432").unwrap_err().to_string();
        assert!(error.contains("SOCORRO_TEST_POSTGRES_URL"), "{error}");
        assert!(from_url("http://a:%4@b").is_err());
    }

    #[test]
    fn without_a_variable_no_server_is_given() {
        assert!(given_by(Kind::Ceph, |_| None).unwrap().is_none());
    }
}
