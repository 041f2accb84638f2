//! Requests to one of the nodes, and answers of bounded size.
//!
//! One request is one attempt: nothing here tries again. A node to which no connection could be made is left
//! alone for a while, and another takes the request.

mod answer;
mod nodes;

pub(crate) use answer::{Answer, refusal};

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity, Method};
use socorro_core::options::Secret;
use socorro_core::{Error, ErrorKind, Result};

use crate::config::Config;
use crate::failure::{Lost, lost};
use nodes::{Node, Nodes};

/// The most bytes of an answer, unless the request says otherwise.
const ANSWER: usize = 8 << 20;

/// The cluster.
pub(crate) struct Connection {
    client: Client,
    auth: Auth,
    nodes: Nodes,
}

/// What is asked of the server.
pub(crate) struct Request<'a> {
    method: Method,
    /// With the query, without a slash in front; every part is from this crate, a crash id or a checked name.
    path: String,
    body: Option<(&'static str, Bytes)>,
    /// Completes "cannot …".
    doing: &'a str,
    writes: bool,
    largest_answer: usize,
}

impl<'a> Request<'a> {
    pub(crate) fn new(method: Method, path: impl Into<String>, doing: &'a str) -> Self {
        Self {
            writes: method != Method::GET,
            method,
            path: path.into(),
            body: None,
            doing,
            largest_answer: ANSWER,
        }
    }

    /// Sends a JSON document.
    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(("application/json", body.to_string().into()));
        self
    }

    /// Sends the lines of a bulk request.
    pub(crate) fn lines(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(("application/x-ndjson", body.into()));
        self
    }

    /// Changes nothing, though it is no GET.
    pub(crate) fn reads(mut self) -> Self {
        self.writes = false;
        self
    }

    pub(crate) fn answer_of_at_most(mut self, bytes: usize) -> Self {
        self.largest_answer = bytes;
        self
    }
}

impl Connection {
    /// Reads certificates; connects to nothing.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let auth = auth(config, &mut headers)?;
        let mut builder = Client::builder()
            .default_headers(headers)
            .connect_timeout(config.connect_timeout.0)
            .timeout(config.request_timeout.0)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_keepalive(Duration::from_secs(60))
            .redirect(Policy::none())
            // The environment of a service must not decide where its crashes go.
            .no_proxy()
            // A compressed answer has no length that says what it becomes.
            .no_gzip()
            .user_agent(concat!("socorro/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = config.tls.ca()? {
            builder = builder.tls_built_in_root_certs(false);
            let wrong =
                |error| invalid("tls.ca_file is no bundle of PEM certificates").caused_by(&error);
            let bundle = Certificate::from_pem_bundle(&pem).map_err(wrong)?;
            if bundle.is_empty() {
                return Err(invalid("tls.ca_file has no certificate in it"));
            }
            for certificate in bundle {
                builder = builder.add_root_certificate(certificate);
            }
        }
        if let Some(identity) = config.tls.identity()? {
            let mut pem = identity.certificate;
            pem.push(b'\n');
            pem.extend(identity.key);
            let identity = Identity::from_pem(&pem).map_err(|_| {
                invalid("tls.certificate_file and tls.key_file are no PEM certificate and key")
            })?;
            builder = builder.identity(identity);
        }
        let client = builder
            .build()
            .map_err(|error| invalid("the options of tls cannot be used").caused_by(&error))?;
        let nodes = Nodes::new(config.nodes()?);
        Ok(Self {
            client,
            auth,
            nodes,
        })
    }

    /// Sends one request and reads its answer, whatever its status. A node to which no connection can be made
    /// hands it to the next: nothing was sent, so that is no second attempt. Each node is asked once at most.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Answer> {
        let mut left = self.nodes.count();
        loop {
            let node = self.nodes.next();
            left -= 1;
            let (how, error) = match self.send_to(node, &request).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {
                    let most = request.largest_answer;
                    let why = format!("the answer has more than {most} bytes");
                    return Err(unreadable(request.doing, request.writes, &why));
                }
                Err(failed) => failed,
            };
            if how == Lost::Connect {
                node.went_down();
                if left > 0 {
                    continue;
                }
            }
            // The URL is in the message already.
            return Err(lost(how, request.doing, node.address(), request.writes)
                .caused_by(&error.without_url()));
        }
    }

    async fn send_to(
        &self,
        node: &Node,
        request: &Request<'_>,
    ) -> Result<Option<Answer>, (Lost, reqwest::Error)> {
        let url = format!("{}{}", node.url(), request.path);
        let mut sending = self.client.request(request.method.clone(), url);
        if let Some((kind, body)) = &request.body {
            sending = sending.header(CONTENT_TYPE, *kind).body(body.clone());
        }
        if let Auth::Basic(user, password) = &self.auth {
            sending = sending.basic_auth(user, Some(password.expose()));
        }
        let fail = |error: reqwest::Error| (how_lost(&error), error);
        let response = sending.send().await.map_err(fail)?;
        node.answered();
        answer::read(response, request.largest_answer)
            .await
            .map_err(fail)
    }
}

/// The error of an answer that came and cannot be understood.
pub(crate) fn unreadable(doing: &str, writes: bool, why: &str) -> Error {
    lost(Lost::Broken, doing, "the server", writes).caused_by(&Text(why.to_owned()))
}

fn how_lost(error: &reqwest::Error) -> Lost {
    if error.is_connect() {
        Lost::Connect
    } else if error.is_timeout() {
        Lost::Timeout
    } else {
        Lost::Broken
    }
}

/// Who we are.
enum Auth {
    Nobody,
    Basic(String, Secret),
    /// In the headers of every request.
    Key,
}

fn auth(config: &Config, headers: &mut HeaderMap) -> Result<Auth> {
    if let (Some(user), Some(password)) = (&config.username, &config.password) {
        if user.contains(':') {
            return Err(invalid("username must not contain a colon"));
        }
        return Ok(Auth::Basic(user.clone(), password.clone()));
    }
    let Some(key) = &config.api_key else {
        return Ok(Auth::Nobody);
    };
    let key = key.expose().trim();
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte);
    if key.is_empty() || !key.bytes().all(is_base64) {
        return Err(invalid(
            "api_key is not the `encoded` form, in Base64, that the server gave with the key",
        ));
    }
    let mut value = HeaderValue::from_str(&format!("ApiKey {key}"))
        .map_err(|_| invalid("api_key has characters that no header can carry"))?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(Auth::Key)
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

/// A cause that is only a text.
#[derive(Debug)]
struct Text(String);

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Text {}
