use std::sync::Mutex;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::poll;

use super::*;
use crate::error::Applied;

/// A backend that writes down what it is asked for, and fails where told.
#[derive(Debug, Default)]
struct Recorder {
    log: Mutex<Vec<String>>,
    connections: Count,
    refuse_begin: Option<Error>,
    refuse_commit: Mutex<Vec<CommitError>>,
    refuse_rollback: bool,
}

impl Recorder {
    fn note(&self, what: &str, connection: u32) {
        self.log
            .lock()
            .unwrap()
            .push(format!("{what} {connection}"));
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    fn count(&self, what: &str) -> usize {
        self.log()
            .iter()
            .filter(|line| line.starts_with(what))
            .count()
    }

    fn refusing_commits(refused: Vec<CommitError>) -> Self {
        Self {
            refuse_commit: Mutex::new(refused),
            ..Self::default()
        }
    }
}

impl Connections for Recorder {
    type Connection = u32;

    fn release(&self, connection: u32) {
        self.note("release", connection);
    }

    fn discard(&self, connection: u32) {
        self.note("discard", connection);
    }
}

impl BlockingConnectionSource for Recorder {
    fn begin(&self) -> Result<u32> {
        let connection = self.connections.up();
        self.note("begin", connection);
        self.refuse_begin.clone().map_or(Ok(connection), Err)
    }

    fn commit(&self, connection: &mut u32) -> Result<(), CommitError> {
        self.note("commit", *connection);
        self.refuse_commit.lock().unwrap().pop().map_or(Ok(()), Err)
    }

    fn rollback(&self, connection: &mut u32) -> Result<()> {
        self.note("rollback", *connection);
        if self.refuse_rollback {
            return Err(Error::new(ErrorKind::Unavailable, "connection lost"));
        }
        Ok(())
    }
}

#[async_trait]
impl ConnectionSource for Recorder {
    async fn begin(&self) -> Result<u32> {
        BlockingConnectionSource::begin(self)
    }

    async fn commit(&self, connection: &mut u32) -> Result<(), CommitError> {
        tokio::task::yield_now().await;
        BlockingConnectionSource::commit(self, connection)
    }

    async fn rollback(&self, connection: &mut u32) -> Result<()> {
        BlockingConnectionSource::rollback(self, connection)
    }
}

/// Runs a body that blocks on both kinds of source and requires the same of both.
fn both<T: PartialEq + std::fmt::Debug + Send>(
    source: impl Fn() -> Recorder,
    delays: &[u64],
    body: impl Fn(u32) -> Result<Outcome<T>> + Sync,
) -> (Result<Outcome<T>>, Recorder, Vec<Duration>) {
    let blocking = (Bench::limited(delays), source(), Count::default());
    let outcome = transaction_blocking(&*blocking.0.executor, &SAVE, &blocking.1, |_| {
        body(blocking.2.up())
    });
    let (bench, recorder, count) = (Bench::limited(delays), source(), Count::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let asynchronous = runtime.block_on(transaction(&*bench.executor, &SAVE, &recorder, |_| {
        Work::new(async {
            tokio::task::yield_now().await;
            body(count.up())
        })
    }));
    assert_eq!(asynchronous, outcome);
    assert_eq!(recorder.log(), blocking.1.log());
    (outcome, recorder, bench.clock.sleeps())
}

#[test]
fn what_a_body_returns_is_committed_and_the_connection_used_again() {
    let (outcome, source, _) = both(Recorder::default, &[1], |_| Ok(Outcome::Commit("done")));
    assert_eq!(outcome, Ok(Outcome::Commit("done")));
    assert_eq!(source.log(), ["begin 1", "commit 1", "release 1"]);
}

#[test]
fn v77_each_failure_is_rolled_back_and_the_next_attempt_has_a_new_connection() {
    let (outcome, source, sleeps) = both(Recorder::default, &[2, 4, 6, 10, 15], |call| {
        if call <= 5 {
            Err(unavailable())
        } else {
            Ok(Outcome::Commit(call))
        }
    });
    assert_eq!(outcome, Ok(Outcome::Commit(6)));
    assert_eq!(sleeps, seconds(&[2, 4, 6, 10, 15]));
    assert_eq!(source.count("rollback"), 5);
    assert_eq!(source.count("commit"), 1);
    assert_eq!(
        source.log()[..6],
        [
            "begin 1",
            "rollback 1",
            "discard 1",
            "begin 2",
            "rollback 2",
            "discard 2"
        ]
    );
    assert_eq!(source.log()[15..], ["begin 6", "commit 6", "release 6"]);
}

#[test]
fn v79_an_error_that_does_not_pass_is_rolled_back_and_returned() {
    let wrong =
        Error::new(ErrorKind::InvalidInput, "no such column").in_operation("save_raw_crash");
    let (outcome, source, sleeps) = both(Recorder::default, &[1], |_| {
        Err::<Outcome<()>, _>(wrong.clone())
    });
    assert_eq!(outcome, Err(wrong.clone()));
    assert_eq!(sleeps, []);
    assert_eq!(source.log(), ["begin 1", "rollback 1", "release 1"]);
}

#[test]
fn v80_abandoning_rolls_back_and_is_no_failure() {
    let (outcome, source, _) = both(Recorder::default, &[1], |_| Ok(Outcome::Abandon("not now")));
    assert_eq!(outcome, Ok(Outcome::Abandon("not now")));
    assert_eq!(source.log(), ["begin 1", "rollback 1", "release 1"]);
    assert_eq!(Outcome::Abandon(1).committed(), None);
    assert_eq!(Outcome::Commit(1).committed(), Some(1));
    assert_eq!(Outcome::Abandon(1).into_inner(), 1);
}

#[test]
fn no_connection_is_a_failed_attempt() {
    let source = || Recorder {
        refuse_begin: Some(unavailable()),
        ..Recorder::default()
    };
    let (outcome, source, sleeps) = both(source, &[1, 2], |_| Ok(Outcome::Commit(())));
    assert_eq!(outcome.unwrap_err().applied(), Applied::No);
    assert_eq!(sleeps, seconds(&[1, 2]));
    assert_eq!(source.log(), ["begin 1", "begin 2", "begin 3"]);
}

#[test]
fn a_commit_without_an_answer_is_tried_again_and_never_denied() {
    let lost = || Recorder::refusing_commits(vec![CommitError::from(unavailable())]);
    let (outcome, source, _) = both(lost, &[1], |call| Ok(Outcome::Commit(call)));
    assert_eq!(outcome, Ok(Outcome::Commit(2)));
    assert_eq!(
        source.log(),
        [
            "begin 1",
            "commit 1",
            "discard 1",
            "begin 2",
            "commit 2",
            "release 2"
        ]
    );

    let (outcome, _, _) = both(lost, &[1], |call| match call {
        1 => Ok(Outcome::Commit(())),
        _ => Err(Error::new(ErrorKind::PermissionDenied, "access denied")),
    });
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(error.applied(), Applied::Unknown);
}

#[test]
fn a_source_that_knows_says_what_a_failed_commit_did() {
    let conflict = || Error::new(ErrorKind::Conflict, "could not serialize").retryable(true);
    let refused = || Recorder::refusing_commits(vec![CommitError::RolledBack(conflict()); 2]);
    let (outcome, _, _) = both(refused, &[1], |_| Ok(Outcome::Commit(())));
    assert_eq!(outcome.unwrap_err().applied(), Applied::No);

    let done = CommitError::Unknown(unavailable().with_applied(Applied::Yes));
    assert_eq!(done.into_error().applied(), Applied::Yes);
}

#[test]
fn a_rollback_that_fails_closes_the_connection_and_keeps_the_error() {
    let source = || Recorder {
        refuse_rollback: true,
        ..Recorder::default()
    };
    let wrong =
        Error::new(ErrorKind::InvalidInput, "no such column").in_operation("save_raw_crash");
    let (outcome, recorder, _) = both(source, &[1], |_| Err::<Outcome<()>, _>(wrong.clone()));
    assert_eq!(outcome, Err(wrong.clone()));
    assert_eq!(recorder.log(), ["begin 1", "rollback 1", "discard 1"]);

    let (outcome, recorder, _) = both(source, &[1], |_| Ok(Outcome::Abandon(())));
    assert_eq!(outcome, Ok(Outcome::Abandon(())));
    assert_eq!(recorder.log(), ["begin 1", "rollback 1", "discard 1"]);
}

#[test]
fn a_blocking_body_that_panics_is_rolled_back_and_the_panic_goes_on() {
    let (bench, source) = (Bench::limited(&[1]), Recorder::default());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        transaction_blocking(
            &*bench.executor,
            &SAVE,
            &source,
            |_| -> Result<Outcome<()>> { std::panic::resume_unwind(Box::new("the body's own")) },
        )
    }))
    .unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the body's own"));
    assert_eq!(source.log(), ["begin 1", "rollback 1", "discard 1"]);
    assert_eq!(bench.clock.sleeps(), []);
}

#[tokio::test]
async fn an_async_body_that_panics_leaves_no_connection_behind() {
    let bench = Bench::limited(&[1]);
    let source = Arc::new(Recorder::default());
    let (executor, shared) = (bench.executor.clone(), source.clone());
    let task = tokio::spawn(async move {
        transaction(&*executor, &SAVE, &*shared, |_| {
            Work::<()>::new(async {
                tokio::task::yield_now().await;
                std::panic::resume_unwind(Box::new("the body's own"))
            })
        })
        .await
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(source.log(), ["begin 1", "discard 1"]);
}

#[tokio::test]
async fn a_dropped_transaction_discards_its_connection() {
    let (bench, source) = (Bench::limited(&[1]), Recorder::default());
    {
        let operation = transaction(&*bench.executor, &SAVE, &source, |_| {
            Work::<()>::new(std::future::pending())
        });
        let mut operation = std::pin::pin!(operation);
        assert!(poll!(operation.as_mut()).is_pending());
        assert_eq!(source.log(), ["begin 1"]);
    }
    assert_eq!(source.log(), ["begin 1", "discard 1"]);
}

#[tokio::test]
async fn a_drain_deadline_discards_the_connection_of_a_transaction() {
    let bench = Bench::with_delays(ManualClock::new(), "limited_backoff", &[1]);
    let (source, drain) = (Recorder::default(), Drain::new());
    drain.start(bench.clock.now() + secs(5));
    let call = SAVE.with_drain(&drain);
    let operation = transaction(&*bench.executor, &call, &source, |_| {
        bench.clock.advance(secs(5));
        Work::<()>::new(std::future::pending())
    });
    let error = operation.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(error.applied(), Applied::Unknown);
    assert_eq!(source.log(), ["begin 1", "discard 1"]);
}

#[tokio::test]
async fn no_connection_is_held_during_a_wait() {
    let bench = Bench::with_delays(ManualClock::new(), "limited_backoff", &[10]);
    let source = Recorder::default();
    let operation = transaction(&*bench.executor, &SAVE, &source, |_| {
        Work::<()>::new(async { Err(unavailable()) })
    });
    let mut operation = std::pin::pin!(operation);
    assert!(poll!(operation.as_mut()).is_pending());
    assert_eq!(bench.clock.sleeps(), seconds(&[10]));
    assert_eq!(source.log(), ["begin 1", "rollback 1", "discard 1"]);
}

#[tokio::test]
async fn the_body_has_the_connection_and_what_it_borrows() {
    let bench = Bench::limited(&[1]);
    let source = Recorder::default();
    let rows = vec!["a".to_owned(), "b".to_owned()];
    let written = Mutex::new(Vec::new());
    let (rows, into) = (&rows, &written);
    // Moved through a `Send` box, as a trait method would.
    let operation: BoxFuture<'_, _> = Box::pin(transaction(
        &*bench.executor,
        &SAVE,
        &source,
        |connection| {
            Work::new(async move {
                for row in rows {
                    tokio::task::yield_now().await;
                    into.lock().unwrap().push(format!("{row}{connection}"));
                    *connection += 1;
                }
                Ok(Outcome::Commit(rows.len()))
            })
        },
    ));
    assert_eq!(operation.await, Ok(Outcome::Commit(2)));
    assert_eq!(written.into_inner().unwrap(), ["a1", "b2"]);
    assert_eq!(source.log(), ["begin 1", "commit 3", "release 3"]);
}
