use std::fmt;

use serde::Serialize;

macro_rules! steps {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// The steps of an attempt to adopt a configuration, in the order in which they are first taken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Step {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl Step {
            /// Every step there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name, one word in small letters.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

steps! {
    /// Read a file of the layers.
    Read = "read",
    /// Make a table of what a file says.
    Parse = "parse",
    /// Merge the layers.
    Merge = "merge",
    /// Check what they say together, and every option against its plugin's schema.
    Check = "check",
    /// Read a plugin's library and make the private copy it is loaded from.
    Copy = "copy",
    /// Load a library: its constructors run.
    Load = "load",
    /// Call a plugin's entry function and see whether it keeps the contract.
    Handshake = "handshake",
    /// Read a secret.
    Secret = "secret",
    /// Compare with what runs.
    Plan = "plan",
    /// Make an instance.
    Construct = "construct",
    /// Ask a new instance for its health.
    Health = "health",
    /// Close what cannot be shared with its successor, and open that.
    Exchange = "exchange",
    /// Switch: one atomic store. From here on the new configuration runs.
    Commit = "commit",
    /// Let operations on an instance that leaves come to their end.
    Drain = "drain",
    /// Flush and destroy an instance that nothing uses any more.
    Close = "close",
}

/// Its [`word`](Step::word).
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
