//! One error for every operation on a storage or a source.
//!
//! An error says *what kind* of failure it is, whether trying again can help ([`Error::is_retryable`],
//! [`Error::retry_after`]), whether the write may have landed all the same ([`Error::applied`]), and whether
//! one crash or the whole store is the trouble ([`Error::scope`]). Executors decide by these four facts and
//! never by text. It is plain data: it crosses the plugin boundary whole, causes and children included.

#[cfg(any(feature = "host", feature = "plugin"))]
mod details;
mod kind;
mod outcome;

pub use kind::{Applied, ErrorKind, Scope};
pub use outcome::ChildOutcome;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The result of an operation on a storage or a source.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed. Cheap to move (one pointer); see the [module](self) for what it carries.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Error(Box<Facts>);

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Facts {
    kind: ErrorKind,
    retryable: bool,
    /// Milliseconds, because that is what crosses the boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    applied: Applied,
    scope: Scope,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    storage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crash_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    children: Vec<ChildOutcome>,
}

impl Error {
    /// An error of `kind`. Whether it is retryable and what it concerns start at what is usual for the kind
    /// (see [`ErrorKind::usually_retryable`]); the message names what, where and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Facts {
            kind,
            retryable: kind.usually_retryable(),
            retry_after_ms: None,
            applied: Applied::No,
            scope: kind.usual_scope(),
            message: message.into(),
            operation: None,
            storage: None,
            crash_id: None,
            causes: Vec::new(),
            children: Vec::new(),
        }))
    }

    /// Says whether trying the same operation again can succeed.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// The earliest moment at which the backend wants to be asked again, from now.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after_ms = Some(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Whether the write may have landed although the operation failed.
    #[must_use]
    pub fn with_applied(mut self, applied: Applied) -> Self {
        self.0.applied = applied;
        self
    }

    /// Whether one item or the whole store is the trouble.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.0.scope = scope;
        self
    }

    /// Names the operation, unless a deeper layer already did.
    #[must_use]
    pub fn in_operation(mut self, operation: &str) -> Self {
        self.0.operation.get_or_insert_with(|| operation.to_owned());
        self
    }

    /// Names the storage or source, unless a deeper layer already did.
    #[must_use]
    pub fn at_storage(mut self, storage: &str) -> Self {
        self.0.storage.get_or_insert_with(|| storage.to_owned());
        self
    }

    /// Names the crash, unless a deeper layer already did.
    #[must_use]
    pub fn for_crash(mut self, crash_id: impl fmt::Display) -> Self {
        self.0.crash_id.get_or_insert_with(|| crash_id.to_string());
        self
    }

    /// Adds the texts of `source` and of everything below it.
    #[must_use]
    pub fn caused_by(mut self, source: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(source);
        while let Some(error) = next {
            self.0.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds the outcome of each child of a composite, the successful ones too.
    #[must_use]
    pub fn with_children(mut self, children: Vec<ChildOutcome>) -> Self {
        self.0.children = children;
        self
    }

    /// Adds what a layer above knows about the failure to its message, in brackets.
    #[must_use]
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.0.message = format!("{} ({note})", self.0.message);
        self
    }

    /// With every text that others wrote passed through `change`.
    #[cfg(feature = "host")]
    #[must_use]
    pub(crate) fn map_texts(mut self, change: &dyn Fn(&str) -> String) -> Self {
        let facts = &mut *self.0;
        facts.message = change(&facts.message);
        for cause in &mut facts.causes {
            *cause = change(cause);
        }
        for child in &mut facts.children {
            child.error = child.error.take().map(|error| error.map_texts(change));
        }
        self
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether trying the same operation again can succeed.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// How long the backend asks to be left alone, from when the error was made.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after_ms.map(Duration::from_millis)
    }

    /// Whether the write may have landed although the operation failed.
    pub fn applied(&self) -> Applied {
        self.0.applied
    }

    /// Whether one item or the whole store is the trouble.
    pub fn scope(&self) -> Scope {
        self.0.scope
    }

    /// The operation that failed, such as `save_raw_crash`.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The configured name of the storage or source that failed.
    pub fn storage(&self) -> Option<&str> {
        self.0.storage.as_deref()
    }

    /// The crash concerned, as text.
    pub fn crash_id(&self) -> Option<&str> {
        self.0.crash_id.as_deref()
    }

    /// What happened and what to do, without operation, storage and causes.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The texts of the errors below this one, outermost first.
    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }

    /// The outcome of each child when a composite failed; empty otherwise.
    pub fn children(&self) -> &[ChildOutcome] {
        &self.0.children
    }

    /// Is this [`ErrorKind::NotFound`]?
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }
}

/// `storage: operation: crash: message: causes; child: outcome`, on one line.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = &*self.0;
        for part in [&facts.storage, &facts.operation, &facts.crash_id]
            .into_iter()
            .flatten()
        {
            write!(f, "{part}: ")?;
        }
        f.write_str(&facts.message)?;
        for cause in &facts.causes {
            write!(f, ": {cause}")?;
        }
        for child in &facts.children {
            write!(f, "; {child}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = &*self.0;
        write!(f, "Error({:?}", facts.kind)?;
        if facts.retryable {
            f.write_str(", retryable")?;
        }
        if facts.applied != Applied::No {
            write!(f, ", applied: {:?}", facts.applied)?;
        }
        write!(f, ", {:?}: {self})", facts.scope)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests;
