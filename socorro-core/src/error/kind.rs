use serde::{Deserialize, Serialize};

/// What kind of failure an [`Error`](super::Error) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The crash, or the part of it that was asked for, is not there.
    NotFound,
    /// The caller gave something that can never be stored: a bad id, name or document, or one over a limit.
    InvalidInput,
    /// The configuration is wrong; editing it is the only cure.
    InvalidConfig,
    /// The backend knows us and refuses.
    PermissionDenied,
    /// The backend cannot be reached or is not in service.
    Unavailable,
    /// The backend did not answer in time. A write may have landed: see [`Applied`].
    Timeout,
    /// The backend asks for less traffic.
    Throttled,
    /// We ourselves have too much in flight; refused at once, nothing was sent.
    Overloaded,
    /// Another writer came first.
    Conflict,
    /// What is stored is not what was saved.
    Corrupt,
    /// This store does not do that; see its capabilities.
    Unsupported,
    /// The operation was given up on request: shutdown, drain deadline or the caller's own cancellation.
    Cancelled,
    /// The plugin broke its contract: it panicked, hung, answered nonsense or twice.
    Plugin,
    /// A defect of this project.
    Internal,
}

impl ErrorKind {
    /// Every kind, in the order of [`ErrorKind::code`].
    pub const ALL: [Self; 14] = [
        Self::NotFound,
        Self::InvalidInput,
        Self::InvalidConfig,
        Self::PermissionDenied,
        Self::Unavailable,
        Self::Timeout,
        Self::Throttled,
        Self::Overloaded,
        Self::Conflict,
        Self::Corrupt,
        Self::Unsupported,
        Self::Cancelled,
        Self::Plugin,
        Self::Internal,
    ];

    /// The number of this kind in the plugin ABI: its place in [`ErrorKind::ALL`], counted from 1.
    pub const fn code(self) -> u32 {
        self as u32 + 1
    }

    /// The kind with this number; a number from a newer ABI reads as [`ErrorKind::Internal`].
    pub fn from_code(code: u32) -> Self {
        let place = (code as usize).wrapping_sub(1);
        Self::ALL.get(place).copied().unwrap_or(Self::Internal)
    }

    /// Whether an error of this kind passes by itself unless its maker says otherwise.
    pub const fn usually_retryable(self) -> bool {
        matches!(
            self,
            Self::Unavailable | Self::Timeout | Self::Throttled | Self::Overloaded
        )
    }

    /// What an error of this kind concerns unless its maker says otherwise.
    pub const fn usual_scope(self) -> Scope {
        match self {
            Self::NotFound
            | Self::InvalidInput
            | Self::Conflict
            | Self::Corrupt
            | Self::Cancelled => Scope::Item,
            _ => Scope::Store,
        }
    }
}

/// Whether a failed write may have landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applied {
    /// Nothing was changed.
    #[default]
    No,
    /// The change was made; only what came after it failed.
    Yes,
    /// Nobody knows: the answer was lost. Saving again is safe, because saving is idempotent.
    Unknown,
}

/// What an error concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This one crash; others will go through.
    Item,
    /// The store as a whole; the next crash will fare no better.
    Store,
}
