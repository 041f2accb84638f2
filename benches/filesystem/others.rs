//! Two libraries that a service would take instead.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use object_store::ObjectStoreExt;
use object_store::local::LocalFileSystem;
use opendal::Operator;
use opendal::services::Fs;
use socorro_benches::crashes::Crash;
use socorro_core::crash::CrashId;

/// `LocalFileSystem` with fsync.
#[derive(Clone)]
pub(crate) struct ObjectStore(Arc<LocalFileSystem>);

impl ObjectStore {
    pub(crate) fn open(root: &Path) -> Result<Self> {
        fs::create_dir_all(root)?;
        let store = LocalFileSystem::new_with_prefix(root)?.with_fsync(true);
        Ok(Self(Arc::new(store)))
    }

    pub(crate) async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        for (name, content) in parts(id, crash) {
            self.0.put(&name.into(), content.into()).await?;
        }
        Ok(())
    }
}

/// The fs service. Without a directory for atomic writes it would write in place.
#[derive(Clone)]
pub(crate) struct OpenDal(Operator);

impl OpenDal {
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let incoming = root.join("incoming");
        fs::create_dir_all(&incoming)?;
        let text = |path: &Path| path.to_str().map(str::to_owned).context("not UTF-8");
        let service = Fs::default()
            .root(&text(root)?)
            .atomic_write_dir(&text(&incoming)?);
        Ok(Self(Operator::new(service)?))
    }

    pub(crate) async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        for (name, content) in parts(id, crash) {
            self.0.write(&name, content).await?;
        }
        Ok(())
    }
}

/// The dump, then the document that says that the crash is whole.
fn parts(id: &CrashId, crash: &Crash) -> [(String, socorro_core::Bytes); 2] {
    [
        (format!("20260820/name/{id}.dump"), crash.dump.clone()),
        (
            format!("20260820/name/{id}.json"),
            crash.raw.as_bytes().clone(),
        ),
    ]
}
