//! `$ref`, `allOf`, `anyOf`, `oneOf`: several rules about one value.

use super::check::{At, Check, push, words, wrong};
use super::{Rule, Type};
use crate::config::class::Class;
use crate::config::error::{ConfigErrors, Wrong};
use crate::config::nearest::nearest as near;
use crate::config::tree::{Kind, Node};

impl Check<'_> {
    pub(super) fn combined(
        &self,
        rule: &Rule,
        node: &mut Node,
        at: At<'_>,
        errors: &mut ConfigErrors,
    ) {
        let alone = rule.properties.is_empty() && rule.additional.is_none();
        let only = At {
            depth: at.depth + 1,
            closed: at.closed && alone,
            guarded: at.guarded || rule.guarded,
            ..at
        };
        let among = At {
            closed: false,
            ..only
        };
        if let Some(other) = rule
            .reference
            .as_ref()
            .and_then(|name| self.schema.defs.get(name))
        {
            self.apply(other, node, only, errors);
        }
        for rule in &rule.all_of {
            self.apply(rule, node, among, errors);
        }
        for (branches, exactly_one) in [(&rule.any_of, false), (&rule.one_of, true)] {
            let mut real = branches.iter().filter(|rule| !rule.is_null());
            match (real.next(), real.next()) {
                (None, _) if branches.is_empty() => {}
                (None, _) => {
                    wrong(
                        node,
                        at.key,
                        Class::NotAllowed,
                        "is not allowed here; leave it out",
                        errors,
                    );
                }
                // An option that may be left out: its own errors say more.
                (Some(branch), None) => self.apply(branch, node, only, errors),
                _ => {
                    let at = if alone { only } else { among };
                    self.choose(branches, exactly_one, node, at, errors);
                }
            }
        }
    }

    fn choose(
        &self,
        branches: &[Rule],
        exactly_one: bool,
        node: &mut Node,
        at: At<'_>,
        errors: &mut ConfigErrors,
    ) {
        let was_text = matches!(node.kind, Kind::Text(_));
        let mut fitting: Option<Node> = None;
        let mut nearest: Option<ConfigErrors> = None;
        for branch in branches.iter().filter(|rule| !rule.is_null()) {
            let mut attempt = node.clone();
            let mut found = ConfigErrors::default();
            self.apply(branch, &mut attempt, at, &mut found);
            if found.0.is_empty() {
                if fitting.is_some() {
                    let why = "fits more than one of the forms that the plugin knows, and its schema does \
                               not tell which is meant; ask the plugin's author";
                    return wrong(node, at.key, Class::AmbiguousForm, why, errors);
                }
                fitting = Some(attempt);
                // Text can be read as several things; the first that fits is meant.
                if !exactly_one || was_text {
                    break;
                }
            } else if nearest.as_ref().is_none_or(|nearest| {
                // What another form says of a secret would show it.
                (is_of_secret(&found), nearest.0.len()) > (is_of_secret(nearest), found.0.len())
            }) {
                nearest = Some(found);
            }
        }
        if let Some(fitting) = fitting {
            *node = fitting;
            return;
        }
        let values: Option<Vec<_>> = branches
            .iter()
            .filter(|rule| !rule.is_null())
            .map(|rule| rule.one_of_values.as_ref())
            .collect();
        match (values, nearest) {
            (Some(values), _) => {
                let values = || values.iter().copied().flatten();
                let why = format!("expected {}, found {}", words(values()), node.show());
                let meant = match &node.kind {
                    Kind::Text(text) | Kind::String(text) => {
                        near(text, values().filter_map(serde_json::Value::as_str))
                    }
                    _ => None,
                };
                push(
                    node,
                    at.key,
                    Wrong::new(Class::NotOneOf, why).meant(meant),
                    errors,
                );
            }
            (None, Some(nearest)) => errors.extend(nearest),
            (None, None) => {}
        }
    }
}

/// Is a secret in plain text what is wrong?
fn is_of_secret(errors: &ConfigErrors) -> bool {
    errors.iter().any(|error| error.class == Class::PlainSecret)
}

impl Rule {
    fn is_null(&self) -> bool {
        self.types.as_deref() == Some(&[Type::Null])
    }
}
