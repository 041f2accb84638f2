//! What somebody would write who knows what durable means, and needs nothing else.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use socorro_benches::crashes::Crash;
use socorro_core::crash::CrashId;

pub(crate) struct HandWritten {
    incoming: PathBuf,
    place: PathBuf,
    /// The same, open.
    directory: File,
}

impl HandWritten {
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let (incoming, place) = (root.join("incoming"), root.join("20260820/name"));
        fs::create_dir_all(&incoming)?;
        fs::create_dir_all(&place)?;
        Ok(Self {
            directory: File::open(&place)?,
            incoming,
            place,
        })
    }

    /// Both files written, then both synced, as the plugin does: the other order costs an fsync more.
    pub(crate) fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        let names = [format!("{id}.dump"), format!("{id}.json")];
        let contents = [&crash.dump, crash.raw.as_bytes()];
        let mut files = Vec::with_capacity(names.len());
        for (name, content) in names.iter().zip(contents) {
            let mut file = File::create_new(self.incoming.join(name))?;
            file.write_all(content)?;
            files.push(file);
        }
        for file in &files {
            file.sync_all()?;
        }
        for name in &names {
            fs::rename(self.incoming.join(name), self.place.join(name))?;
            self.directory.sync_all()?;
        }
        Ok(())
    }
}
