//! What somebody would write first: a transaction for each crash, a connection for each caller as far as there
//! are some.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use async_trait::async_trait;
use postgres::{Client, Config, NoTls};
use socorro_benches::crashes::Crash;
use socorro_benches::servers::peer::Peer;
use socorro_core::crash::CrashId;
use socorro_testkit::services::Server;
use tokio::sync::Semaphore;

use crate::{NAIVE, OURS};

/// The server's address with the user and without encryption, the same for both peers.
pub(crate) fn url(server: &Server) -> String {
    let address = server
        .url
        .replacen("://", &format!("://{}@", server.user), 1);
    format!("{address}?sslmode=disable")
}

fn connect(server: &Server) -> Result<Client> {
    let mut config: Config = url(server).parse()?;
    Ok(config.password(&server.password).connect(NoTls)?)
}

/// Takes the schemas away.
pub(crate) fn clean_up(server: &Server) -> Result<()> {
    let sql = format!("DROP SCHEMA IF EXISTS {OURS}, {NAIVE} CASCADE");
    Ok(connect(server)?.batch_execute(&sql)?)
}

/// Free connections, and as many permits.
struct Pool {
    permits: Semaphore,
    put: Sender<Client>,
    free: Mutex<Receiver<Client>>,
}

pub(crate) struct Naive {
    pool: Arc<Pool>,
    with_dumps: bool,
}

impl Naive {
    pub(crate) fn open(server: &Server, connections: usize, with_dumps: bool) -> Result<Self> {
        clean_up(server)?;
        connect(server)?.batch_execute(&format!(
            "CREATE SCHEMA {NAIVE};
             CREATE TABLE {NAIVE}.raw (id text PRIMARY KEY, raw bytea NOT NULL, document jsonb NOT NULL);
             CREATE TABLE {NAIVE}.dump (id text, name text, dump bytea NOT NULL, PRIMARY KEY (id, name));
             ALTER TABLE {NAIVE}.dump ALTER dump SET STORAGE EXTERNAL"
        ))?;
        let (put, free) = channel();
        for _ in 0..connections {
            let client = connect(server)?;
            put.send(client).ok().context("no pool")?;
        }
        let pool = Arc::new(Pool {
            permits: Semaphore::new(connections),
            put,
            free: Mutex::new(free),
        });
        Ok(Self { pool, with_dumps })
    }

    /// Runs `work` with a free connection, on a thread where blocking is allowed.
    async fn with<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Client) -> Result<T> + Send + 'static,
    {
        let _permit = self.pool.permits.acquire().await?;
        let pool = Arc::clone(&self.pool);
        let done = tokio::task::spawn_blocking(move || {
            let mut client = {
                let free = pool.free.lock().unwrap_or_else(PoisonError::into_inner);
                free.try_recv().context("more permits than connections")?
            };
            let done = work(&mut client);
            pool.put.send(client).ok().context("no pool")?;
            done
        });
        done.await?
    }
}

#[async_trait]
impl Peer for Naive {
    fn title(&self) -> &'static str {
        "postgres, one by one"
    }

    async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        let (id, crash, with_dumps) = (id.to_string(), crash.clone(), self.with_dumps);
        self.with(move |client| {
            let document: &str = std::str::from_utf8(crash.raw.as_bytes())?;
            let raw: &[u8] = crash.raw.as_bytes();
            let dump: &[u8] = &crash.dump;
            let mut transaction = client.transaction()?;
            let sql = format!(
                "INSERT INTO {NAIVE}.raw VALUES ($1, $2, $3::text::jsonb) ON CONFLICT DO NOTHING"
            );
            transaction.execute(&sql, &[&id, &raw, &document])?;
            if with_dumps {
                let sql = format!(
                    "INSERT INTO {NAIVE}.dump VALUES ($1, 'upload_file_minidump', $2) ON CONFLICT DO NOTHING"
                );
                transaction.execute(&sql, &[&id, &dump])?;
            }
            Ok(transaction.commit()?)
        })
        .await
    }

    async fn read(&self, id: &CrashId) -> Result<usize> {
        let (id, with_dumps) = (id.to_string(), self.with_dumps);
        self.with(move |client| {
            let mut bytes = 0;
            let columns: &[&str] = if with_dumps {
                &["raw", "dump"]
            } else {
                &["raw"]
            };
            for column in columns {
                let sql = format!("SELECT {column} FROM {NAIVE}.{column} WHERE id = $1");
                let row = client.query_one(&sql, &[&id])?;
                bytes += row.try_get::<_, &[u8]>(0)?.len();
            }
            Ok(bytes)
        })
        .await
    }

    async fn delete(&self, id: &CrashId) -> Result<()> {
        let id = id.to_string();
        self.with(move |client| {
            for table in ["raw", "dump"] {
                client.execute(
                    &format!("DELETE FROM {NAIVE}.{table} WHERE id = $1"),
                    &[&id],
                )?;
            }
            Ok(())
        })
        .await
    }

    fn size(&self, crash: &Crash) -> usize {
        let dump = if self.with_dumps { crash.dump.len() } else { 0 };
        crash.raw.as_bytes().len() + dump
    }
}
