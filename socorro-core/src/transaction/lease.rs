use super::{CommitError, Connections};
use crate::{Error, ErrorKind, Result};

/// A connection for one attempt: discarded when dropped, unless it was given back before.
///
/// The destructor is what makes a panic and a dropped future safe.
pub(super) struct Lease<'s, S: Connections + ?Sized> {
    source: &'s S,
    connection: Option<S::Connection>,
}

impl<'s, S: Connections + ?Sized> Lease<'s, S> {
    pub(super) fn new(source: &'s S, connection: S::Connection) -> Self {
        Self {
            source,
            connection: Some(connection),
        }
    }

    /// The connection; an error of kind [`ErrorKind::Internal`] after it was given back.
    pub(super) fn connection(&mut self) -> Result<&mut S::Connection> {
        self.connection.as_mut().ok_or_else(|| {
            Error::new(
                ErrorKind::Internal,
                "a connection was used after it was given back; this is a defect, please report it",
            )
        })
    }

    /// Ends the lease after a commit: only a connection that committed is used again.
    pub(super) fn committed(mut self, committed: Result<(), CommitError>) -> Result<()> {
        committed.map_err(CommitError::into_error)?;
        self.release();
        Ok(())
    }

    /// Ends the lease after a rollback. One that fails changes nothing for the caller, because closing the
    /// connection makes the backend roll back.
    pub(super) fn rolled_back(mut self, operation: &str, undone: Result<()>, reuse: bool) {
        match undone {
            Ok(()) if reuse => self.release(),
            Ok(()) => {}
            Err(error) => tracing::debug!(
                operation,
                error = %error,
                "rollback failed, closing the connection instead"
            ),
        }
    }

    fn release(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.source.release(connection);
        }
    }
}

impl<S: Connections + ?Sized> Drop for Lease<'_, S> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.source.discard(connection);
        }
    }
}
