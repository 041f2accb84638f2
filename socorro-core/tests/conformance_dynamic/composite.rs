//! A fanout over loaded plugins, inside a running configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use socorro_core::config::Layers;
use socorro_core::conformance::{self, StorageSubject};
use socorro_core::crash::{
    CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, Redaction, StoredId,
};
use socorro_core::live::{Socorro, StorageHandle};
use socorro_core::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};
use socorro_core::{Bytes, Context, Result, async_trait};
use tempfile::TempDir;

use crate::loaded::plugins;

/// A handle of a program that ends with the storage.
struct Running {
    socorro: Socorro,
    handle: StorageHandle,
}

impl Running {
    fn within(&self, cx: &Context) -> StorageHandle {
        match cx.deadline() {
            Some(deadline) => self.handle.clone().with_deadline(deadline),
            None => self.handle.clone(),
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CrashStorage for Running {
    fn capabilities(&self) -> Capabilities {
        self.handle.capabilities()
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        self.within(cx).save_raw_crash(id, raw, dumps).await
    }

    async fn save_processed_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        self.within(cx).save_processed_crash(id, processed).await
    }

    async fn save_raw_and_processed(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        self.within(cx)
            .save_raw_and_processed(id, raw, dumps, processed)
            .await
    }

    async fn get_raw_crash(&self, cx: &Context, id: &StoredId) -> Result<RawCrash> {
        self.within(cx).get_raw_crash(id).await
    }

    async fn get_dump(&self, cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        self.within(cx).get_dump(id, name).await
    }

    async fn get_dumps(&self, cx: &Context, id: &StoredId) -> Result<Dumps> {
        self.within(cx).get_dumps(id).await
    }

    async fn get_dumps_as_files(
        &self,
        cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        self.within(cx).get_dumps_as_files(id, directory).await
    }

    async fn get_unredacted_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        self.within(cx).get_unredacted_processed_crash(id).await
    }

    async fn get_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
        redaction: &Redaction,
    ) -> Result<ProcessedCrash> {
        // The suite brings its own redaction; the handle's is the configuration's.
        redaction.apply(&self.within(cx).get_unredacted_processed_crash(id).await?)
    }

    async fn catalog(&self, cx: &Context, id: &StoredId) -> Result<Catalog> {
        self.within(cx).catalog(id).await
    }

    async fn list(&self, cx: &Context, request: &ListRequest) -> Result<ListPage> {
        self.within(cx).list(request).await
    }

    async fn delete(&self, cx: &Context, id: &StoredId) -> Result<()> {
        self.within(cx).delete(id).await
    }

    async fn health(&self, cx: &Context) -> Result<Health> {
        self.within(cx).health().await
    }

    async fn close(&self, _cx: &Context) -> Result<()> {
        self.socorro.shutdown().await;
        Ok(())
    }
}

/// Programs with a fanout of a storage on disk and this one.
struct Fanouts {
    second: &'static str,
    lasts: bool,
    /// Built before the suite begins, as no case of it waits for a compiler.
    plugins: PathBuf,
    directory: TempDir,
}

impl Fanouts {
    fn with(second: &'static str, lasts: bool) -> Self {
        Self {
            second,
            lasts,
            plugins: plugins(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    async fn instance(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        let root = self.directory.path().join(case);
        let config = self.directory.path().join(format!("{case}.toml"));
        let text = format!(
            "[plugins]\npath = [{:?}]\n\
             [storage.subject]\ntype = \"fanout\"\nstores = [\"first\", \"second\"]\n\
             [storage.first]\ntype = \"filesystem\"\nroot = {:?}\nlayout = \"dated_radix\"\n\
             [storage.second]\n{}\n",
            self.plugins.display().to_string(),
            root.display().to_string(),
            self.second.replace("{}", &root.display().to_string()),
        );
        std::fs::write(&config, text).unwrap();
        let socorro = Socorro::start(Layers::new().file(config)).await?;
        let handle = socorro.storage("subject")?;
        Ok(Arc::new(Running { socorro, handle }))
    }
}

#[async_trait]
impl StorageSubject for Fanouts {
    async fn open(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        self.instance(case).await
    }

    async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
        if !self.lasts {
            return None;
        }
        Some(self.instance(case).await)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fanout_of_disk_and_memory() {
    let fanouts = Fanouts::with("type = \"memory\"", false);
    conformance::storage(&fanouts).await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fanout_of_two_disks() {
    let fanouts = Fanouts::with("type = \"filesystem\"\nroot = \"{}.second\"", true);
    let report = conformance::storage(&fanouts).await;
    report.assert();
    let left_out: Vec<_> = report.not_applicable().collect();
    assert_eq!(
        left_out,
        ["unsupported_is_said", "declined_dumps_are_not_there"],
        "{report}"
    );
}
