//! Connections that are idle, and the transaction protocol over them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socorro_core::transaction::{
    BackoffExecutor, BlockingConnectionSource, Call, CommitError, Connections, Outcome, Quit,
    SystemClock, transaction_blocking,
};
use socorro_core::{Error, Result};

use super::address::Address;
use super::session::Session;
use crate::config::Access;
use crate::failure;
use crate::layout::{Partitions, quoted};

/// A connection that nobody used for so long is asked whether it is alive before it is used again. A restart
/// of the server kills them all, and the first to notice should not be somebody's crash.
const TRUSTED: Duration = Duration::from_millis(100);

/// The database of one instance: makes connections when they are needed, keeps those that are idle.
pub(crate) struct Database {
    address: Address,
    endpoint: Arc<str>,
    /// What every connection runs first.
    setup: String,
    /// The last one used is the first to be used again.
    idle: Mutex<Vec<Session>>,
    /// One attempt: whether to try again is decided by the host.
    once: BackoffExecutor,
    /// The partitions that are known to be there.
    pub(crate) partitions: Partitions,
}

impl Database {
    pub(crate) fn new(access: &Access, name: &str) -> Result<Self> {
        let address = Address::new(access, name)?;
        Ok(Self {
            endpoint: address.endpoint.as_str().into(),
            setup: setup(access),
            address,
            idle: Mutex::default(),
            once: BackoffExecutor::new(Arc::new(SystemClock), Quit::default()),
            partitions: Partitions::default(),
        })
    }

    /// `host:port/database`, for messages.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Runs `work` outside of a transaction.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
        let mut session = self.session()?;
        let done = work(&mut session);
        match &done {
            Err(error) if error.is_retryable() => self.discard(session),
            _ => self.release(session),
        }
        done
    }

    /// Runs `work` in a transaction, once.
    pub(crate) fn transaction<T>(
        &self,
        operation: &'static str,
        work: impl FnMut(&mut Session) -> Result<T>,
    ) -> Result<T> {
        let mut work = work;
        transaction_blocking(&self.once, &Call::new(operation), self, |session| {
            work(session).map(Outcome::Commit)
        })
        .map(Outcome::into_inner)
    }

    /// An idle connection that is alive, or a new one.
    fn session(&self) -> Result<Session> {
        while let Some(mut session) = self.pop() {
            let fresh = session.idle_since.elapsed() < TRUSTED;
            if !session.is_closed() && (fresh || session.is_alive()) {
                return Ok(session);
            }
            // What killed this one killed the others.
            self.clear();
        }
        self.connect()
    }

    fn connect(&self) -> Result<Session> {
        Session::connect(&self.address, Arc::clone(&self.endpoint), &self.setup)
    }

    fn pop(&self) -> Option<Session> {
        self.idle().pop()
    }

    /// Closes the idle connections. Blocks.
    pub(super) fn clear(&self) {
        let idle = std::mem::take(&mut *self.idle());
        drop(idle);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections for Database {
    type Connection = Session;

    fn release(&self, mut session: Session) {
        if !session.is_usable() {
            return self.discard(session);
        }
        session.idle_since = Instant::now();
        self.idle().push(session);
    }

    fn discard(&self, session: Session) {
        // On this instance's own threads, which may wait for the socket to close.
        let others_too = session.is_closed();
        drop(session);
        if others_too {
            self.clear();
        }
    }
}

impl BlockingConnectionSource for Database {
    fn begin(&self) -> Result<Session> {
        let mut session = self.session()?;
        match session.run("BEGIN") {
            Ok(()) => Ok(session),
            // Nothing has been asked of it yet, so a new one will do as well.
            Err(_) if session.is_closed() => {
                self.discard(session);
                let mut session = self.connect()?;
                session.run("BEGIN")?;
                Ok(session)
            }
            Err(error) => {
                self.discard(session);
                Err(error)
            }
        }
    }

    fn commit(&self, session: &mut Session) -> Result<(), CommitError> {
        session.run_raw("COMMIT").map_err(|error| {
            let told = failure::is_refusal(&error);
            let error: Error = failure::from_server(&error, &self.endpoint);
            if told {
                CommitError::RolledBack(error)
            } else {
                CommitError::Unknown(error)
            }
        })
    }

    fn rollback(&self, session: &mut Session) -> Result<()> {
        session.run("ROLLBACK")
    }
}

/// * Plans are made for the values at hand: only then are partitions left out before they are locked.
/// * A server may be set to lose what it acknowledged; we promise that it is durable.
fn setup(access: &Access) -> String {
    format!(
        "SET search_path = {}, pg_temp;
         SET statement_timeout = {};
         SET lock_timeout = {};
         SET plan_cache_mode = force_custom_plan;
         SET client_min_messages = warning;
         SET default_transaction_isolation = 'read committed';
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
        quoted(&access.schema),
        access.request_timeout.as_millis().min(i32::MAX as u128),
        access.lock_timeout.as_millis().min(i32::MAX as u128),
    )
}
