use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use super::class::Class;
use super::error::{ConfigError, ConfigErrors, Wrong};
use super::fingerprint::fingerprint;
use super::origin::Origin;
use super::retyped::Retyped;
use super::schema::{Check, Schema};
use super::secrets::{self, SecretRef, SecretSource};
use super::tree::{Kind, MASK, Node, Table, table_to_json};
use crate::error::Error;

/// The options of one plugin instance, as they were written. Shows its keys only, because nobody knows yet
/// which of the values are secrets. Equality looks at the values and not at who wrote them.
#[derive(Clone)]
pub struct Options {
    key: String,
    origin: Arc<Origin>,
    table: Table,
    /// The host's keys beside them, as far as errors are about them: `type`, `library`.
    beside: Table,
}

impl Options {
    pub(crate) fn new(key: String, origin: Arc<Origin>, table: Table) -> Self {
        Self {
            key,
            origin,
            table,
            beside: Table::new(),
        }
    }

    /// The same, knowing the host's keys beside them.
    #[must_use]
    pub(crate) fn beside(mut self, beside: Table) -> Self {
        self.beside = beside;
        self
    }

    /// A host's key beside them.
    pub(crate) fn node_beside(&self, key: &str) -> Option<&Node> {
        self.beside.get(key)
    }

    /// The names of the options that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.table.keys().map(String::as_str)
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Who wrote the table that these options are in.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// `storage.archive`.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The options as a plugin with this JSON Schema gets them: text from variables and flags typed, secrets
    /// read. Defaults of the schema are not filled in. Blocks on secret files.
    ///
    /// Every option that the schema refuses, every secret that cannot be had, and every secret in plain text.
    pub fn resolve(
        &self,
        schema: &Value,
        secrets: &dyn SecretSource,
    ) -> Result<Resolved, ConfigErrors> {
        self.resolve_by(&self.parsed(schema)?, secrets)
    }

    /// [`resolve`](Self::resolve) by a schema that was parsed before.
    pub(crate) fn resolve_by(
        &self,
        schema: &Schema,
        secrets: &dyn SecretSource,
    ) -> Result<Resolved, ConfigErrors> {
        let table = self.checked(schema, Some(secrets))?;
        let json = Clear(table_to_json(&table));
        let fingerprint = fingerprint(&json.0).map_err(|why| self.error(why))?;
        let mut secrets = Vec::new();
        for node in table.into_values() {
            collect(node, &mut secrets);
        }
        Ok(Resolved {
            json,
            secrets,
            fingerprint,
        })
    }

    /// The options with the text from variables and flags typed; references to secrets stay what they are.
    ///
    /// Every option that the schema refuses, and every secret in plain text.
    pub fn typed(&self, schema: &Value) -> Result<Self, ConfigErrors> {
        Ok(Self {
            key: self.key.clone(),
            origin: Arc::clone(&self.origin),
            table: self.checked(&self.parsed(schema)?, None)?,
            beside: self.beside.clone(),
        })
    }

    /// Whether resolving reads files, and may so wait for a disk or a network.
    pub(crate) fn has_secret_files(&self) -> bool {
        self.table.values().any(has_secret_file)
    }

    fn checked(
        &self,
        schema: &Schema,
        secrets: Option<&dyn SecretSource>,
    ) -> Result<Table, ConfigErrors> {
        let mut node = Node::new(&self.origin, Kind::Table(self.table.clone()));
        let mut errors = Check::new(schema, secrets).run(&mut node, &self.key);
        if let Some(retyped) = Retyped::of(self.node_beside("type")) {
            let explained = |error| retyped.explain_error(&self.key, error);
            errors = ConfigErrors(errors.into_iter().map(explained).collect());
        }
        match node.kind {
            Kind::Table(table) => errors.or(table),
            _ => Err(errors),
        }
    }

    fn parsed(&self, schema: &Value) -> Result<Schema, ConfigErrors> {
        Schema::parse(schema).map_err(|why| self.unusable(&why))
    }

    /// What a schema that cannot be parsed means for these options.
    pub(crate) fn unusable(&self, why: &Error) -> ConfigErrors {
        self.error(why.message().to_owned())
    }

    fn error(&self, message: String) -> ConfigErrors {
        let wrong = Wrong::new(Class::BadSchema, message);
        ConfigError::new((*self.origin).clone(), self.key.as_str(), wrong).into()
    }
}

fn has_secret_file(node: &Node) -> bool {
    match secrets::parse(node) {
        Some(SecretRef::File(_) | SecretRef::Credential(_)) => return true,
        Some(SecretRef::Env(_)) => return false,
        None => {}
    }
    match &node.kind {
        Kind::Table(table) => table.values().any(has_secret_file),
        Kind::List(items) => items.iter().any(has_secret_file),
        _ => false,
    }
}

impl PartialEq for Options {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.table == other.table
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked: BTreeMap<&str, &str> = self.names().map(|name| (name, "…")).collect();
        masked.fmt(f)
    }
}

/// Options that are ready for a plugin, secrets in clear: wiped from memory when dropped, and not shown.
pub struct Resolved {
    json: Clear,
    /// Those among the options, once more: to take them out of what a plugin says.
    secrets: Vec<Zeroizing<String>>,
    fingerprint: [u8; 32],
}

impl Resolved {
    /// The options as the plugin reads them, secrets in clear.
    pub fn json(&self) -> &Value {
        &self.json.0
    }

    /// Equal for equal options, secrets included, within this process and nowhere else.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// What a plugin said about these options, with `***` in place of every secret among them: an error of a parser
    /// shows what it could not parse.
    pub(crate) fn hide(&self, error: Error) -> Error {
        error.map_texts(&|text| self.masked(text))
    }

    fn masked(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            // As it is, and the way text is quoted.
            let quoted = Zeroizing::new(secret.escape_debug().to_string());
            for form in [secret, &quoted] {
                if form.len() >= SHORTEST && text.contains(form.as_str()) {
                    text = text.replace(form.as_str(), MASK);
                }
            }
        }
        text
    }
}

/// Anything shorter is in every text.
const SHORTEST: usize = 4;

/// Moves the secrets out of `node`.
fn collect(node: Node, secrets: &mut Vec<Zeroizing<String>>) {
    match node.kind {
        Kind::Secret(secret) => secrets.push(secret),
        Kind::List(items) => items.into_iter().for_each(|item| collect(item, secrets)),
        Kind::Table(table) => {
            table
                .into_values()
                .for_each(|value| collect(value, secrets));
        }
        _ => {}
    }
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolved")
    }
}

/// JSON that is wiped when it is dropped.
struct Clear(Value);

impl Drop for Clear {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}
