//! The kinds of servers that tests run against.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// RabbitMQ with its management interface.
    Rabbitmq,
    /// Ceph's S3 gateway: honours conditional writes, policies and versions, ignores checksums.
    Ceph,
    /// Garage: verifies checksums, ignores conditional writes, has neither policies nor versions.
    Garage,
    /// Elasticsearch 8, with security.
    Elasticsearch,
    /// OpenSearch 2, without security.
    Opensearch,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Postgres,
        Self::Rabbitmq,
        Self::Ceph,
        Self::Garage,
        Self::Elasticsearch,
        Self::Opensearch,
    ];

    /// The name: in the state file, in directories, on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Rabbitmq => "rabbitmq",
            Self::Ceph => "ceph",
            Self::Garage => "garage",
            Self::Elasticsearch => "elasticsearch",
            Self::Opensearch => "opensearch",
        }
    }

    /// The environment variable that names a server to use instead of one started here; `suffix` is `URL`,
    /// or what else can be told about such a server.
    pub fn variable(self, suffix: &str) -> String {
        format!("SOCORRO_TEST_{}_{suffix}", self.name().to_uppercase())
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}
