//! What the broker and its client report, as errors of this project. The table in the README is this file's.

use std::time::Duration;

use lapin::ErrorKind as Client;
use socorro_core::error::{Applied, Error, ErrorKind};

use crate::address::Address;

/// What was being done when something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Connecting,
    /// Declaring or looking for queues, opening channels.
    Preparing,
    Publishing,
    Consuming,
}

/// One row of the table: which reply of the broker, told from others of the same code by a part of its text,
/// is which kind, whether it passes by itself, and what to do about it.
struct Row {
    code: u16,
    text: &'static str,
    kind: ErrorKind,
    retryable: bool,
    advice: &'static str,
}

const fn row(
    code: u16,
    text: &'static str,
    kind: ErrorKind,
    retryable: bool,
    advice: &'static str,
) -> Row {
    Row {
        code,
        text,
        kind,
        retryable,
        advice,
    }
}

/// The first row that fits counts.
const TABLE: &[Row] = &[
    row(
        320,
        "",
        ErrorKind::Unavailable,
        true,
        "the broker closed the connection; it stops, or its operator did it",
    ),
    row(
        403,
        "Login was refused",
        ErrorKind::PermissionDenied,
        false,
        "check the user in url, and password",
    ),
    row(
        403,
        "",
        ErrorKind::PermissionDenied,
        false,
        "grant the user the permissions of docs/rabbitmq.md",
    ),
    row(
        404,
        "home node",
        ErrorKind::Unavailable,
        true,
        "the node that has the queue is down",
    ),
    row(
        404,
        "is down",
        ErrorKind::Unavailable,
        true,
        "the node that has the queue is down",
    ),
    row(
        404,
        "",
        ErrorKind::InvalidConfig,
        false,
        "create the queue, or set declare = true",
    ),
    row(
        405,
        "",
        ErrorKind::InvalidConfig,
        false,
        "another connection has the queue for itself; name other queues",
    ),
    row(
        406,
        "acknowledgement on channel",
        ErrorKind::Unavailable,
        true,
        "a crash was unsettled for longer than the broker's consumer_timeout",
    ),
    row(
        406,
        "",
        ErrorKind::InvalidConfig,
        false,
        "the queue was declared with other arguments; set queue_type, dead_letters and max_deliveries as it has them, set declare = false, or delete it when it is empty",
    ),
    row(
        506,
        "",
        ErrorKind::Throttled,
        true,
        "the broker has no room for another channel or queue",
    ),
    row(
        530,
        "not found",
        ErrorKind::InvalidConfig,
        false,
        "create the virtual host, or correct the end of url",
    ),
    row(
        530,
        "limit",
        ErrorKind::Throttled,
        true,
        "the broker allows no more connections or queues",
    ),
    row(
        530,
        "is down",
        ErrorKind::Unavailable,
        true,
        "the virtual host is down on this node",
    ),
    row(
        530,
        "",
        ErrorKind::PermissionDenied,
        false,
        "grant the user access to the virtual host",
    ),
    row(
        541,
        "",
        ErrorKind::Unavailable,
        true,
        "the broker failed; its log says why",
    ),
];

/// What every row that is not in the table means: the broker speaks AMQP otherwise than the client.
const OTHERWISE: Row = row(
    0,
    "",
    ErrorKind::Internal,
    false,
    "the broker refused what this plugin sent",
);

/// Makes errors that name the broker.
#[derive(Clone, Debug)]
pub(crate) struct Failures {
    place: String,
}

impl Failures {
    pub(crate) fn new(address: &Address) -> Self {
        Self {
            place: address.to_string(),
        }
    }

    /// The error that `error` is.
    pub(crate) fn of(&self, error: &lapin::Error, doing: Doing) -> Error {
        let made = match error.kind() {
            Client::ProtocolError(reply) => {
                let (code, text) = (reply.get_id(), reply.get_message().as_str());
                self.reply(code, text)
            }
            Client::IOError(io) if is_untrusted(io) => self.make(
                ErrorKind::InvalidConfig,
                false,
                "no secure connection could be made; check tls, and that the certificate is for the host in url",
            ),
            Client::IOError(io) if io.kind() == std::io::ErrorKind::TimedOut => self.make(
                ErrorKind::Timeout,
                true,
                "the broker did not answer in time",
            ),
            Client::IOError(_) if doing == Doing::Connecting => {
                self.make(ErrorKind::Unavailable, true, "the broker cannot be reached")
            }
            Client::MissingHeartbeatError => {
                self.make(ErrorKind::Unavailable, true, "the broker was silent for too long")
            }
            Client::RuntimeShutdownError(_) => {
                self.make(ErrorKind::Cancelled, false, "the program is ending")
            }
            Client::ChannelsLimitReached => self.make(
                ErrorKind::Throttled,
                true,
                "the broker has no room for another channel or queue",
            ),
            Client::InvalidProtocolVersion(_) | Client::AuthProviderError(_) => self.make(
                ErrorKind::InvalidConfig,
                false,
                "what answers there is no broker that speaks AMQP 0-9-1 with password login",
            ),
            Client::ParsingError(_) | Client::SerialisationError(_) => {
                self.make(ErrorKind::Unavailable, true, "what answers there does not speak AMQP")
            }
            // The connection or channel ended, in all the ways the client has to say so.
            _ => self.make(ErrorKind::Unavailable, true, "the connection was lost"),
        };
        let made = if doing == Doing::Publishing && made.kind() != ErrorKind::PermissionDenied {
            made.with_applied(Applied::Unknown)
        } else {
            made
        };
        made.caused_by(error)
    }

    /// The error that a reply of the broker is.
    fn reply(&self, code: u16, text: &str) -> Error {
        let fits = |row: &&Row| row.code == code && text.contains(row.text);
        let row = TABLE.iter().find(fits).unwrap_or(&OTHERWISE);
        self.make(row.kind, row.retryable, row.advice)
    }

    /// The message could be routed to no queue: nothing of that name is there.
    pub(crate) fn unroutable(&self, queue: &str, declare: bool) -> Error {
        let advice = if declare {
            "it was deleted, and is declared again when the crash is saved again"
        } else {
            "create it, or set declare = true"
        };
        let message = format!("there is no queue {queue:?}: {advice}");
        self.make(ErrorKind::InvalidConfig, declare, &message)
    }

    /// The broker said that it did not take the message.
    pub(crate) fn refused(&self, queue: &str) -> Error {
        let message = format!(
            "the queue {queue:?} did not take the crash; it is full, or a majority of its nodes is down"
        );
        self.make(ErrorKind::Unavailable, true, &message)
    }

    /// The broker blocks those who publish.
    pub(crate) fn blocked(&self) -> Error {
        self.make(
            ErrorKind::Throttled,
            true,
            "the broker takes nothing for now: it is short of memory or disk",
        )
        .with_retry_after(Duration::from_secs(1))
    }

    /// `what` took longer than it may.
    pub(crate) fn late(&self, what: &str, limit: Duration) -> Error {
        let message = format!("it took longer than {limit:?} {what}");
        self.make(ErrorKind::Timeout, true, &message)
    }

    fn make(&self, kind: ErrorKind, retryable: bool, message: &str) -> Error {
        Error::new(kind, format!("{}: {message}", self.place)).retryable(retryable)
    }
}

/// Did the other side's certificate, or ours, not satisfy?
fn is_untrusted(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::InvalidData
        && error
            .get_ref()
            .is_some_and(|inner| inner.is::<rustls::Error>())
}

#[cfg(test)]
mod tests;
