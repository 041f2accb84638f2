//! A program whose configuration a test edits.

use std::path::PathBuf;

use socorro_core::config::Layers;
use socorro_core::crash::{CrashDate, CrashId, Dumps, Limits, RawCrash};
use socorro_core::live::{Builder, ReloadReport, Socorro};
use tempfile::TempDir;

/// A configuration file in a directory of its own.
pub struct File {
    directory: TempDir,
}

impl File {
    pub fn new(text: &str) -> Self {
        let file = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        file.edit(text);
        file
    }

    pub fn path(&self) -> PathBuf {
        self.beside("socorro.toml")
    }

    /// Another file of the same directory.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// As an editor does: written beside and renamed over.
    pub fn edit(&self, text: &str) {
        let new = self.directory.path().join("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.path()).unwrap();
    }

    pub fn builder(&self) -> Builder {
        Socorro::builder(Layers::new().file(self.path()))
            .plugin("scripted", crate::scripted::PLUGIN)
    }

    pub async fn start(&self) -> Socorro {
        self.builder().start().await.unwrap()
    }
}

pub fn id(entropy: u8) -> CrashId {
    CrashId::new(CrashDate::new(2026, 11, 21).unwrap(), [entropy; 16])
}

pub fn raw(text: &str) -> RawCrash {
    RawCrash::new(format!("{{\"text\":\"{text}\"}}"), &Limits::default()).unwrap()
}

pub fn no_dumps() -> Dumps {
    Dumps::new()
}

/// The plan of a report, a line a part: `keep storage.a`.
pub fn plan(report: &ReloadReport) -> Vec<String> {
    report
        .plan
        .changes
        .iter()
        .map(|(part, change)| format!("{change} {part}"))
        .collect()
}

/// Waits until `holds`; fails after two minutes, which a busy machine may need. For what ends in the background and tells nobody.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let all = async {
        while !holds() {
            // Not in a spin: plugins have threads of their own, which need the processor.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), all)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}
