//! Which secrets an instance has, and telling whether one of them changed without keeping it.

use serde_json::Value;

use super::fingerprint::fingerprint;
use super::options::{Options, Resolved};
use super::origin::Origin;
use super::secrets::{self, SecretRef};
use super::tree::{Kind, Node, Table, join};

/// A secret of an instance: where it is said, and how to tell whether it is still the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretPrint {
    /// The dotted key.
    pub(crate) key: String,
    /// The reference, which is no secret.
    pub(crate) reference: SecretRef,
    /// Who wrote the reference.
    pub(crate) origin: Origin,
    /// Equal for equal secrets, within this process and nowhere else.
    pub(crate) fingerprint: [u8; 32],
}

impl Options {
    /// The secrets that `resolved`, which was made of these options with this schema, has in clear.
    pub(crate) fn secrets(&self, schema: &Value, resolved: &Resolved) -> Vec<SecretPrint> {
        let mut prints = Vec::new();
        if let Ok(typed) = self.typed(schema) {
            of_table(typed.table(), self.key(), resolved.json(), &mut prints);
        }
        prints
    }
}

fn of_table(table: &Table, key: &str, resolved: &Value, prints: &mut Vec<SecretPrint>) {
    for (name, node) in table {
        if let Some(value) = resolved.get(name) {
            of_node(node, join(key, name), value, prints);
        }
    }
}

fn of_node(node: &Node, key: String, resolved: &Value, prints: &mut Vec<SecretPrint>) {
    match &node.kind {
        Kind::Table(table) => match (secrets::parse(node), resolved) {
            (Some(reference), Value::String(_)) => {
                prints.extend(fingerprint(resolved).ok().map(|fingerprint| SecretPrint {
                    key,
                    reference,
                    origin: (*node.origin).clone(),
                    fingerprint,
                }));
            }
            _ => of_table(table, &key, resolved, prints),
        },
        Kind::List(items) => {
            for (place, item) in items.iter().enumerate() {
                if let Some(value) = resolved.get(place) {
                    of_node(item, format!("{key}[{place}]"), value, prints);
                }
            }
        }
        _ => {}
    }
}
