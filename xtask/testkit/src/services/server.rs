//! A server that is running, as a test sees it.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Kind;
use super::http::{self, Answer, Credentials};

/// A server that is running, with the credentials of its administrator.
///
/// Tests make accounts of their own with these and work under those.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Server {
    /// What it is.
    pub kind: Kind,
    /// Its version, as far as that is known without asking it.
    pub version: String,
    /// Where it listens, without credentials: `postgres://127.0.0.1:20012/postgres`, `amqp://127.0.0.1:20013`,
    /// `http://127.0.0.1:20014`.
    pub url: String,
    /// The administrator; an S3 server's access key. Empty when the server asks for none.
    pub user: String,
    /// The administrator's password; an S3 server's secret key.
    pub password: String,
    /// The certificate authority behind `tls_url`, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Where it speaks TLS. PostgreSQL does so at the same address.
    pub tls_url: Option<String>,
    /// The interface for administration where that is another one: RabbitMQ's management, Garage's admin API.
    pub management_url: Option<String>,
    /// The bearer token of that interface, where it does not take the administrator's name and password.
    pub management_token: Option<String>,
    /// Its files, when it was started here.
    pub directory: Option<PathBuf>,
    /// The first of the ports it was given, when it was started here.
    pub port: u16,
}

impl Server {
    /// A server at `url` about which nothing else is known.
    pub(super) fn at(kind: Kind, url: String) -> Self {
        Self {
            kind,
            version: String::new(),
            url,
            user: String::new(),
            password: String::new(),
            ca_file: None,
            tls_url: None,
            management_url: None,
            management_token: None,
            directory: None,
            port: 0,
        }
    }

    /// The address behind `url`, for example for a [`Proxy`](crate::proxy::Proxy) in front of it.
    pub fn address(&self) -> Result<SocketAddr> {
        let rest = self
            .url
            .split_once("://")
            .map_or(&*self.url, |(_, rest)| rest);
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        host.to_socket_addrs()
            .with_context(|| format!("{} has no address with a port", self.url))?
            .next()
            .with_context(|| format!("{host} resolves to nothing"))
    }

    /// `url` with the administrator's name and password in it.
    pub fn url_with_credentials(&self) -> String {
        match self.url.split_once("://") {
            Some((scheme, rest)) if !self.user.is_empty() => {
                format!("{scheme}://{}:{}@{rest}", self.user, self.password)
            }
            _ => self.url.clone(),
        }
    }

    /// Sends a request as administrator to the interface for administration, or to `url` where that is the
    /// same: for Elasticsearch, OpenSearch, RabbitMQ (`/api/vhosts/...`) and Garage (`/v2/...`).
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let base = self.management_url.as_deref().unwrap_or(&self.url);
        let credentials = match &self.management_token {
            Some(token) => Credentials::Bearer(token),
            None if self.user.is_empty() => Credentials::None,
            None => Credentials::Basic(&self.user, &self.password),
        };
        http::send(base, method, path, credentials, body)
    }

    /// Whether something accepts connections at its address.
    pub fn accepts(&self) -> bool {
        self.address().is_ok_and(|address| {
            std::net::TcpStream::connect_timeout(&address, std::time::Duration::from_secs(5))
                .is_ok()
        })
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Server")
            .field("kind", &self.kind)
            .field("version", &self.version)
            .field("url", &self.url)
            .field("tls_url", &self.tls_url)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
