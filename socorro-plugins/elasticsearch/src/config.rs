//! Options.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use socorro_core::options::{ByteSize, HumanDuration, Secret, Tls};
use socorro_core::plugin::Resource;
use socorro_core::{Error, ErrorKind, Result};

use crate::fields::{self, FieldType};
use crate::layout::IndexTemplate;

/// Options of an Elasticsearch storage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The nodes of one cluster, as in `["https://es1:9200", "https://es2:9200"]`: used in turn, and one that
    /// cannot be reached is passed over for 10 s. No path beyond that of a reverse proxy, no password.
    pub urls: Vec<String>,
    /// The names of the indices: `%Y` year, `%m` month, `%d` day, `%W` week (Monday-based, as in Python) of the
    /// date in the crash id. Begins with a letter, lower case, has a `%Y`.
    #[serde(default = "Config::index")]
    pub index: String,
    /// The user's name, with `password`.
    #[serde(default)]
    pub username: Option<String>,
    /// The user's password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// An API key, the `encoded` form that the server gave when it was made; instead of `username`.
    #[serde(default)]
    pub api_key: Option<Secret>,
    /// Whom to trust and who to be on `https` connections.
    #[serde(default)]
    pub tls: Tls,
    /// How long making a connection may take.
    #[serde(default = "Config::connect_timeout")]
    pub connect_timeout: HumanDuration,
    /// How long one request may take, the answer read.
    #[serde(default = "Config::request_timeout")]
    pub request_timeout: HumanDuration,
    /// What is indexed: the name of a top-level field of the processed crash and its type, in addition to the
    /// built-in ones of `default_fields`; `"ignore"` leaves a built-in one out. Names are `[a-zA-Z0-9_-]+`.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldType>,
    /// Whether the built-in fields of Socorro's search are indexed. README.md lists them.
    #[serde(default = "yes")]
    pub default_fields: bool,
    /// Dotted paths that are left out of what is indexed, though `fields` name them. The processed crash itself
    /// is kept whole beside it, unless `keep_document` is off.
    #[serde(default = "fields::forbidden_keys")]
    pub forbidden_keys: Vec<String>,
    /// Whether the exact processed crash is kept, not searchable, beside what is indexed. Without it nothing can
    /// be read back.
    #[serde(default = "yes")]
    pub keep_document: bool,
    /// The most bytes of one document in the index, the processed crash and its indexed copy together; at least
    /// 64KiB, at most 90MiB. The server's `http.max_content_length` must be larger.
    #[serde(default = "Config::max_document_size")]
    pub max_document_size: ByteSize,
    /// What becomes of a processed crash that is larger.
    #[serde(default)]
    pub oversize: Oversize,
    /// When a search by others sees what was saved. `list` sees it always.
    #[serde(default)]
    pub refresh: Refresh,
    /// Primary shards of a new index.
    #[serde(default = "one")]
    pub shards: u32,
    /// Copies of each shard of a new index; 0 on a single node.
    #[serde(default = "one")]
    pub replicas: u32,
    /// Whether the plugin puts the index template at start. Without it, put it as docs/elasticsearch.md says;
    /// the plugin makes its own indices with the same mapping all the same.
    #[serde(default = "yes")]
    pub manage_template: bool,
    /// Indices whose last day is older than this are deleted, at start and daily. Never, if it is not given.
    #[serde(default)]
    pub retention: Option<HumanDuration>,
    /// The most documents of one bulk request. Batches begin small and grow to it while the server is quick.
    #[serde(default = "Config::bulk_documents")]
    pub bulk_documents: u32,
    /// The most bytes of one bulk request, unless one document alone is larger.
    #[serde(default = "Config::bulk_size")]
    pub bulk_size: ByteSize,
    /// How many bulk requests are under way at once.
    #[serde(default = "Config::bulk_requests")]
    pub bulk_requests: u32,
    /// How many documents wait to be sent at most; further saves wait for room.
    #[serde(default = "Config::queue_documents")]
    pub queue_documents: u32,
    /// How many bytes wait or are under way at most; further saves wait for room.
    #[serde(default = "Config::queue_size")]
    pub queue_size: ByteSize,
}

/// What becomes of a processed crash that is over `max_document_size`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Oversize {
    /// Its largest fields are left out until it fits, and recorded.
    #[default]
    Cut,
    /// It is refused.
    Refuse,
}

/// When a search sees what was saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refresh {
    /// After the index's own `refresh_interval`, a second as a rule.
    #[default]
    None,
    /// When the save returns; it waits for the next refresh.
    WaitFor,
    /// When the save returns; it forces a refresh. Expensive.
    Now,
}

impl Refresh {
    /// The value of the parameter `refresh`.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::None => "false",
            Self::WaitFor => "wait_for",
            Self::Now => "true",
        }
    }
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

impl Config {
    /// Refuses what can never work; gives the template of the index names.
    pub(crate) fn check(&self) -> Result<IndexTemplate> {
        let template = IndexTemplate::parse(&self.index)?;
        self.nodes()?;
        match (&self.username, &self.password, &self.api_key) {
            (Some(_), Some(_), None) | (None, None, _) => {}
            (_, _, Some(_)) => {
                return Err(invalid("give username and password, or api_key, not both"));
            }
            (Some(_), None, _) => return Err(invalid("username is given without password")),
            (None, Some(_), _) => return Err(invalid("password is given without username")),
        }
        within(
            "max_document_size",
            self.max_document_size.0,
            64 * KIB,
            90 * MIB,
            "64KiB to 90MiB",
        )?;
        within(
            "bulk_size",
            self.bulk_size.0,
            64 * KIB,
            90 * MIB,
            "64KiB to 90MiB",
        )?;
        within(
            "queue_size",
            self.queue_size.0,
            MIB,
            4096 * MIB,
            "1MiB to 4GiB",
        )?;
        within(
            "bulk_documents",
            self.bulk_documents.into(),
            1,
            100_000,
            "1 to 100000",
        )?;
        within("bulk_requests", self.bulk_requests.into(), 1, 64, "1 to 64")?;
        within(
            "queue_documents",
            self.queue_documents.into(),
            1,
            1_000_000,
            "1 to 1000000",
        )?;
        within("shards", self.shards.into(), 1, 1024, "1 to 1024")?;
        within("replicas", self.replicas.into(), 0, 100, "0 to 100")?;
        for (name, time) in [
            ("connect_timeout", self.connect_timeout),
            ("request_timeout", self.request_timeout),
        ] {
            if time.0.is_zero() {
                return Err(invalid(&format!("{name} must be longer than zero")));
            }
        }
        if self
            .retention
            .is_some_and(|time| time.0 < Duration::from_secs(86_400))
        {
            return Err(invalid("retention must be 1d or longer"));
        }
        Ok(template)
    }

    /// The nodes' URLs, each ending in a slash.
    pub(crate) fn nodes(&self) -> Result<Vec<Url>> {
        if self.urls.is_empty() {
            return Err(invalid("urls is empty; give one node at least"));
        }
        self.urls.iter().map(|text| node(text)).collect()
    }

    /// What no two storages of a configuration may share: the indices.
    ///
    /// # Errors
    /// `InvalidConfig` when an option can never work.
    pub fn resources(&self) -> Result<Vec<Resource>> {
        let template = self.check()?;
        let pattern = template.pattern();
        let mut nodes = self.nodes()?;
        nodes.sort();
        nodes.dedup();
        Ok(nodes
            .iter()
            .map(|node| {
                Resource::new(
                    "elasticsearch indices",
                    format!("{}{pattern}", address(node)),
                )
            })
            .collect())
    }

    fn index() -> String {
        "socorro%Y%W".to_owned()
    }

    fn connect_timeout() -> HumanDuration {
        HumanDuration(Duration::from_secs(10))
    }

    fn request_timeout() -> HumanDuration {
        HumanDuration(Duration::from_secs(30))
    }

    fn max_document_size() -> ByteSize {
        ByteSize(32 * MIB)
    }

    fn bulk_documents() -> u32 {
        1000
    }

    fn bulk_size() -> ByteSize {
        ByteSize(8 * MIB)
    }

    fn bulk_requests() -> u32 {
        2
    }

    fn queue_documents() -> u32 {
        4096
    }

    fn queue_size() -> ByteSize {
        ByteSize(128 * MIB)
    }
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

fn node(text: &str) -> Result<Url> {
    // Not shown: what is wrong with it may be a password.
    let mut url: Url = text
        .parse()
        .map_err(|_| invalid("urls has one that is no URL; write it as in \"https://es1:9200\""))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(
            "urls has one with a user or password; use the options username and password, or api_key",
        ));
    }
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(invalid("urls has one that is neither http:// nor https://"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid(
            "urls has one with a query or fragment; give scheme, host and port",
        ));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Scheme, host, port spelled out, and path.
pub(crate) fn address(url: &Url) -> String {
    format!(
        "{}://{}:{}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or_default(),
        url.path()
    )
}

fn within(name: &str, value: u64, least: u64, most: u64, range: &str) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(invalid(&format!("{name} must be {range}")))
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

#[cfg(test)]
mod tests;
