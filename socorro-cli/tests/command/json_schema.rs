//! A validator of JSON Schema 2020-12, as far as `config schema` uses it: another reading of it than ours. A
//! keyword that it does not know is an error, so that nothing is believed to be checked that is not.

use regex_lite::Regex;
use serde_json::Value;

/// Everything that is wrong with `value`.
pub(crate) fn wrong(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "", &mut found);
    found
}

fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut found = Vec::new();
    check(root, schema, value, "", &mut found);
    found.is_empty()
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let members = match schema {
        Value::Bool(true) => return,
        Value::Object(members) => members,
        _ => return found.push(format!("{at}: nothing is allowed")),
    };
    for (keyword, rule) in members {
        let holds = match keyword.as_str() {
            "type" => is_of_type(rule, value),
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => number(value).is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => number(value).is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minLength" => {
                text(value).is_none_or(|text| text.chars().count() as u64 >= count(rule))
            }
            "maxLength" => {
                text(value).is_none_or(|text| text.chars().count() as u64 <= count(rule))
            }
            "pattern" => {
                let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
                text(value).is_none_or(|text| pattern.is_match(text))
            }
            "minItems" => value
                .as_array()
                .is_none_or(|items| items.len() as u64 >= count(rule)),
            "maxItems" => value
                .as_array()
                .is_none_or(|items| items.len() as u64 <= count(rule)),
            "uniqueItems" => value.as_array().is_none_or(|items| {
                let mut places = items.iter().enumerate();
                places.all(|(place, item)| !items[..place].contains(item))
            }),
            "required" => value.as_object().is_none_or(|table| {
                let mut names = rule.as_array().unwrap().iter();
                names.all(|name| table.contains_key(name.as_str().unwrap()))
            }),
            "dependentRequired" => value.as_object().is_none_or(|table| {
                let mut rules = rule.as_object().unwrap().iter();
                rules.all(|(name, needed)| {
                    let mut needed = needed.as_array().unwrap().iter();
                    !table.contains_key(name)
                        || needed.all(|name| table.contains_key(name.as_str().unwrap()))
                })
            }),
            "not" => !fits(root, rule, value),
            "anyOf" => rule
                .as_array()
                .unwrap()
                .iter()
                .any(|rule| fits(root, rule, value)),
            "oneOf" => {
                let branches = rule.as_array().unwrap().iter();
                branches.filter(|rule| fits(root, rule, value)).count() == 1
            }
            _ => {
                inside(root, members, keyword, rule, value, at, found);
                true
            }
        };
        if !holds {
            found.push(format!("{at}: breaks {keyword} {rule}"));
        }
    }
}

/// Keywords that apply rules to what is inside, or further rules to the value itself.
fn inside(
    root: &Value,
    schema: &serde_json::Map<String, Value>,
    keyword: &str,
    rule: &Value,
    value: &Value,
    at: &str,
    found: &mut Vec<String>,
) {
    let table = value.as_object().into_iter().flatten();
    match keyword {
        "$ref" => {
            let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
            check(root, root["$defs"].get(name).unwrap(), value, at, found);
        }
        "allOf" => {
            for rule in rule.as_array().unwrap() {
                check(root, rule, value, at, found);
            }
        }
        "if" => {
            if fits(root, rule, value) {
                check(root, &schema["then"], value, at, found);
            }
        }
        "properties" => {
            for (name, value) in table {
                if let Some(rule) = rule.get(name) {
                    check(root, rule, value, &format!("{at}.{name}"), found);
                }
            }
        }
        "additionalProperties" => {
            for (name, value) in table {
                if schema
                    .get("properties")
                    .is_none_or(|known| known.get(name).is_none())
                {
                    check(root, rule, value, &format!("{at}.{name}"), found);
                }
            }
        }
        "propertyNames" => {
            for (name, _) in table {
                check(
                    root,
                    rule,
                    &Value::from(name.as_str()),
                    &format!("{at}.{name}"),
                    found,
                );
            }
        }
        "items" => {
            for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                check(root, rule, item, &format!("{at}[{place}]"), found);
            }
        }
        "then" | "$schema" | "$defs" | "title" | "description" | "default" | "examples" => {}
        other => assert!(
            other.starts_with("x-"),
            "the validator does not know {other}"
        ),
    }
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let one = |kind: &Value| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("no type {other}"),
    };
    match rule {
        Value::Array(kinds) => kinds.iter().any(one),
        kind => one(kind),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap()
}
