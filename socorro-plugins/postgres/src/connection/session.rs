//! One connection and its prepared statements.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::{ToSql, Type};
use postgres::{Client, Row, Statement};
use socorro_core::Result;

use super::address::Address;
use crate::failure;

/// The values of a statement.
pub(crate) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// One connection. Not for threads of an async runtime, not even to be dropped there.
pub(crate) struct Session {
    client: Client,
    statements: HashMap<&'static str, Statement>,
    endpoint: Arc<str>,
    /// A copy failed on it. The client then gets one answer more than it waits for, and takes each of those
    /// that follow for the one before.
    is_out_of_step: bool,
    /// Since when nobody uses it.
    pub(super) idle_since: Instant,
}

impl Session {
    /// Connects and runs `setup`.
    pub(super) fn connect(address: &Address, endpoint: Arc<str>, setup: &str) -> Result<Self> {
        let client = address
            .config
            .connect(address.tls.clone())
            .map_err(|error| failure::from_server(&error, &endpoint))?;
        let mut session = Self {
            client,
            statements: HashMap::new(),
            endpoint,
            is_out_of_step: false,
            idle_since: Instant::now(),
        };
        session.run(setup)?;
        Ok(session)
    }

    /// Runs statements without values and without an answer.
    pub(crate) fn run(&mut self, sql: &str) -> Result<()> {
        let done = self.client.batch_execute(sql);
        done.map_err(|error| failure::from_server(&error, &self.endpoint))
    }

    /// [`run`](Self::run), keeping the server's own error.
    pub(super) fn run_raw(&mut self, sql: &str) -> Result<(), postgres::Error> {
        self.client.batch_execute(sql)
    }

    /// Runs one statement and returns its rows.
    pub(crate) fn query(&mut self, sql: &'static str, values: Values<'_>) -> Result<Vec<Row>> {
        let statement = self.prepared(sql)?;
        let rows = self.client.query(&statement, values);
        rows.map_err(|error| failure::from_server(&error, &self.endpoint))
    }

    /// Runs one statement and returns its first row, if it has any.
    pub(crate) fn query_first(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<Option<Row>> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    /// Runs one statement and returns how many rows it changed.
    pub(crate) fn execute(&mut self, sql: &'static str, values: Values<'_>) -> Result<u64> {
        let statement = self.prepared(sql)?;
        let changed = self.client.execute(&statement, values);
        changed.map_err(|error| failure::from_server(&error, &self.endpoint))
    }

    /// Copies rows in. `write` is given what takes them.
    pub(crate) fn copy_in(
        &mut self,
        sql: &'static str,
        types: &[Type],
        write: impl FnOnce(&mut BinaryCopyInWriter<'_>) -> Result<(), postgres::Error>,
    ) -> Result<u64> {
        let statement = self.prepared(sql)?;
        let copy = || {
            let writer = self.client.copy_in(&statement)?;
            let mut rows = BinaryCopyInWriter::new(writer, types);
            write(&mut rows)?;
            rows.finish()
        };
        copy().map_err(|error| {
            self.is_out_of_step = true;
            failure::from_server(&error, &self.endpoint)
        })
    }

    /// Column `name` of a row.
    pub(crate) fn get<'r, T: postgres::types::FromSql<'r>>(
        &self,
        row: &'r Row,
        name: &str,
    ) -> Result<T> {
        row.try_get(name)
            .map_err(|error| failure::from_server(&error, &self.endpoint))
    }

    /// Is the server still there? Asks it.
    pub(super) fn is_alive(&mut self) -> bool {
        self.client.check_connection().is_ok()
    }

    /// Has it been found to be cut?
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Can it be used again after what was done on it?
    pub(super) fn is_usable(&self) -> bool {
        !self.is_out_of_step && !self.is_closed()
    }

    fn prepared(&mut self, sql: &'static str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self
            .client
            .prepare(sql)
            .map_err(|error| failure::from_server(&error, &self.endpoint))?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}
