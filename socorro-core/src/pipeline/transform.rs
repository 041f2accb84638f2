use async_trait::async_trait;

use crate::crash::{CrashId, Dumps, ProcessedCrash, RawCrash};
use crate::error::Result;

/// All there is of a crash on its way through a pipeline.
#[derive(Clone, Debug)]
pub struct Crash {
    /// Its id.
    pub id: CrashId,
    /// The document that came with it.
    pub raw: RawCrash,
    /// Its dumps.
    pub dumps: Dumps,
    /// What a processor made of it, if one did.
    pub processed: Option<ProcessedCrash>,
}

/// What an embedding program does to each crash of a pipeline, such as processing it.
#[async_trait]
pub trait Transform: Send + Sync + 'static {
    /// The crash as it is to be saved. The id must stay; a crash given back under another id is refused.
    ///
    /// An error, or a panic, nacks the crash: it stays where it is and comes again. The future may be dropped
    /// when the program ends; the crash is then given back.
    async fn transform(&self, crash: Crash) -> Result<Crash>;
}
