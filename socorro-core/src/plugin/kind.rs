use std::fmt;

use super::abi;

/// What an instance of a plugin is. One plugin may offer both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A [`CrashStorage`](crate::storage::CrashStorage).
    Storage,
    /// A [`NewCrashSource`](crate::source::NewCrashSource).
    Source,
}

impl Kind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Storage, Self::Source];

    /// The number of this kind in the ABI, also its bit: one of [`abi::kind`].
    pub const fn code(self) -> u32 {
        match self {
            Self::Storage => abi::kind::STORAGE,
            Self::Source => abi::kind::SOURCE,
        }
    }
}

/// `storage` or `source`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Storage => "storage",
            Self::Source => "source",
        })
    }
}
