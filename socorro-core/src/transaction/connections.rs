use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::error::Applied;
use crate::{Error, Result};

/// Where connections go when a transaction is done with them; what async and blocking sources share.
///
/// Neither method may block or panic: they run in destructors.
pub trait Connections: Send + Sync {
    /// One connection, with a transaction open on it.
    type Connection: Send;

    /// Takes back a connection whose transaction was committed or rolled back, to be used again.
    fn release(&self, connection: Self::Connection);

    /// Takes back a connection in an unknown state: after a failure, a panic, or because the future that used
    /// it was dropped. Must close it without a word, so that the backend rolls back what is open, and never
    /// hand it out again.
    fn discard(&self, connection: Self::Connection);
}

/// A source of connections for [`transaction`](super::transaction()).
///
/// Dropping any of its futures must leave the connection fit for [`Connections::discard`].
#[async_trait]
pub trait ConnectionSource: Connections {
    /// Checks out a connection, or makes one, and begins a transaction on it.
    async fn begin(&self) -> Result<Self::Connection>;

    /// Commits.
    async fn commit(&self, connection: &mut Self::Connection) -> Result<(), CommitError>;

    /// Rolls back.
    async fn rollback(&self, connection: &mut Self::Connection) -> Result<()>;
}

/// A source of connections for [`transaction_blocking`](super::transaction_blocking()).
pub trait BlockingConnectionSource: Connections {
    /// Checks out a connection, or makes one, and begins a transaction on it.
    fn begin(&self) -> Result<Self::Connection>;

    /// Commits.
    fn commit(&self, connection: &mut Self::Connection) -> Result<(), CommitError>;

    /// Rolls back.
    fn rollback(&self, connection: &mut Self::Connection) -> Result<()>;
}

/// Why a commit failed, and whether it may have happened nevertheless.
///
/// `?` on an [`Error`] makes it [`CommitError::Unknown`]: a source has to know to say otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum CommitError {
    /// The backend answered that the transaction is rolled back.
    RolledBack(Error),
    /// The answer was lost, or says nothing.
    Unknown(Error),
}

impl CommitError {
    /// The error, with [`Error::applied`] as this says.
    pub fn into_error(self) -> Error {
        match self {
            Self::RolledBack(error) => error.with_applied(Applied::No),
            Self::Unknown(error) if error.applied() == Applied::Yes => error,
            Self::Unknown(error) => error.with_applied(Applied::Unknown),
        }
    }
}

impl From<Error> for CommitError {
    fn from(error: Error) -> Self {
        Self::Unknown(error)
    }
}

/// How the body of a transaction wants it to end when nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Keep what was done.
    Commit(T),
    /// Undo what was done, on purpose: no error and nothing in the log.
    Abandon(T),
}

impl<T> Outcome<T> {
    /// What the body returned, either way.
    pub fn into_inner(self) -> T {
        match self {
            Self::Commit(value) | Self::Abandon(value) => value,
        }
    }

    /// What the body returned, if it was committed.
    pub fn committed(self) -> Option<T> {
        match self {
            Self::Commit(value) => Some(value),
            Self::Abandon(_) => None,
        }
    }
}

/// What the body of an async transaction returns: its future, boxed.
///
/// The future may borrow the connection (`'conn`) and what the closure borrows from around it (`'env`), which
/// lives longer. A plain async closure cannot promise that its future moves between threads; this does.
#[must_use = "futures do nothing unless awaited"]
pub struct Work<'env, 'conn, T> {
    future: BoxFuture<'conn, Result<Outcome<T>>>,
    // Tells the compiler that `'env` outlives `'conn`.
    env: PhantomData<&'conn &'env ()>,
}

impl<'conn, T> Work<'_, 'conn, T> {
    /// Boxes `future`.
    pub fn new(future: impl Future<Output = Result<Outcome<T>>> + Send + 'conn) -> Self {
        Self {
            future: Box::pin(future),
            env: PhantomData,
        }
    }
}

impl<T> Future for Work<'_, '_, T> {
    type Output = Result<Outcome<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.future.as_mut().poll(cx)
    }
}
