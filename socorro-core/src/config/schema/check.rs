use std::cell::Cell;
use std::collections::BTreeSet;

use super::{Rule, Schema, Type, Unit, text};
use crate::config::class::Class;
use crate::config::error::{ConfigError, ConfigErrors, Wrong};
use crate::config::nearest::{listed, nearest};
use crate::config::origin::Origin;
use crate::config::secrets::{self, SecretSource};
use crate::config::tree::{Kind, Node, join};
use crate::config::url;

/// Applications of a rule to a value, in all and in one another; a schema that refers to itself in a circle
/// would need more.
const STEPS: usize = 100_000;
const DEPTH: usize = 128;
const EXHAUSTED: usize = usize::MAX;

const PLAIN: &str = "a secret is not written in plain text; write { env = \"NAME\" }, { file = \"/path\" } \
                     or { credential = \"name\" }";

/// One check of options against a schema. It changes the options as it goes: text becomes what the schema
/// says it is, and references become the secrets they lead to.
pub(crate) struct Check<'a> {
    pub(super) schema: &'a Schema,
    /// Without it references stay references.
    secrets: Option<&'a dyn SecretSource>,
    steps: Cell<usize>,
}

/// Where in schema and options a rule is applied.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) key: &'a str,
    pub(super) depth: usize,
    /// Whether keys that the rule does not name are wrong although it does not say so: true unless other
    /// rules may name them.
    pub(super) closed: bool,
    /// Whether a form that the value may have has a secret inside.
    pub(super) guarded: bool,
}

impl<'a> At<'a> {
    fn new(key: &'a str, depth: usize) -> Self {
        Self {
            key,
            depth,
            closed: true,
            guarded: false,
        }
    }
}

impl At<'_> {
    /// Whether what is written where `rule` is applied may be a secret.
    fn hides(&self, rule: &Rule) -> bool {
        self.guarded || rule.guarded
    }

    fn tell(&self, node: &Node, rule: &Rule, wrong: Wrong, errors: &mut ConfigErrors) {
        if self.hides(rule) {
            push_secret(node, self.key, wrong, errors);
        } else {
            push(node, self.key, wrong, errors);
        }
    }
}

impl<'a> Check<'a> {
    pub(crate) fn new(schema: &'a Schema, secrets: Option<&'a dyn SecretSource>) -> Self {
        Self {
            schema,
            secrets,
            steps: Cell::new(0),
        }
    }

    /// Everything that is wrong with `node`, which is at `key`.
    pub(crate) fn run(&self, node: &mut Node, key: &str) -> ConfigErrors {
        let mut errors = ConfigErrors::default();
        let root = &self.schema.root;
        self.apply(root, node, At::new(key, 0), &mut errors);
        if self.steps.get() == EXHAUSTED {
            let why = "the plugin's option schema refers to itself in a circle";
            wrong(node, key, Class::BadSchema, why, &mut errors);
            return errors;
        }
        if root.properties.is_empty() && root.additional.is_none() && root.is_plain() {
            refuse_unknown(root, node, key, &mut errors);
        }
        finish(node, key, &mut errors);
        errors
    }

    pub(super) fn apply(
        &self,
        rule: &Rule,
        node: &mut Node,
        at: At<'_>,
        errors: &mut ConfigErrors,
    ) {
        self.steps.set(self.steps.get().saturating_add(1));
        if at.depth > DEPTH || self.steps.get() > STEPS {
            // Told once, at the end: an error here would only make another form fit.
            self.steps.set(EXHAUSTED);
            return;
        }
        if rule.never {
            return wrong(
                node,
                at.key,
                Class::NotAllowed,
                "is not allowed here",
                errors,
            );
        }
        if rule.secret && !self.secret(node, at.key, errors) {
            return;
        }
        if let Kind::Text(found) = &node.kind {
            match text::typed(rule, found, node) {
                Some(kind) => node.kind = kind,
                None => return at.tell(node, rule, rule.expected(node, at.hides(rule)), errors),
            }
        }
        if let Some(why) = rule.misfit(node, at.hides(rule)) {
            return at.tell(node, rule, why, errors);
        }
        self.inside(rule, node, at, errors);
        self.combined(rule, node, at, errors);
    }

    /// Reads the secret that a reference leads to; `false` when there is nothing more to check.
    fn secret(&self, node: &mut Node, key: &str, errors: &mut ConfigErrors) -> bool {
        if matches!(node.kind, Kind::Secret(_)) {
            return true;
        }
        if let Kind::Text(found) = &node.kind
            && let Some(inline) = Node::parse_inline(found, &node.origin)
        {
            node.kind = inline.kind;
        }
        match (secrets::parse(node), self.secrets) {
            (None, _) => {
                let (class, why) = match node.kind {
                    Kind::Table(_) => (
                        Class::BadReference,
                        "expected a reference with exactly one of env, file, credential, and a string there",
                    ),
                    _ => (Class::PlainSecret, PLAIN),
                };
                let wrong = Wrong::new(class, why).meant(instead(node));
                push_secret(node, key, wrong, errors);
                false
            }
            (Some(_), None) => false,
            (Some(reference), Some(source)) => match source.read(&reference) {
                Ok(secret) => {
                    node.kind = Kind::Secret(secret);
                    true
                }
                Err(wrong) => {
                    push_secret(node, key, wrong, errors);
                    false
                }
            },
        }
    }

    /// What is inside of a list or table.
    fn inside(&self, rule: &Rule, node: &mut Node, at: At<'_>, errors: &mut ConfigErrors) {
        let depth = at.depth + 1;
        let origin = node.origin.clone();
        match &mut node.kind {
            Kind::List(items) => {
                if let Some(rule) = &rule.items {
                    for (place, item) in items.iter_mut().enumerate() {
                        let key = format!("{}[{place}]", at.key);
                        self.apply(rule, item, At::new(&key, depth), errors);
                    }
                }
            }
            Kind::Table(table) => {
                for name in rule
                    .required
                    .iter()
                    .filter(|name| !table.contains_key(*name))
                {
                    let key = join(at.key, name);
                    let why = "is missing; the plugin requires it";
                    let wrong = Wrong::new(Class::MissingKey, why);
                    errors.extend([ConfigError::new(origin.at_key(), key, wrong)]);
                }
                for (name, value) in table.iter_mut() {
                    // What no key may be but those that are named, is told of all together, below.
                    let additional = rule.additional.as_deref().filter(|rule| !rule.never);
                    if let Some(rule) = rule.properties.get(name).or(additional) {
                        self.apply(rule, value, At::new(&join(at.key, name), depth), errors);
                    }
                }
                let open = match &rule.additional {
                    Some(additional) => !additional.never,
                    None => rule.properties.is_empty() || !at.closed || !rule.is_plain(),
                };
                if !open {
                    refuse_unknown(rule, node, at.key, errors);
                }
            }
            _ => {}
        }
    }
}

pub(super) fn wrong(
    node: &Node,
    key: &str,
    class: Class,
    why: impl Into<String>,
    errors: &mut ConfigErrors,
) {
    push(node, key, Wrong::new(class, why), errors);
}

/// How a variable or flag says what a table in a file says.
fn instead(node: &Node) -> Option<String> {
    match &*node.origin {
        Origin::Variable(name) => Some(format!(
            "set {name}__ENV to the name of the variable that has it, or {name}__FILE to a path"
        )),
        Origin::Flag(key) => Some(format!(
            "write --set {key}.env=NAME or --set {key}.file=PATH"
        )),
        _ => None,
    }
}

pub(super) fn push(node: &Node, key: &str, wrong: Wrong, errors: &mut ConfigErrors) {
    errors.extend([ConfigError::about(node, key, wrong)]);
}

fn push_secret(node: &Node, key: &str, wrong: Wrong, errors: &mut ConfigErrors) {
    errors.extend([ConfigError::about_secret(node, key, wrong)]);
}

fn refuse_unknown(rule: &Rule, node: &Node, key: &str, errors: &mut ConfigErrors) {
    let Kind::Table(table) = &node.kind else {
        return;
    };
    let known = match listed(rule.properties.keys(), "") {
        empty if empty.is_empty() => "there are none here".to_owned(),
        listed => format!("known here: {listed}"),
    };
    for (name, value) in table
        .iter()
        .filter(|(name, _)| !rule.properties.contains_key(*name))
    {
        let why = format!("is no known option; {known}");
        let wrong = Wrong::new(Class::UnknownKey, why).meant(nearest(name, rule.properties.keys()));
        let error = ConfigError::new(value.origin.at_key(), join(key, name), wrong);
        errors.extend([error]);
    }
}

/// What no schema speaks about: text that is still text is a string, and no URL has a password in it.
fn finish(node: &mut Node, key: &str, errors: &mut ConfigErrors) {
    if let Kind::Text(text) = &mut node.kind {
        node.kind = Kind::String(std::mem::take(text));
    }
    match &mut node.kind {
        Kind::String(text) if url::has_password(text) => {
            if errors.iter().any(|error| error.key == key) {
                return;
            }
            let why = "a URL here must not contain a password; use the option for it, with { env = … } or \
                       { file = … }";
            wrong(node, key, Class::UrlPassword, why, errors);
        }
        Kind::List(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                finish(item, &format!("{key}[{place}]"), errors);
            }
        }
        Kind::Table(table) => {
            for (name, value) in table {
                finish(value, &join(key, name), errors);
            }
        }
        _ => {}
    }
}

impl Rule {
    /// Whether no other rule speaks about the same value.
    fn is_plain(&self) -> bool {
        self.reference.is_none()
            && self.all_of.is_empty()
            && self.any_of.is_empty()
            && self.one_of.is_empty()
    }

    /// Why a value that is typed does not fit by itself.
    fn misfit(&self, node: &Node, hide: bool) -> Option<Wrong> {
        if let Some(types) = &self.types
            && !types.iter().any(|kind| kind.fits(&node.kind))
        {
            if secrets::is_reference(node) {
                let why = "a reference is only for secrets; write the value itself";
                return Some(Wrong::new(Class::ReferenceNotHere, why));
            }
            return Some(self.expected(node, hide));
        }
        if let Some(values) = &self.one_of_values
            && !values.iter().any(|value| node.is(value))
        {
            return Some(self.expected(node, hide));
        }
        match &node.kind {
            Kind::String(text) => self
                .wrong_unit(text, node)
                .or_else(|| self.length.wrong(text.chars().count(), "characters")),
            Kind::Secret(text) => self.length.wrong(text.chars().count(), "characters"),
            Kind::Integer(number) => self.out_of_bounds(*number as f64, node),
            Kind::Float(number) => self.out_of_bounds(*number, node),
            Kind::List(items) => self
                .item_count
                .wrong(items.len(), "items")
                .or_else(|| self.repeated(items)),
            Kind::Table(table) => self.property_count.wrong(table.len(), "keys"),
            Kind::Text(_) | Kind::Boolean(_) => None,
        }
    }

    fn wrong_unit(&self, text: &str, node: &Node) -> Option<Wrong> {
        let unit = self.unit?;
        let Some(found) = unit.amount(text) else {
            return Some(self.expected(node, false));
        };
        let bound = |bound: &Option<String>| {
            let text = bound.as_deref()?;
            Some((text.to_owned(), unit.amount(text)?))
        };
        let least = bound(&self.amounts.least).filter(|(_, least)| found < *least);
        let most = bound(&self.amounts.most).filter(|(_, most)| found > *most);
        let why = match (least, most) {
            (Some((least, _)), _) => format!("expected at least {least}"),
            (None, Some((most, _))) => format!("expected at most {most}"),
            (None, None) => return None,
        };
        let why = format!("{why}, found {}", node.show());
        Some(Wrong::new(Class::OutOfRange, why))
    }

    fn out_of_bounds(&self, number: f64, node: &Node) -> Option<Wrong> {
        let why = self.numbers.broken(number)?;
        let why = format!("{why}, found {}", node.show());
        Some(Wrong::new(Class::OutOfRange, why))
    }

    fn repeated(&self, items: &[Node]) -> Option<Wrong> {
        if !self.unique_items {
            return None;
        }
        let mut seen = BTreeSet::new();
        let item = items
            .iter()
            .find(|item| !seen.insert(item.to_json().to_string()))?;
        let why = format!("names {} twice", item.show());
        Some(Wrong::new(Class::NamedTwice, why))
    }

    /// `expected …, found …`; without the value when that may be a secret.
    pub(super) fn expected(&self, node: &Node, hide: bool) -> Wrong {
        let class = match (&self.one_of_values, self.unit) {
            (Some(_), _) => Class::NotOneOf,
            (None, Some(Unit::Duration)) => Class::BadDuration,
            (None, Some(Unit::Bytes)) => Class::BadSize,
            (None, None) => Class::WrongType,
        };
        let what = match (&self.one_of_values, self.unit, &self.types) {
            (Some(values), _, _) => words(values.iter()),
            (None, Some(Unit::Duration), _) => {
                "a duration: numbers with units of ms, s, min, h, d, such as \"30s\"".to_owned()
            }
            (None, Some(Unit::Bytes), _) => {
                "a size: a number with a unit of B, KiB, MiB, GiB, TiB, such as \"20MiB\""
                    .to_owned()
            }
            (None, None, Some(types)) => {
                let real = types.iter().filter(|kind| **kind != Type::Null);
                let names: Vec<&str> = real.map(|kind| kind.describe()).collect();
                if names.is_empty() {
                    "nothing".to_owned()
                } else {
                    names.join(" or ")
                }
            }
            (None, None, None) => "something else".to_owned(),
        };
        let meant = match (&self.one_of_values, &node.kind) {
            (Some(values), Kind::Text(text) | Kind::String(text)) => {
                nearest(text, values.iter().filter_map(serde_json::Value::as_str))
            }
            _ => None,
        };
        let found = if hide {
            node.kind.name().to_owned()
        } else {
            node.show()
        };
        let why = format!("expected {what}, found {found}");
        Wrong::new(class, why).meant(meant)
    }
}

/// `one of "a", "b"`.
pub(super) fn words<'a>(values: impl Iterator<Item = &'a serde_json::Value>) -> String {
    let words: Vec<String> = values
        .filter(|value| !value.is_null())
        .map(ToString::to_string)
        .collect();
    match words.as_slice() {
        [only] => only.clone(),
        _ => format!("one of {}", words.join(", ")),
    }
}

impl Type {
    fn fits(self, kind: &Kind) -> bool {
        match kind {
            Kind::Text(_) => false,
            Kind::String(_) | Kind::Secret(_) => self == Self::String,
            Kind::Integer(_) => matches!(self, Self::Integer | Self::Number),
            Kind::Float(_) => self == Self::Number,
            Kind::Boolean(_) => self == Self::Boolean,
            Kind::List(_) => self == Self::Array,
            Kind::Table(_) => self == Self::Object,
        }
    }
}
