use std::fmt;

bitflags::bitflags! {
    /// What a store can do. A composite asks, it never guesses.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Capabilities: u64 {
        /// `save_raw_crash` with its dumps.
        const SAVE_RAW = 1 << 0;
        /// `save_processed_crash`.
        const SAVE_PROCESSED = 1 << 1;
        /// `get_raw_crash`.
        const GET_RAW = 1 << 2;
        /// `get_dump`, `get_dumps` and `get_dumps_as_files`.
        const GET_DUMPS = 1 << 3;
        /// `get_unredacted_processed_crash` and the redacted form.
        const GET_PROCESSED = 1 << 4;
        /// `catalog`.
        const CATALOG = 1 << 5;
        /// `list`.
        const LIST = 1 << 6;
        /// `delete`.
        const DELETE = 1 << 7;
        /// What it acknowledged survives a power loss, not only a kill of the process.
        const DURABLE = 1 << 8;
        /// Takes the raw crash but drops the dumps, by choice of its configuration.
        const DECLINES_DUMPS = 1 << 9;
    }
}

impl Capabilities {
    /// Everything that saves, reads, lists and deletes.
    pub const FULL: Self = Self::SAVE_RAW
        .union(Self::SAVE_PROCESSED)
        .union(Self::GET_RAW)
        .union(Self::GET_DUMPS)
        .union(Self::GET_PROCESSED)
        .union(Self::CATALOG)
        .union(Self::LIST)
        .union(Self::DELETE);
}

/// Lower-case names separated by commas, such as `save_raw, get_raw`.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (name, _) in self.iter_names() {
            write!(f, "{separator}{}", name.to_ascii_lowercase())?;
            separator = ", ";
        }
        Ok(())
    }
}
