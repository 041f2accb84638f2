//! Options, the same for the storage and the source, so that one can take over the other's.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use socorro_core::error::{Error, ErrorKind, Result};
use socorro_core::options::{HumanDuration, Secret, Tls};

use crate::address::Address;

/// RabbitMQ ends a channel that keeps a crash unsettled for half an hour, unless its operator says otherwise.
const LONGEST_REST: Duration = Duration::from_secs(25 * 60);
/// What the length byte of an AMQP short string can say.
const LONGEST_NAME: usize = 255;

/// Options of a RabbitMQ storage or source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the broker is: `amqp://USER@HOST:PORT/VHOST`, or `amqps://` for TLS. The virtual host is
    /// percent-encoded; without one it is `/`. Without a user it is `guest`.
    pub url: String,
    /// The user's password; `guest` when it is not given.
    #[serde(default)]
    pub password: Option<Secret>,
    /// The queues by urgency.
    #[serde(default)]
    pub queues: Queues,
    /// Storage: the queue that saving publishes to.
    #[serde(default)]
    pub route: Route,
    /// What kind of queue is declared.
    #[serde(default)]
    pub queue_type: QueueType,
    /// Make the queues that are missing. When false they have to be there, and nothing is ever declared: for
    /// users without the `configure` permission.
    #[serde(default = "yes")]
    pub declare: bool,
    /// The queue for what cannot be delivered: crashes that were handed out `max_deliveries` times, and messages
    /// that name no crash. Empty for none: they are then deleted.
    #[serde(default = "dead")]
    pub dead_letters: String,
    /// How often the broker hands out one crash before it goes to `dead_letters`, for quorum queues. A part of
    /// the declaration: a queue that is there keeps what it was declared with.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_deliveries: Option<u32>,
    /// Source: at most so many crashes of each queue are with one source unsettled; more than the pipeline's
    /// `concurrency` only keeps them ready.
    #[serde(default = "thirty_two")]
    #[schemars(range(min = 1, max = 65535))]
    pub prefetch: u16,
    /// Source: how long a crash that was refused rests before it goes back to its queue; at most 25 minutes.
    #[serde(default = "a_minute")]
    pub redeliver_after: HumanDuration,
    /// How long making a connection may take, from name resolution to login and a look at the
    /// queues.
    #[serde(default = "ten_seconds")]
    pub connect_timeout: HumanDuration,
    /// How long one operation may take, such as publishing a crash until the broker confirms it.
    #[serde(default = "thirty_seconds")]
    pub request_timeout: HumanDuration,
    /// A connection on which the broker was silent for twice as long is given up; 1 s to 1 h.
    #[serde(default = "ten_seconds")]
    pub heartbeat: HumanDuration,
    /// Whom to trust and who to be, for `amqps://`.
    #[serde(default)]
    pub tls: Tls,
}

/// The names of the queues. An empty one is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Queues {
    /// What people wait for.
    pub priority: String,
    /// New crashes.
    pub standard: String,
    /// Crashes that were processed before.
    pub reprocessing: String,
}

impl Default for Queues {
    fn default() -> Self {
        Self {
            priority: "socorro.priority".to_owned(),
            standard: "socorro.standard".to_owned(),
            reprocessing: "socorro.reprocessing".to_owned(),
        }
    }
}

impl Queues {
    /// Those in use, the most urgent first.
    pub fn by_urgency(&self) -> Vec<&str> {
        [&self.priority, &self.standard, &self.reprocessing]
            .into_iter()
            .map(String::as_str)
            .filter(|name| !name.is_empty())
            .collect()
    }
}

/// One of the queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// `queues.priority`.
    Priority,
    /// `queues.standard`.
    #[default]
    Standard,
    /// `queues.reprocessing`.
    Reprocessing,
}

/// What kind of queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueType {
    /// Replicated, and counts deliveries, so that `max_deliveries` holds.
    #[default]
    Quorum,
    /// On one node; does not count deliveries.
    Classic,
}

impl QueueType {
    /// The broker's name for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quorum => "quorum",
            Self::Classic => "classic",
        }
    }
}

/// How many deliveries a quorum queue allows unless `max_deliveries` says otherwise.
pub(crate) const DELIVERIES: u32 = 20;

impl Config {
    /// Where the broker is.
    ///
    /// # Errors
    /// `InvalidConfig` when nothing could ever work with these options.
    pub fn check(&self) -> Result<Address> {
        let address = Address::parse(&self.url)?;
        let queues = self.queues.by_urgency();
        if queues.is_empty() {
            return Err(invalid("queues are all empty; name one"));
        }
        for (place, name) in queues
            .iter()
            .chain([&self.dead_letters.as_str()])
            .enumerate()
        {
            if name.len() > LONGEST_NAME {
                return Err(invalid(format!(
                    "the queue name {:?}... is longer than {LONGEST_NAME} bytes",
                    name.chars().take(20).collect::<String>()
                )));
            }
            if queues
                .iter()
                .take(place.min(queues.len()))
                .any(|other| other == name)
            {
                return Err(invalid(format!(
                    "queues and dead_letters name {name:?} twice; each needs a queue of its own"
                )));
            }
        }
        if self.queue_type == QueueType::Classic && self.max_deliveries.is_some() {
            return Err(invalid(
                "max_deliveries is given for queue_type = \"classic\", which counts no deliveries; use \"quorum\" or leave it out",
            ));
        }
        if self.max_deliveries == Some(0) {
            return Err(invalid(
                "max_deliveries = 0 would deliver nothing; the least is 1",
            ));
        }
        if self.prefetch == 0 {
            return Err(invalid(
                "prefetch = 0 would be without bound; the least is 1",
            ));
        }
        if self.redeliver_after.0 > LONGEST_REST {
            return Err(invalid(format!(
                "redeliver_after = {} is longer than 25min; the broker ends a channel that keeps a crash for 30min",
                self.redeliver_after
            )));
        }
        let heartbeat = self.heartbeat.0;
        if heartbeat < Duration::from_secs(1) || heartbeat > Duration::from_secs(3600) {
            return Err(invalid(format!(
                "heartbeat = {} must be from 1s to 1h",
                self.heartbeat
            )));
        }
        for (option, value) in [
            ("connect_timeout", self.connect_timeout),
            ("request_timeout", self.request_timeout),
        ] {
            if value.0.is_zero() {
                return Err(invalid(format!("{option} must be longer than zero")));
            }
        }
        Ok(address)
    }

    /// The queue that saving publishes to.
    ///
    /// # Errors
    /// `InvalidConfig` when that queue has no name.
    pub(crate) fn target(&self) -> Result<&str> {
        let (option, name) = match self.route {
            Route::Priority => ("priority", &self.queues.priority),
            Route::Standard => ("standard", &self.queues.standard),
            Route::Reprocessing => ("reprocessing", &self.queues.reprocessing),
        };
        if name.is_empty() {
            return Err(invalid(format!(
                "route = \"{option}\", but queues.{option} is empty; name the queue or choose another route"
            )));
        }
        Ok(name)
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

fn yes() -> bool {
    true
}

fn dead() -> String {
    "socorro.dead".to_owned()
}

fn thirty_two() -> u16 {
    32
}

fn ten_seconds() -> HumanDuration {
    HumanDuration(Duration::from_secs(10))
}

fn thirty_seconds() -> HumanDuration {
    HumanDuration(Duration::from_secs(30))
}

fn a_minute() -> HumanDuration {
    HumanDuration(Duration::from_secs(60))
}

#[cfg(test)]
mod tests;
