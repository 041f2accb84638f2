use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that an instance needs for itself: no other instance of one configuration may claim the same.
///
/// A plugin derives its resources from the options alone, without touching the backend, so that the host can
/// see two storages on one place before anything is opened. Both parts are made canonical by the plugin
/// (symbolic links resolved, default ports spelled out), because they are compared as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Resource {
    /// What it is, for a person: `storage directory`, `queue consumer`. Different kinds never collide.
    pub kind: String,
    /// Which one: `/var/lib/socorro/spool`.
    pub name: String,
}

impl Resource {
    /// The resource of this kind and name.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
        }
    }
}

/// `kind name`.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}
