use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;

use super::lease::Lease;
use super::tally::Tally;
use super::{
    BlockingConnectionSource, Call, ConnectionSource, Outcome, TransactionExecutor, Work,
    run_blocking,
};
use crate::Result;

/// Runs `body` in a transaction, again on a new connection while the executor finds that useful; see
/// [the protocol](super#a-transaction).
///
/// ```
/// # use socorro_core::transaction::*;
/// # use socorro_core::Result;
/// # async fn example<S>(executor: &dyn TransactionExecutor, source: &S, ids: &[String]) -> Result<()>
/// # where S: ConnectionSource<Connection = Vec<String>> {
/// let outcome = transaction(executor, &Call::new("save_raw_crash"), source, |rows| {
///     Work::new(async move {
///         rows.extend_from_slice(ids);
///         Ok(Outcome::Commit(ids.len()))
///     })
/// })
/// .await?;
/// # Ok(())
/// # }
/// ```
///
/// `body` is repeated from the start, and once more after a commit whose answer was lost: what it writes must
/// be safe to write twice (a unique key, and "on conflict do nothing").
///
/// # Errors
/// As for [`run`](super::run()); a failed commit counts as a failed attempt.
///
/// # Cancellation
/// Dropping the future discards the connection, so the backend rolls back, unless a commit was already under
/// way. A panic of `body` does the same and goes on.
pub async fn transaction<'env, S, T, F>(
    executor: &dyn TransactionExecutor,
    call: &Call<'_>,
    source: &S,
    mut body: F,
) -> Result<Outcome<T>>
where
    S: ConnectionSource + ?Sized,
    F: for<'conn> FnMut(&'conn mut S::Connection) -> Work<'env, 'conn, T>,
{
    let mut tally = Tally::new(executor, call);
    loop {
        tally.next_attempt()?;
        let attempt = pin!(attempt(call, source, &mut body));
        if let Some(outcome) = tally.attempt(attempt).await? {
            return Ok(outcome);
        }
    }
}

async fn attempt<'env, S, T, F>(call: &Call<'_>, source: &S, body: &mut F) -> Result<Outcome<T>>
where
    S: ConnectionSource + ?Sized,
    F: for<'conn> FnMut(&'conn mut S::Connection) -> Work<'env, 'conn, T>,
{
    let mut lease = Lease::new(source, source.begin().await?);
    let outcome = body(lease.connection()?).await;
    match &outcome {
        Ok(Outcome::Commit(_)) => {
            let committed = source.commit(lease.connection()?).await;
            lease.committed(committed)?;
        }
        Ok(Outcome::Abandon(_)) => {
            let undone = source.rollback(lease.connection()?).await;
            lease.rolled_back(call.operation, undone, true);
        }
        Err(error) => {
            let undone = source.rollback(lease.connection()?).await;
            lease.rolled_back(call.operation, undone, !error.is_retryable());
        }
    }
    outcome
}

/// [`transaction`] for code that blocks; not for a thread that drives an async runtime.
///
/// # Errors
/// As for [`transaction`].
///
/// # Panics
/// When `body` does: the transaction is rolled back, the connection discarded, and the panic goes on. It is
/// not tried again.
pub fn transaction_blocking<S, T>(
    executor: &dyn TransactionExecutor,
    call: &Call<'_>,
    source: &S,
    mut body: impl FnMut(&mut S::Connection) -> Result<Outcome<T>>,
) -> Result<Outcome<T>>
where
    S: BlockingConnectionSource + ?Sized,
{
    run_blocking(executor, call, |_| {
        let mut lease = Lease::new(source, source.begin()?);
        let connection = lease.connection()?;
        // Nothing of ours is looked at after a panic except the connection, which is then discarded.
        let outcome = match catch_unwind(AssertUnwindSafe(|| body(connection))) {
            Ok(outcome) => outcome,
            Err(panic) => {
                let undone = source.rollback(lease.connection()?);
                lease.rolled_back(call.operation, undone, false);
                resume_unwind(panic);
            }
        };
        match &outcome {
            Ok(Outcome::Commit(_)) => {
                let committed = source.commit(lease.connection()?);
                lease.committed(committed)?;
            }
            Ok(Outcome::Abandon(_)) => {
                let undone = source.rollback(lease.connection()?);
                lease.rolled_back(call.operation, undone, true);
            }
            Err(error) => {
                let undone = source.rollback(lease.connection()?);
                lease.rolled_back(call.operation, undone, !error.is_retryable());
            }
        }
        outcome
    })
}
