//! What an operation carries besides its arguments.

use std::sync::Arc;
use std::time::{Duration, Instant};

/// The circumstances of one operation: how long it may take and which trace it belongs to.
///
/// Cheap to clone. A composite passes the context it was given on to its children, so that all of one
/// operation shares one deadline and, in a live program, one generation.
#[derive(Clone, Debug, Default)]
pub struct Context {
    deadline: Option<Instant>,
    trace_parent: Option<Arc<str>>,
    #[cfg(feature = "host")]
    pub(crate) pin: Option<crate::live::Pin>,
}

impl Context {
    /// No deadline, no trace.
    pub fn new() -> Self {
        Self::default()
    }

    /// Must be over at `deadline`; an earlier one that is already set stays.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(
            self.deadline
                .map_or(deadline, |earlier| earlier.min(deadline)),
        );
        self
    }

    /// Must be over in `timeout` from now; an earlier deadline that is already set stays.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.with_deadline(deadline),
            None => self,
        }
    }

    /// Belongs to the trace with this W3C `traceparent`.
    #[must_use]
    pub fn with_trace_parent(mut self, trace_parent: impl Into<Arc<str>>) -> Self {
        self.trace_parent = Some(trace_parent.into());
        self
    }

    /// When the operation must be over.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How long the operation may still take: zero when the deadline has passed, `None` without one.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The W3C `traceparent` of the trace this operation belongs to.
    pub fn trace_parent(&self) -> Option<&str> {
        self.trace_parent.as_deref()
    }
}
