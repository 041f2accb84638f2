//! What the server's errors mean.
//!
//! The table of the README is [`TABLE`]; a test compares them.

use std::error::Error as _;
use std::io;

use socorro_core::error::Scope;
use socorro_core::{Error, ErrorKind};

/// What a group of errors means.
pub(crate) struct Meaning {
    /// A whole SQLSTATE, or the first characters of those it covers. The first entry that fits counts.
    pub(crate) state: &'static str,
    pub(crate) kind: ErrorKind,
    pub(crate) retryable: bool,
    pub(crate) scope: Scope,
    /// What it is, for a person.
    pub(crate) what: &'static str,
    /// What to do, for a person.
    advice: &'static str,
}

const fn store(
    state: &'static str,
    kind: ErrorKind,
    what: &'static str,
    advice: &'static str,
) -> Meaning {
    Meaning {
        state,
        kind,
        retryable: kind.usually_retryable(),
        scope: Scope::Store,
        what,
        advice,
    }
}

const fn item(
    state: &'static str,
    kind: ErrorKind,
    retryable: bool,
    what: &'static str,
    advice: &'static str,
) -> Meaning {
    Meaning {
        state,
        kind,
        retryable,
        scope: Scope::Item,
        what,
        advice,
    }
}

use ErrorKind::{
    Conflict, Corrupt, Internal, InvalidConfig, InvalidInput, PermissionDenied, Throttled, Timeout,
    Unavailable, Unsupported,
};

const REPORT: &str = "please report it";
const MIGRATE: &str =
    "open the store once with `migrate = true` as the owner of the schema, see docs/postgres.md";

/// By SQLSTATE.
#[rustfmt::skip]
pub(crate) const TABLE: &[Meaning] = &[
    store("08", Unavailable, "connection failure", "look at the network and the server"),
    store("57P04", InvalidConfig, "the database was dropped", "create the database, or correct `url`"),
    store("57P", Unavailable, "server shutting down or starting", "it passes when the server is up"),
    store("57014", Timeout, "statement cancelled, or over `request_timeout`", "look at the server's load and locks, or raise `request_timeout`"),
    store("53300", Throttled, "too many connections", "lower `connections`, or raise max_connections of the server"),
    store("53100", Unavailable, "disk full", "free space on the server's disk"),
    store("53", Unavailable, "server out of memory or another resource", "look at the server's log"),
    store("28", PermissionDenied, "wrong password, unknown user, or not let in by pg_hba.conf", "correct the user in `url` and `password`, or let it in"),
    store("3D000", InvalidConfig, "missing database", "create the database, or correct `url`"),
    store("3F000", InvalidConfig, "missing schema", MIGRATE),
    store("42501", PermissionDenied, "missing grant", "grant what docs/postgres.md lists"),
    store("42P01", InvalidConfig, "missing table", MIGRATE),
    store("42883", InvalidConfig, "missing function", MIGRATE),
    store("42703", InvalidConfig, "missing column", MIGRATE),
    store("25006", Unavailable, "read-only: a standby, or default_transaction_read_only", "connect to the primary; target_session_attrs=read-write in `url` finds it among several hosts"),
    item("40", Conflict, true, "serialization failure or deadlock", "trying again helps"),
    store("55P03", Timeout, "lock not had within `lock_timeout`", "look at pg_locks for who holds it"),
    item("22", InvalidInput, false, "a value the server refuses", REPORT),
    item("23", InvalidInput, false, "a constraint violated", "see whether somebody changed rows or constraints by hand"),
    item("54", InvalidInput, false, "beyond a limit of the server", "make the crash smaller"),
    item("XX001", Corrupt, false, "damaged table", "restore it from a backup"),
    item("XX002", Corrupt, false, "damaged index", "run REINDEX on the table"),
    store("58", Unavailable, "operating system error on the server", "look at the server's log"),
    store("0A", Unsupported, "not supported by this server", "use PostgreSQL 13 or newer"),
    store("", Internal, "unexpected error", REPORT),
];

/// What an error of the client or server means. `endpoint` says where.
pub(crate) fn from_server(error: &postgres::Error, endpoint: &str) -> Error {
    match error.as_db_error() {
        Some(db) => {
            let meaning = meaning(db.code().code());
            let message = format!(
                "{endpoint}: {}: {} (SQLSTATE {}); {}",
                meaning.what,
                db.message(),
                db.code().code(),
                meaning.advice
            );
            Error::new(meaning.kind, message)
                .retryable(meaning.retryable)
                .with_scope(meaning.scope)
        }
        None => without_state(error, endpoint),
    }
}

/// The entry of the table for a SQLSTATE.
pub(crate) fn meaning(state: &str) -> &'static Meaning {
    const LAST: &Meaning = &store("", Internal, "unexpected error", REPORT);
    let fits = |meaning: &&Meaning| state.starts_with(meaning.state);
    TABLE.iter().find(fits).unwrap_or(LAST)
}

/// Did the server say that it did not do it? Otherwise nobody knows.
pub(crate) fn is_refusal(error: &postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        let state = db.code().code();
        !state.starts_with("08") && !state.starts_with("57P")
    })
}

/// The client's own errors. It does not say which of its kinds an error is, except by its text.
fn without_state(error: &postgres::Error, endpoint: &str) -> Error {
    let text = error.to_string();
    let io = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    let is_certificate = io.and_then(|io| io.get_ref()).is_some_and(|inner| {
        matches!(
            inner.downcast_ref(),
            Some(rustls::Error::InvalidCertificate(_))
        )
    });
    let (kind, what) = match text.as_str() {
        _ if is_certificate => (
            InvalidConfig,
            "the server's certificate is not trusted; give its authority as `tls.ca_file`, and the host's name of the certificate in `url`",
        ),
        // Otherwise the handshake broke off, which may pass.
        "error performing TLS handshake" if io.is_none() => (
            InvalidConfig,
            "no encrypted connection; the server must have ssl = on, or `url` say sslmode=disable",
        ),
        "invalid configuration" => (
            PermissionDenied,
            "the server asks for what is not configured; give `password`",
        ),
        "authentication error" => (
            PermissionDenied,
            "the server and this client cannot agree on how to authenticate",
        ),
        _ if io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut) => (
            Timeout,
            "the server did not answer in time; look at the network and at whether it is up",
        ),
        _ if io.is_some() || error.is_closed() => (
            Unavailable,
            "the connection cannot be made or was cut; look at the network and at whether the server is up",
        ),
        "unexpected message from server" | "error parsing response from server" => (
            Unavailable,
            "what answers does not speak the protocol of PostgreSQL; look at what listens there",
        ),
        _ => (Internal, "the client failed; please report it"),
    };
    Error::new(kind, format!("{endpoint}: {what}")).caused_by(error)
}

#[cfg(test)]
mod tests;
