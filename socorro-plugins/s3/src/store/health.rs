use bytes::Bytes;
use socorro_core::crash::{CrashDate, CrashId};
use socorro_core::error::{Error, ErrorKind, Result};
use socorro_core::storage::{Check, Health};

use super::Store;
use crate::bucket::Condition;

/// What a probe holds, for whoever finds one.
const PROBE: &str = "socorro writes this to see whether it can, and deletes it again\n";

impl Store {
    /// Asks for a key of the bucket: fails when the server, the keys or the bucket are not what they should be.
    pub(crate) async fn reach(&self) -> Result<()> {
        let probes = self.layout.probe("");
        self.bucket.list(&probes, "", 1).await.map(drop)
    }

    /// Whether the server honours conditions: the same key is put twice on the condition that it is not there, and
    /// the second must be refused. False where nothing may be written.
    pub(crate) async fn probe_conditions(&self) -> Result<bool> {
        let key = self.probe_key()?;
        let honoured = self.put_twice(&key).await;
        let removed = self.bucket.delete(&key).await;
        match honoured.and_then(|honoured| removed.map(|()| honoured)) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                tracing::warn!(%error, "nothing can be written here");
                Ok(false)
            }
            // Some servers refuse the header.
            Err(error) if error.kind() == ErrorKind::InvalidConfig => {
                tracing::info!(%error, "conditional writes are not used");
                Ok(false)
            }
            result => result,
        }
    }

    async fn put_twice(&self, key: &str) -> Result<bool> {
        let first = self.put_probe(key, Condition::Absent).await?;
        let second = self.put_probe(key, Condition::Absent).await?;
        Ok(first && !second)
    }

    async fn put_probe(&self, key: &str, condition: Condition) -> Result<bool> {
        let bytes = Bytes::from_static(PROBE.as_bytes());
        self.bucket
            .put(key, bytes, Default::default(), condition)
            .await
    }

    /// No two probes share a key.
    fn probe_key(&self) -> Result<String> {
        let random = CrashId::random(CrashDate::LAST)?;
        Ok(self.layout.probe(&format!("testfile-{random}.txt")))
    }

    pub(crate) async fn health(&self) -> Health {
        if let Err(error) = self.reach().await {
            return of(&error);
        }
        let written = async {
            let key = self.probe_key()?;
            self.put_probe(&key, Condition::Always).await?;
            self.bucket.delete(&key).await
        };
        let writable = match written.await {
            Ok(()) => Check::Ok,
            Err(error) => Check::Failed(error.to_string()),
        };
        Health {
            writable,
            ..Health::ok()
        }
    }
}

/// What a bucket is like that cannot be listed.
fn of(error: &Error) -> Health {
    let why = error.to_string();
    match error.kind() {
        ErrorKind::PermissionDenied => Health {
            reachable: Check::Ok,
            authenticated: Check::Failed(why),
            writable: Check::Unknown,
        },
        // An answer, but not of the place that was meant.
        ErrorKind::InvalidConfig | ErrorKind::NotFound if why.contains("the server says") => {
            Health {
                reachable: Check::Ok,
                authenticated: Check::Unknown,
                writable: Check::Failed(why),
            }
        }
        _ => Health::unreachable(why),
    }
}
