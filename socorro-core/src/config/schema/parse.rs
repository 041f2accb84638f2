//! A schema document to rules. Anything not understood is refused, because ignoring it would accept options
//! that the plugin's author meant to refuse.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Bounds, Numbers, Rule, Schema, TYPES, Type, Unit};
use crate::config::class::Class;
use crate::config::error::Wrong;
use crate::error::{Error, ErrorKind, Result};

const DEPTH: usize = 32;
const RULES: usize = 4096;

pub(super) fn schema(schema: &Value) -> Result<Schema> {
    read(schema).map_err(|why| {
        Error::new(
            ErrorKind::Plugin,
            format!("the plugin's option schema is unusable: {why}"),
        )
    })
}

fn read(schema: &Value) -> Result<Schema, String> {
    let mut parser = Parser { rules: 0 };
    let defs = match schema.get("$defs") {
        None => BTreeMap::new(),
        Some(defs) => parser.rules_by_name(defs, "$defs", 0)?,
    };
    let root = parser.rule(schema, "", 0)?;
    let mut schema = Schema { root, defs };
    schema.mark_guarded();
    for rule in schema.defs.values().chain([&schema.root]) {
        references_exist(rule, &schema.defs)?;
    }
    Ok(schema)
}

struct Parser {
    rules: usize,
}

impl Parser {
    fn rule(&mut self, schema: &Value, at: &str, depth: usize) -> Result<Rule, String> {
        self.rules += 1;
        if self.rules > RULES || depth > DEPTH {
            return Err(format!(
                "more than {RULES} schemas, or more than {DEPTH} in one another"
            ));
        }
        let members = match schema {
            Value::Bool(any) => {
                return Ok(Rule {
                    never: !any,
                    ..Rule::default()
                });
            }
            Value::Object(members) => members,
            _ => return Err(format!("{at:?} is neither an object nor a boolean")),
        };
        let mut rule = Rule::default();
        for (keyword, value) in members {
            self.keyword(&mut rule, keyword, value, depth)
                .map_err(|why| format!("{at}/{keyword} {why}"))?;
        }
        let bounds = [
            ("x-minimum", &rule.amounts.least),
            ("x-maximum", &rule.amounts.most),
        ];
        for (keyword, bound) in bounds {
            if let (Some(unit), Some(bound)) = (rule.unit, bound)
                && unit.amount(bound).is_none()
            {
                return Err(format!("{at}/{keyword} is not in the unit of x-unit"));
            }
        }
        Ok(rule)
    }

    fn keyword(
        &mut self,
        rule: &mut Rule,
        keyword: &str,
        value: &Value,
        depth: usize,
    ) -> Result<(), String> {
        let below = depth + 1;
        match keyword {
            "type" => {
                let mut types = types(value)?;
                super::text::sort(&mut types);
                rule.types = Some(types);
            }
            "properties" => rule.properties = self.rules_by_name(value, keyword, below)?,
            "required" => rule.required = strings(value)?,
            "additionalProperties" => {
                rule.additional = Some(Box::new(self.rule(value, keyword, below)?));
            }
            "enum" => {
                let values = value.as_array().ok_or("is no list")?;
                rule.one_of_values = Some(values.clone());
            }
            "const" => rule.one_of_values = Some(vec![value.clone()]),
            "items" => rule.items = Some(Box::new(self.rule(value, keyword, below)?)),
            "uniqueItems" => rule.unique_items = boolean(value)?,
            "minimum" => rule.numbers.least = Some(number(value)?),
            "exclusiveMinimum" => rule.numbers.above = Some(number(value)?),
            "maximum" => rule.numbers.most = Some(number(value)?),
            "exclusiveMaximum" => rule.numbers.below = Some(number(value)?),
            "minLength" => rule.length.least = Some(size(value)?),
            "maxLength" => rule.length.most = Some(size(value)?),
            "minItems" => rule.item_count.least = Some(size(value)?),
            "maxItems" => rule.item_count.most = Some(size(value)?),
            "minProperties" => rule.property_count.least = Some(size(value)?),
            "maxProperties" => rule.property_count.most = Some(size(value)?),
            "allOf" => rule.all_of = self.rules(value, keyword, below)?,
            "anyOf" => rule.any_of = self.rules(value, keyword, below)?,
            "oneOf" => rule.one_of = self.rules(value, keyword, below)?,
            "$ref" => {
                let name = value
                    .as_str()
                    .and_then(|text| text.strip_prefix("#/$defs/"));
                let name = name.filter(|name| !name.contains('/'));
                rule.reference = Some(name.ok_or("is not of the form #/$defs/NAME")?.to_owned());
            }
            "x-secret" => rule.secret = boolean(value)?,
            "x-unit" => {
                rule.unit = match value.as_str() {
                    Some("duration") => Some(Unit::Duration),
                    Some("bytes") => Some(Unit::Bytes),
                    Some(_) => None,
                    None => return Err("is no string".to_owned()),
                };
            }
            // With a unit of a plugin's own they are annotations.
            "x-minimum" => rule.amounts.least = value.as_str().map(str::to_owned),
            "x-maximum" => rule.amounts.most = value.as_str().map(str::to_owned),
            "$defs" if depth == 0 => {}
            "$schema" | "$id" | "$comment" | "title" | "description" | "default" | "examples"
            | "format" | "deprecated" | "readOnly" | "writeOnly" => {}
            // By convention these annotate; a later host may look at more of them.
            other if other.starts_with("x-") => {}
            _ => return Err("is no keyword this host knows".to_owned()),
        }
        Ok(())
    }

    fn rules(&mut self, value: &Value, at: &str, depth: usize) -> Result<Vec<Rule>, String> {
        let schemas = value.as_array().filter(|schemas| !schemas.is_empty());
        let schemas = schemas.ok_or("is no list of schemas")?;
        schemas
            .iter()
            .map(|schema| self.rule(schema, at, depth))
            .collect()
    }

    fn rules_by_name(
        &mut self,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Result<BTreeMap<String, Rule>, String> {
        let members: &Map<String, Value> = value.as_object().ok_or("is no object")?;
        members
            .iter()
            .map(|(name, schema)| {
                let rule = self.rule(schema, &format!("{at}/{name}"), depth + 1)?;
                Ok((name.clone(), rule))
            })
            .collect()
    }
}

fn references_exist(rule: &Rule, defs: &BTreeMap<String, Rule>) -> Result<(), String> {
    if let Some(name) = rule
        .reference
        .as_ref()
        .filter(|name| !defs.contains_key(*name))
    {
        return Err(format!("there is no #/$defs/{name}"));
    }
    let boxed = rule.additional.iter().chain(&rule.items).map(AsRef::as_ref);
    boxed
        .chain(rule.properties.values())
        .chain(&rule.all_of)
        .chain(&rule.any_of)
        .chain(&rule.one_of)
        .try_for_each(|rule| references_exist(rule, defs))
}

fn types(value: &Value) -> Result<Vec<Type>, String> {
    let names = match value {
        Value::String(name) => vec![name.clone()],
        value => strings(value)?,
    };
    names
        .iter()
        .map(|name| {
            let found = TYPES.iter().find(|(known, _)| known == name);
            Ok(found.ok_or_else(|| format!("{name:?} is no type"))?.1)
        })
        .collect()
}

fn strings(value: &Value) -> Result<Vec<String>, String> {
    let items = value.as_array().ok_or("is no list of strings")?;
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or_else(|| "is no list of strings".to_owned())
}

fn boolean(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "is no boolean".to_owned())
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| "is no number".to_owned())
}

fn size(value: &Value) -> Result<u64, String> {
    value
        .as_u64()
        .ok_or_else(|| "is no number of things".to_owned())
}

impl Bounds {
    /// Which bound `count` breaks.
    pub(super) fn wrong(self, count: usize, things: &str) -> Option<Wrong> {
        let why = self.broken(count, things)?;
        Some(Wrong::new(Class::WrongLength, why))
    }

    fn broken(self, count: usize, things: &str) -> Option<String> {
        let count = count as u64;
        if let Some(least) = self.least.filter(|least| count < *least) {
            let things = counted(least, things);
            return Some(format!("expected at least {least} {things}, found {count}"));
        }
        let most = self.most.filter(|most| count > *most)?;
        let things = counted(most, things);
        Some(format!("expected at most {most} {things}, found {count}"))
    }
}

/// `item` or `items`.
fn counted(count: u64, things: &str) -> &str {
    match things.strip_suffix('s') {
        Some(one) if count == 1 => one,
        _ => things,
    }
}

impl Numbers {
    /// Which bound `number` breaks, for a message.
    pub(super) fn broken(self, number: f64) -> Option<String> {
        let least = self.least.filter(|least| number < *least);
        let above = self.above.filter(|above| number <= *above);
        let most = self.most.filter(|most| number > *most);
        let below = self.below.filter(|below| number >= *below);
        least
            .map(|least| format!("expected at least {least}"))
            .or_else(|| above.map(|above| format!("expected more than {above}")))
            .or_else(|| most.map(|most| format!("expected at most {most}")))
            .or_else(|| below.map(|below| format!("expected less than {below}")))
    }
}
