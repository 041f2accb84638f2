//! The merged configuration as a tree in which every value knows who wrote it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::error::Said;
use super::origin::Origin;
use super::secrets::{self, SecretRef};
use super::url;

pub(crate) type Table = BTreeMap<String, Node>;

/// A value and who wrote it. Equality looks at the value alone.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) origin: Arc<Origin>,
    pub(crate) kind: Kind,
    /// What an earlier layer says of the same key, which knows what one before that says, and so on.
    pub(crate) earlier: Option<Arc<Node>>,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

#[derive(Clone, PartialEq)]
pub(crate) enum Kind {
    /// From a variable or flag; what it is depends on the option.
    Text(String),
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// What a reference led to.
    Secret(Zeroizing<String>),
}

/// Without values: they may be secrets.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Table(table) => f.debug_set().entries(table.keys()).finish(),
            kind => f.write_str(kind.name()),
        }
    }
}

impl Kind {
    /// For messages: `a string`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Secret(_) => "a secret",
        }
    }
}

impl Node {
    pub(crate) fn new(origin: &Arc<Origin>, kind: Kind) -> Self {
        Self {
            origin: Arc::clone(origin),
            kind,
            earlier: None,
        }
    }

    /// The value for a message: short, and without a password inside a URL.
    pub(crate) fn show(&self) -> String {
        match &self.kind {
            // With a secret in it, for all that is known here.
            Kind::Text(text) if self.is_table_as_text(text) => "a table".to_owned(),
            Kind::Text(text) | Kind::String(text) => show_text(text),
            Kind::Integer(number) => number.to_string(),
            Kind::Float(number) => format!("{number:?}"),
            Kind::Boolean(truth) => truth.to_string(),
            Kind::List(_) | Kind::Table(_) | Kind::Secret(_) => self.kind.name().to_owned(),
        }
    }

    fn is_table_as_text(&self, text: &str) -> bool {
        text.trim_start().starts_with('{')
            && Self::parse_inline(text, &self.origin).is_some_and(|node| node.as_table().is_some())
    }

    /// What earlier layers say of this value, which is at `key`; the last of them first.
    pub(crate) fn overrode(&self, key: &str) -> Vec<Said> {
        self.overrode_as(self.is_secret(key))
    }

    /// The same, knowing whether it is a secret.
    pub(crate) fn overrode_as(&self, secret: bool) -> Vec<Said> {
        self.story()
            .skip(1)
            .map(|node| node.shown(secret))
            .collect()
    }

    /// This value, then what it overrode, the last first.
    pub(crate) fn story(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |node| node.earlier.as_deref())
    }

    /// Is this a secret's, as far as that can be told without a schema: by its name, or because some layer says a
    /// reference here?
    fn is_secret(&self, key: &str) -> bool {
        key.split('.').any(sounds_secret) || self.has_reference()
    }

    /// Does any layer say a reference to a secret here?
    pub(crate) fn has_reference(&self) -> bool {
        self.story()
            .any(|node| matches!(node.kind, Kind::Secret(_)) || node.reference().is_some())
    }

    /// Who says what, knowing whether it is a secret.
    pub(crate) fn said_as(&self, is_secret: bool) -> Said {
        self.shown(is_secret)
    }

    /// Who says what, this value being at `key`: for showing, so masked where it may be a secret.
    pub(crate) fn said(&self, key: &str) -> Said {
        self.shown(self.is_secret(key))
    }

    /// The reference to a secret that it is, also as the text of a variable or flag.
    fn reference(&self) -> Option<SecretRef> {
        match &self.kind {
            Kind::Text(text) => secrets::parse(&Self::parse_inline(text, &self.origin)?),
            _ => secrets::parse(self),
        }
    }

    fn shown(&self, secret: bool) -> Said {
        let value = match (&self.kind, self.reference()) {
            (_, Some(reference)) => reference.to_string(),
            (Kind::Table(_), None) => self.show(),
            _ if secret => MASK.to_owned(),
            (Kind::List(items), None) => {
                let items: Vec<String> = items.iter().map(Self::show).collect();
                cut(&format!("[{}]", items.join(", ")))
            }
            _ => self.show(),
        };
        Said {
            origin: (*self.origin).clone(),
            value,
        }
    }

    /// What a TOML value written in a variable or flag says, if it is one.
    pub(crate) fn parse_inline(text: &str, origin: &Arc<Origin>) -> Option<Self> {
        super::parse::inline(text, origin)
    }

    /// The table that it is.
    pub(crate) fn as_table(&self) -> Option<&Table> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The table that it is, to change it.
    pub(crate) fn as_table_mut(&mut self) -> Option<&mut Table> {
        match &mut self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Whether it is this value; a secret is compared where it is.
    pub(crate) fn is(&self, value: &serde_json::Value) -> bool {
        match &self.kind {
            Kind::Secret(text) => value.as_str() == Some(text.as_str()),
            _ => *value == self.to_json(),
        }
    }

    /// As JSON; secrets in clear when they were resolved.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.kind {
            Kind::Text(text) | Kind::String(text) => text.as_str().into(),
            Kind::Secret(text) => text.as_str().into(),
            Kind::Integer(number) => (*number).into(),
            Kind::Float(number) => (*number).into(),
            Kind::Boolean(truth) => (*truth).into(),
            Kind::List(nodes) => nodes.iter().map(Self::to_json).collect(),
            Kind::Table(table) => table_to_json(table),
        }
    }
}

pub(crate) fn table_to_json(table: &Table) -> serde_json::Value {
    table
        .iter()
        .map(|(key, node)| (key.clone(), node.to_json()))
        .collect()
}

/// In place of a secret.
pub(crate) const MASK: &str = "***";

/// Is what has this name likely a secret, as far as a name can tell?
pub(crate) fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "secret", "token", "key", "credential"]
        .iter()
        .any(|sound| name.contains(sound))
}

/// A string for a message, quoted, at most 80 characters of it, with passwords in URLs masked.
pub(crate) fn show_text(text: &str) -> String {
    let masked = url::mask_passwords(text);
    match masked.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", masked.get(..end).unwrap_or_default()),
        None => format!("{masked:?}"),
    }
}

/// The most characters of a value that a message shows.
const SHOWN: usize = 80;

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// `parent.key`; the key is quoted when it is not a bare one.
pub(crate) fn join(parent: &str, key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let key = if bare {
        key.to_owned()
    } else {
        format!("{key:?}")
    };
    if parent.is_empty() {
        key
    } else {
        format!("{parent}.{key}")
    }
}
