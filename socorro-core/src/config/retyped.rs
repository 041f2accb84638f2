//! A later layer changed the `type` of a storage or source: which options nobody can mean any more.
//!
//! The layer replaces the table, so what earlier layers said of it is gone, which is what it is for. What the
//! same layer or one after it still says for the old type is told as such; and a variable or flag that is gone
//! with the table is warned about, because whoever set it sees nothing of the change.

use super::class::Class;
use super::error::{ConfigError, Said, Wrong};
use super::explain::at;
use super::merge::Layer;
use super::origin::Origin;
use super::tree::{Kind, Node, Table, join};

/// That a table was of another type in earlier layers.
#[derive(Clone, Debug)]
pub(crate) struct Retyped {
    now: Said,
    before: Said,
}

impl Retyped {
    /// What is known of a table whose `type` is `node`; `None` when every layer says the same.
    pub(crate) fn of(node: Option<&Node>) -> Option<Self> {
        let node = node?;
        let now = node.said("type");
        let before = node.overrode("type");
        let before = before.into_iter().find(|said| said.value != now.value)?;
        Some(Self { now, before })
    }

    /// `wrong`, which is about an option that is not known, with what the change of type has to do with it.
    pub(crate) fn explain(&self, wrong: Wrong) -> Wrong {
        let message = format!(
            "{}; the type is {} since {}, and was {} by {}",
            wrong.message, self.now.value, self.now.origin, self.before.value, self.before.origin
        );
        let help = wrong.help.unwrap_or_else(|| {
            let old = &self.before.value;
            format!("if the option is for {old}, remove it")
        });
        Wrong {
            class: Class::StaleKey,
            message,
            help: Some(help),
        }
    }

    /// The same for an error about the table at `above`, if it is about an option that is not known.
    pub(crate) fn explain_error(&self, above: &str, error: ConfigError) -> ConfigError {
        let direct = error
            .key
            .strip_prefix(above)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|name| !name.contains('.'));
        if error.class != Class::UnknownKey || !direct {
            return error;
        }
        let wrong = self.explain(Wrong {
            class: error.class,
            message: error.message,
            help: error.help,
        });
        ConfigError {
            class: wrong.class,
            message: wrong.message,
            help: wrong.help,
            ..error
        }
    }
}

/// The variables and flags whose word is gone because a later layer changes the type, with their keys.
pub(crate) fn dropped(root: &Table, layers: &[Layer]) -> Vec<(Origin, String)> {
    let parts = layers.iter().flatten();
    parts
        .filter_map(|part| {
            let (path, leaf) = only(&part.table)?;
            let table = at(root, path.get(..2)?)?.as_table()?;
            let gone = matches!(*leaf.origin, Origin::Variable(_) | Origin::Flag(_))
                && Retyped::of(table.get("type")).is_some()
                && at(root, &path).is_none();
            let key = path
                .iter()
                .fold(String::new(), |key, name| join(&key, name));
            gone.then(|| ((*leaf.origin).clone(), key))
        })
        .collect()
}

/// The one value of a table, at any depth, if it has just one.
fn only(table: &Table) -> Option<(Vec<&str>, &Node)> {
    let mut path = Vec::new();
    let mut table = table;
    loop {
        let mut entries = table.iter();
        let (Some((name, node)), None) = (entries.next(), entries.next()) else {
            return None;
        };
        path.push(name.as_str());
        match &node.kind {
            Kind::Table(below) => table = below,
            _ => return Some((path, node)),
        }
    }
}
