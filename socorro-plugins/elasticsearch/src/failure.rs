//! What the server, or the way to it, says, as errors of the storage trait. The table is also README.md's.

use std::time::Duration;

use socorro_core::error::{Applied, Scope};
use socorro_core::{Error, ErrorKind};

/// How the server refused: the status and what its JSON says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status, of the answer or of one item of a bulk request.
    pub(crate) status: u16,
    /// `error.type`, such as `document_parsing_exception`; empty where there is none.
    pub(crate) kind: String,
    /// `error.reason`, at most 1,000 bytes.
    pub(crate) reason: String,
    /// The header `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
}

/// A row of the table: the first that fits decides.
pub(crate) struct Row {
    /// The status; `None` is any.
    pub(crate) status: Option<u16>,
    /// The type of the exception; `None` is any.
    pub(crate) exception: Option<&'static str>,
    pub(crate) kind: ErrorKind,
    pub(crate) retryable: bool,
    pub(crate) scope: Scope,
    /// What to do.
    pub(crate) advice: &'static str,
}

const fn row(
    status: u16,
    exception: Option<&'static str>,
    kind: ErrorKind,
    retryable: bool,
    scope: Scope,
    advice: &'static str,
) -> Row {
    Row {
        status: Some(status),
        exception,
        kind,
        retryable,
        scope,
        advice,
    }
}

use ErrorKind::{Conflict, InvalidInput, PermissionDenied, Throttled, Unavailable};
use Scope::{Item, Store};

/// Answers of the server.
pub(crate) const TABLE: &[Row] = &[
    row(
        401,
        None,
        PermissionDenied,
        false,
        Store,
        "check username and password, or api_key",
    ),
    row(
        403,
        Some("cluster_block_exception"),
        Unavailable,
        true,
        Store,
        "the index or the cluster is read-only; lift the block",
    ),
    row(
        403,
        None,
        PermissionDenied,
        false,
        Store,
        "give the account the role in docs/elasticsearch.md",
    ),
    row(
        404,
        Some("index_not_found_exception"),
        Unavailable,
        true,
        Item,
        "the index was deleted meanwhile; saving again makes it",
    ),
    row(409, None, Conflict, true, Item, "another writer came first"),
    row(
        413,
        None,
        InvalidInput,
        false,
        Item,
        "lower max_document_size, or raise the server's http.max_content_length",
    ),
    row(
        429,
        Some("cluster_block_exception"),
        Unavailable,
        true,
        Store,
        "the server's disk is nearly full; free some space",
    ),
    row(
        429,
        Some("circuit_breaking_exception"),
        Throttled,
        true,
        Store,
        "the server is short of memory",
    ),
    row(
        429,
        None,
        Throttled,
        true,
        Store,
        "the server asks for less traffic",
    ),
    row(
        400,
        Some("validation_exception"),
        Unavailable,
        true,
        Store,
        "the cluster has no room for another index; raise cluster.max_shards_per_node or set retention",
    ),
    row(
        400,
        Some("circuit_breaking_exception"),
        Throttled,
        true,
        Store,
        "the server is short of memory",
    ),
    row(
        400,
        None,
        InvalidInput,
        false,
        Item,
        "the server refuses the document",
    ),
    row(
        503,
        None,
        Unavailable,
        true,
        Store,
        "the cluster or a shard is not in service",
    ),
    row(
        502,
        None,
        Unavailable,
        true,
        Store,
        "the proxy in front has no server",
    ),
    row(
        504,
        None,
        Unavailable,
        true,
        Store,
        "the proxy in front got no answer",
    ),
    Row {
        status: None,
        exception: None,
        kind: Unavailable,
        retryable: true,
        scope: Store,
        advice: "the answer is none that is expected; is this Elasticsearch or OpenSearch?",
    },
];

/// The row that decides.
pub(crate) fn verdict(refusal: &Refusal) -> &'static Row {
    let fits = |row: &&Row| {
        row.status.is_none_or(|status| status == refusal.status)
            && row.exception.is_none_or(|kind| kind == refusal.kind)
    };
    // The last row fits everything.
    TABLE.iter().find(fits).unwrap_or(&TABLE[TABLE.len() - 1])
}

impl Refusal {
    /// The error of an operation. `doing` completes "cannot …" and names the index; `writes` whether the
    /// request was to change something.
    pub(crate) fn into_error(self, doing: &str, writes: bool) -> Error {
        let row = verdict(&self);
        let mut message = format!("cannot {doing}: the server answered {}", self.status);
        for said in [&self.kind, &self.reason] {
            if !said.is_empty() {
                message.push_str(": ");
                message.push_str(said);
            }
        }
        if !row.advice.is_empty() {
            message.push_str("; ");
            message.push_str(row.advice);
        }
        let mut error = Error::new(row.kind, message)
            .retryable(row.retryable)
            .with_scope(row.scope);
        if writes && self.status >= 500 {
            error = error.with_applied(Applied::Unknown);
        }
        match self.retry_after {
            Some(after) => error.with_retry_after(after),
            None => error,
        }
    }
}

/// What happened to a request that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// No connection was made: nothing was sent.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection broke, or what came was no answer.
    Broken,
}

/// Requests without an answer: what happened, in README.md's words, kind, and whether a write may have landed.
pub(crate) const LOST: [(Lost, &str, ErrorKind, Applied); 3] = [
    (Lost::Connect, "no connection", Unavailable, Applied::No),
    (
        Lost::Timeout,
        "no answer in time",
        ErrorKind::Timeout,
        Applied::Unknown,
    ),
    (
        Lost::Broken,
        "connection lost, or no answer of Elasticsearch",
        Unavailable,
        Applied::Unknown,
    ),
];

/// The error of a request that got no answer from `node`.
pub(crate) fn lost(how: Lost, doing: &str, node: &str, writes: bool) -> Error {
    let (kind, applied) = LOST
        .iter()
        .find(|row| row.0 == how)
        .map_or((Unavailable, Applied::Unknown), |row| (row.2, row.3));
    let why = match how {
        Lost::Connect => "cannot be reached; is it running, and is the URL right?",
        Lost::Timeout => "did not answer within request_timeout",
        Lost::Broken => "broke the connection or gave no answer of Elasticsearch",
    };
    let error = Error::new(kind, format!("cannot {doing}: {node} {why}"));
    if writes {
        error.with_applied(applied)
    } else {
        error
    }
}

#[cfg(test)]
mod tests;
