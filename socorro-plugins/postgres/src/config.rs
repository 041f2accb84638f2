//! Options.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use socorro_core::options::{HumanDuration, Secret, Tls};
use socorro_core::{Error, ErrorKind, Result};

/// Options of a storage in PostgreSQL.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    /// The database: `postgres://USER@HOST:PORT/DATABASE?sslmode=require`, without a password.
    pub url: String,
    /// The user's password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// The schema that holds the tables. One schema is one store.
    #[serde(default = "socorro")]
    pub schema: String,
    /// The most connections, each with a thread of its own.
    #[serde(default = "eight")]
    #[schemars(range(min = 1, max = 256))]
    pub connections: u32,
    /// How long connecting to one address may take.
    #[serde(default = "ten_seconds")]
    pub connect_timeout: HumanDuration,
    /// How long one operation may take, waiting for a connection included.
    #[serde(default = "half_a_minute")]
    pub request_timeout: HumanDuration,
    /// How long one statement may wait for a lock.
    #[serde(default = "ten_seconds")]
    pub lock_timeout: HumanDuration,
    /// Certificates. Whether the connection is encrypted is said by `sslmode` in the URL.
    #[serde(default)]
    pub tls: Tls,
    /// Make and update the schema when opening; otherwise only check it.
    #[serde(default = "yes")]
    pub migrate: bool,
    /// How much of time one partition holds. Fixed when the schema is made, then by week unless this says
    /// otherwise; later it must be what the schema has, or be left out.
    #[serde(default)]
    pub partition: Option<Partition>,
    /// Crashes dated further ahead of today than this go to the default partition.
    #[serde(default = "five_weeks")]
    pub partition_ahead: HumanDuration,
    /// Crashes older than a year get a partition of their own only while there are fewer than this; then they
    /// go to the default partition. 1200 by week and 4000 by day unless given.
    #[serde(default)]
    pub max_partitions: Option<u32>,
    /// Whether dumps are kept.
    #[serde(default)]
    pub dumps: DumpsOption,
    /// Crashes of days longer ago than this are dropped, a partition at a time. All are kept unless given.
    #[serde(default)]
    pub retention: Option<HumanDuration>,
    /// The queue into which the ids of new raw crashes are put, for a source of the same queue. None unless
    /// given.
    #[serde(default)]
    pub queue: Option<String>,
    /// How urgent the ids are that this storage puts into its queue.
    #[serde(default)]
    pub priority: Priority,
}

/// Options of a source in PostgreSQL. It takes over those of a storage, with `use = "storage.NAME"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// The database: `postgres://USER@HOST:PORT/DATABASE?sslmode=require`, without a password.
    pub url: String,
    /// The user's password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// The schema of the storage whose new crashes these are.
    #[serde(default = "socorro")]
    pub schema: String,
    /// The most connections, each with a thread of its own. A source has use for two.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 256))]
    pub connections: u32,
    /// How long connecting to one address may take.
    #[serde(default = "ten_seconds")]
    pub connect_timeout: HumanDuration,
    /// How long one operation may take, waiting for a connection included.
    #[serde(default = "half_a_minute")]
    pub request_timeout: HumanDuration,
    /// How long one statement may wait for a lock.
    #[serde(default = "ten_seconds")]
    pub lock_timeout: HumanDuration,
    /// Certificates. Whether the connection is encrypted is said by `sslmode` in the URL.
    #[serde(default)]
    pub tls: Tls,
    /// Make and update the schema when opening; otherwise only check it.
    #[serde(default = "yes")]
    pub migrate: bool,
    /// As for the storage.
    #[serde(default)]
    pub partition: Option<Partition>,
    /// The queue whose ids are handed out.
    pub queue: String,
    /// A crash that was handed out belongs to its process for so long. Renewed while the process lives, so it
    /// is how long others wait when one dies.
    #[serde(default = "five_minutes")]
    pub lease: HumanDuration,
    /// How long a crash that was refused rests before it is offered again.
    #[serde(default = "a_minute")]
    pub redeliver_after: HumanDuration,
    /// A crash that was handed out so often and never acknowledged is dead: it stays in the queue's table for
    /// somebody to look at, and is handed out no more.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_attempts: u32,
    /// How often to look for new crashes while there are none.
    #[serde(default = "often")]
    pub poll: HumanDuration,
    /// An option of the storage, without effect here.
    #[serde(default = "five_weeks")]
    pub partition_ahead: HumanDuration,
    /// An option of the storage, without effect here.
    #[serde(default)]
    pub max_partitions: Option<u32>,
    /// An option of the storage, without effect here.
    #[serde(default)]
    pub dumps: DumpsOption,
    /// An option of the storage, without effect here.
    #[serde(default)]
    pub retention: Option<HumanDuration>,
    /// An option of the storage, without effect here.
    #[serde(default)]
    pub priority: Priority,
}

/// How much of time one partition holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Partition {
    /// One day, UTC.
    Day,
    /// One week from Monday to Sunday.
    #[default]
    Week,
}

/// Whether dumps are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DumpsOption {
    /// They are kept, outside of the rows and uncompressed.
    #[default]
    Stored,
    /// They are dropped; the storage states it as a capability.
    Declined,
}

/// How urgent a new crash is: a source hands out all of one kind before the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// First: somebody waits for it.
    Priority,
    /// As they come.
    #[default]
    Standard,
    /// Last: old crashes that are processed again.
    Reprocessing,
}

/// What storage and source have in common: how to get at the server.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) url: String,
    pub(crate) password: Option<Secret>,
    pub(crate) schema: String,
    pub(crate) connections: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) lock_timeout: Duration,
    pub(crate) tls: Tls,
    pub(crate) migrate: bool,
    pub(crate) partition: Option<Partition>,
}

macro_rules! access {
    ($config:ident) => {
        impl $config {
            pub(crate) fn access(&self) -> Access {
                Access {
                    url: self.url.clone(),
                    password: self.password.clone(),
                    schema: self.schema.clone(),
                    connections: self.connections.clamp(1, 256) as usize,
                    connect_timeout: self.connect_timeout.0,
                    request_timeout: self.request_timeout.0,
                    lock_timeout: self.lock_timeout.0,
                    tls: self.tls.clone(),
                    migrate: self.migrate,
                    partition: self.partition,
                }
            }
        }
    };
}
access!(StorageConfig);
access!(SourceConfig);

impl Partition {
    /// How many days.
    pub(crate) const fn days(self) -> i32 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
        }
    }

    /// The default of `max_partitions`: 23 years by week, 11 by day.
    pub(crate) const fn most(self) -> u32 {
        match self {
            Self::Day => 4000,
            Self::Week => 1200,
        }
    }
}

impl Priority {
    /// Its place in the order, and in the table.
    pub(crate) const fn rank(self) -> i16 {
        match self {
            Self::Priority => 0,
            Self::Standard => 1,
            Self::Reprocessing => 2,
        }
    }
}

impl Access {
    /// `InvalidConfig` when a server could never be used this way.
    pub(crate) fn check(&self) -> Result<()> {
        let shortest = Duration::from_millis(1);
        for (option, value) in [
            ("connect_timeout", self.connect_timeout),
            ("request_timeout", self.request_timeout),
            ("lock_timeout", self.lock_timeout),
        ] {
            if value < shortest {
                return Err(invalid(format!("{option} must be longer than zero")));
            }
        }
        if self.schema.is_empty() || self.schema.len() > 63 || self.schema.contains('\0') {
            return Err(invalid(
                "schema must have 1 to 63 bytes, as every name in PostgreSQL".to_owned(),
            ));
        }
        if self.schema.starts_with("pg_") {
            return Err(invalid(
                "schema must not start with pg_: PostgreSQL keeps these names to itself".to_owned(),
            ));
        }
        Ok(())
    }
}

/// `InvalidConfig` when a queue cannot have this name.
pub(crate) fn check_queue(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > 200 || name.contains('\0') {
        return Err(invalid(
            "queue must have 1 to 200 bytes; give storage and source the same".to_owned(),
        ));
    }
    Ok(())
}

/// Whole days of a length of time, rounded up.
pub(crate) fn days(duration: HumanDuration) -> i32 {
    let days = duration.0.as_secs().div_ceil(86_400);
    // More days than any two crash ids are apart.
    i32::try_from(days.min(36_600)).unwrap_or(36_600)
}

pub(crate) fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

fn socorro() -> String {
    "socorro".to_owned()
}

fn eight() -> u32 {
    8
}

fn two() -> u32 {
    2
}

fn ten() -> u32 {
    10
}

fn yes() -> bool {
    true
}

fn seconds(seconds: u64) -> HumanDuration {
    HumanDuration(Duration::from_secs(seconds))
}

fn ten_seconds() -> HumanDuration {
    seconds(10)
}

fn half_a_minute() -> HumanDuration {
    seconds(30)
}

fn a_minute() -> HumanDuration {
    seconds(60)
}

fn five_minutes() -> HumanDuration {
    seconds(300)
}

fn five_weeks() -> HumanDuration {
    seconds(35 * 86_400)
}

fn often() -> HumanDuration {
    HumanDuration(Duration::from_millis(250))
}
