use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Something that an instance needs for itself: no other instance of one configuration may claim the same.
///
/// A plugin derives its resources from the options alone, without touching the backend, so that the host can
/// see two storages on one place before anything is opened. Kind and name are made canonical by the plugin
/// (symbolic links resolved, default ports spelled out), because they are compared as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Resource {
    /// What it is, for a person: `storage directory`, `queue consumer`. Different kinds never collide.
    pub kind: String,
    /// Which one: `/var/lib/socorro/spool`.
    pub name: String,
    /// How the instance before a reload and the one after it may meet at it.
    #[serde(default, skip_serializing_if = "Exchange::is_overlap")]
    pub exchange: Exchange,
}

/// How the old and the new instance of one reload may meet at something that both need. The later, the more
/// careful; when the two declare different ones, the more careful holds.
///
/// Another process may have the resource too, which no host can see: an instance that finds it taken refuses to
/// open, with a kind that passes by itself, such as `Unavailable`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// Both may be open and work at once. Nothing waits for the reload.
    #[default]
    Overlap,
    /// Both may be open, and answer `health`, but only one may work: the new one gets its first operation after
    /// the old one was closed. Operations wait while the old one sees through what it has.
    Handover,
    /// Only one may be open: the new one is opened after the old one was closed. Operations wait until then. If
    /// the new one does not open, the old one is opened again.
    BreakBeforeMake,
}

impl Resource {
    /// The resource of this kind and name, at which old and new may overlap.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
            exchange: Exchange::default(),
        }
    }

    /// The same resource, at which old and new meet in this way.
    #[must_use]
    pub fn with_exchange(mut self, exchange: Exchange) -> Self {
        self.exchange = exchange;
        self
    }

    /// Is it the same thing, however either declares to exchange it?
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.kind, &self.name) == (&other.kind, &other.name)
    }

    /// How two instances may meet at it that both declare it; `None` when it is not the same thing.
    pub fn meeting(&self, other: &Self) -> Option<Exchange> {
        self.is_same(other)
            .then(|| self.exchange.max(other.exchange))
    }
}

impl Exchange {
    fn is_overlap(&self) -> bool {
        *self == Self::Overlap
    }
}

/// `kind name`.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// As a person says it: `break before make`.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Overlap => "overlap",
            Self::Handover => "handover",
            Self::BreakBeforeMake => "break before make",
        })
    }
}

/// A word that this host does not know yet asks for more care than it can name: the most careful way holds.
impl<'de> Deserialize<'de> for Exchange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(deserializer)?.as_str() {
            "overlap" => Self::Overlap,
            "handover" => Self::Handover,
            _ => Self::BreakBeforeMake,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Resource {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_older_plugins_say_overlaps() {
        let old = r#"{"kind":"queue","name":"q"}"#;
        assert_eq!(read(old), Resource::new("queue", "q"));
        // And what does not need the new word is said as before.
        assert_eq!(
            serde_json::to_string(&Resource::new("queue", "q")).unwrap(),
            old
        );
    }

    #[test]
    fn what_newer_plugins_say_is_taken_with_most_care() {
        for exchange in [
            Exchange::Overlap,
            Exchange::Handover,
            Exchange::BreakBeforeMake,
        ] {
            let resource = Resource::new("queue", "q").with_exchange(exchange);
            assert_eq!(read(&serde_json::to_string(&resource).unwrap()), resource);
        }
        let newer = read(r#"{"kind":"queue","name":"q","exchange":"in_moonlight","more":1}"#);
        assert_eq!(newer.exchange, Exchange::BreakBeforeMake);
    }

    #[test]
    fn the_more_careful_of_two_holds() {
        let queue = |exchange| Resource::new("queue", "q").with_exchange(exchange);
        let (overlap, handover) = (queue(Exchange::Overlap), queue(Exchange::Handover));
        assert_eq!(overlap.meeting(&handover), Some(Exchange::Handover));
        assert_eq!(handover.meeting(&overlap), Some(Exchange::Handover));
        assert_eq!(overlap.meeting(&Resource::new("queue", "other")), None);
    }
}
