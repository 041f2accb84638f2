use serde::{Deserialize, Serialize};

use super::{ChildOutcome, Error};

/// What an error carries beside the numbers and the message: it crosses the plugin boundary as one JSON
/// object.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crash_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<ChildOutcome>,
}

impl Error {
    /// The details as JSON; empty when there are none.
    #[cfg(feature = "plugin")]
    pub(crate) fn details(&self) -> Vec<u8> {
        let facts = &*self.0;
        let plain = facts.operation.is_none()
            && facts.storage.is_none()
            && facts.crash_id.is_none()
            && facts.causes.is_empty()
            && facts.children.is_empty();
        if plain {
            return Vec::new();
        }
        let details = Details {
            operation: facts.operation.clone(),
            storage: facts.storage.clone(),
            crash_id: facts.crash_id.clone(),
            causes: facts.causes.clone(),
            children: facts.children.clone(),
        };
        serde_json::to_vec(&details).unwrap_or_default()
    }

    /// Puts a name in front of the message, for a layer that knows whose fault it is.
    #[cfg(feature = "host")]
    pub(crate) fn blamed_on(mut self, whom: &str) -> Self {
        self.0.message.insert_str(0, &format!("{whom}: "));
        self
    }

    /// Takes over the details from their JSON.
    #[cfg(feature = "host")]
    pub(crate) fn with_details(mut self, json: &[u8]) -> Result<Self, serde_json::Error> {
        let details: Details = serde_json::from_slice(json)?;
        let facts = &mut *self.0;
        facts.operation = details.operation;
        facts.storage = details.storage;
        facts.crash_id = details.crash_id;
        facts.causes = details.causes;
        facts.children = details.children;
        Ok(self)
    }
}
