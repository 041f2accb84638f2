//! Who saves.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use crate::handwritten::HandWritten;
use crate::others::{ObjectStore, OpenDal};
use crate::ours::Ours;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Ours,
    HandWritten,
    ObjectStore,
    OpenDal,
}

impl Peer {
    pub(crate) const ALL: [Self; 4] = [
        Self::Ours,
        Self::HandWritten,
        Self::ObjectStore,
        Self::OpenDal,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Ours => "filesystem plugin, loaded",
            Self::HandWritten => "hand-written loop",
            Self::ObjectStore => "object_store, fsync",
            Self::OpenDal => "opendal fs, atomic writes",
        }
    }
}

/// All of them, each with a directory of its own on the same disk.
pub(crate) struct Peers {
    pub(crate) ours: Ours,
    pub(crate) hand_written: Arc<HandWritten>,
    pub(crate) object_store: ObjectStore,
    pub(crate) opendal: OpenDal,
}

impl Peers {
    pub(crate) async fn open(directory: &Path, plugins: &Path) -> Result<Self> {
        Ok(Self {
            ours: Ours::open(&directory.join("ours"), plugins).await?,
            hand_written: Arc::new(HandWritten::open(&directory.join("hand-written"))?),
            object_store: ObjectStore::open(&directory.join("object-store"))?,
            opendal: OpenDal::open(&directory.join("opendal"))?,
        })
    }

    pub(crate) async fn close(self) {
        self.ours.close().await;
    }

    pub(crate) fn explain() {
        println!(
            "who saves what how durably; the document always after the dump, both renamed into place"
        );
        println!(
            "  filesystem plugin, loaded  fsync of both files and of the directory after each rename; through a"
        );
        println!(
            "                             handle of a running program, 16 threads for blocking work at most"
        );
        println!(
            "  hand-written loop          the same fsyncs, std alone, a thread for each caller; claims no id, compares"
        );
        println!("                             nothing with what is there, cleans nothing up");
        println!(
            "  object_store, fsync        fsync of both files and of the directory after each rename"
        );
        println!(
            "  opendal fs, atomic writes  fsync of both files; never of a directory, so that after a power loss a file"
        );
        println!("                             that was acknowledged may not be there");
        println!();
    }
}
