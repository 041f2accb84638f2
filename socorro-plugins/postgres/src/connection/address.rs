//! Where the server is and how to get in, from the options.

use std::str::FromStr;
use std::time::Duration;

use postgres::config::{Config, Host};
use socorro_core::Result;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use crate::config::{Access, invalid};

/// After so long without traffic the network is asked whether the server is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// A server, a database and a user, checked as far as that goes without asking the server.
pub(crate) struct Address {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
    /// `host:port/database`, for messages.
    pub(crate) endpoint: String,
}

impl Address {
    /// `InvalidConfig` when the URL is none, carries a password, or certificates cannot be read. Blocks on the
    /// local disk.
    pub(crate) fn new(access: &Access, name: &str) -> Result<Self> {
        let mut config = parse(&access.url)?;
        if let Some(password) = &access.password {
            config.password(password.expose());
        }
        if config.get_application_name().is_none() {
            config.application_name(&format!("socorro {name}"));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(access.connect_timeout);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(access.request_timeout);
        }
        config.keepalives_idle(config.get_keepalives_idle().min(KEEPALIVE));
        if config.get_keepalives_interval().is_none() {
            config.keepalives_interval(Duration::from_secs(5));
        }
        if config.get_keepalives_retries().is_none() {
            config.keepalives_retries(3);
        }
        Ok(Self {
            endpoint: endpoint(&config),
            tls: tls::connector(&access.tls)?,
            config,
        })
    }
}

fn parse(url: &str) -> Result<Config> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(invalid(
            "url is no URL of PostgreSQL; write postgres://USER@HOST:PORT/DATABASE".to_owned(),
        ));
    }
    let mut config = Config::from_str(&verified(url)).map_err(|error| {
        // The parser names the parameter that is wrong; the URL itself may hold what must not be shown.
        let mut why = error.to_string();
        let mut next = std::error::Error::source(&error);
        while let Some(source) = next {
            why = format!("{why}: {source}");
            next = source.source();
        }
        invalid(format!(
            "url cannot be read: {why}; write postgres://USER@HOST:PORT/DATABASE?sslmode=require"
        ))
    })?;
    if config.get_password().is_some() {
        return Err(invalid(
            "url carries a password; take it out and give the option `password` instead".to_owned(),
        ));
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(invalid(
            "url names no host; write postgres://USER@HOST:PORT/DATABASE".to_owned(),
        ));
    }
    if config.get_user().is_none() {
        return Err(invalid(
            "url names no user; write postgres://USER@HOST:PORT/DATABASE".to_owned(),
        ));
    }
    if config.get_dbname().is_none() {
        let user = config.get_user().unwrap_or_default().to_owned();
        config.dbname(&user);
    }
    Ok(config)
}

/// Other clients have modes that verify more than `require` does. Here an encrypted connection is always
/// verified, name included, so these say the same.
fn verified(url: &str) -> String {
    let Some((before, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let query: Vec<&str> = query
        .split('&')
        .map(|pair| match pair {
            "sslmode=verify-ca" | "sslmode=verify-full" => "sslmode=require",
            other => other,
        })
        .collect();
    format!("{before}?{}", query.join("&"))
}

fn endpoint(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |place: usize| ports.get(place).or(ports.first()).copied().unwrap_or(5432);
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(place, host)| match host {
            Host::Tcp(name) => format!("{name}:{}", port(place)),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let hosts = if hosts.is_empty() {
        let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
        addresses.collect::<Vec<_>>().join(",")
    } else {
        hosts.join(",")
    };
    format!("{hosts}/{}", config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests;
