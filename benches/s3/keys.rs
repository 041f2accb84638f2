//! Where the three objects of a crash are.

use socorro_core::Bytes;
use socorro_core::crash::CrashId;

/// What the object of the names holds: the default dump alone.
const NAMES: &[u8] = br#"["upload_file_minidump"]"#;

/// Keys of one crash under a prefix.
pub(crate) struct Keys {
    pub(crate) names: String,
    pub(crate) dump: String,
    pub(crate) raw: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str, id: &CrashId) -> Self {
        Self {
            names: format!("{prefix}/v1/dump_names/{id}"),
            dump: format!("{prefix}/v1/dump/{id}"),
            raw: format!("{prefix}/v1/raw_crash/20260820/{id}"),
        }
    }

    /// The objects in the order in which they are put.
    pub(crate) fn objects(self, crash: &socorro_benches::crashes::Crash) -> [(String, Bytes); 3] {
        [
            (self.names, Bytes::from_static(NAMES)),
            (self.dump, crash.dump.clone()),
            (self.raw, crash.raw.as_bytes().clone()),
        ]
    }

    pub(crate) fn all(self) -> [String; 3] {
        [self.names, self.dump, self.raw]
    }
}
