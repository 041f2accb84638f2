//! A schema read as a list of options, for people.

use std::cell::Cell;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Cost;
use crate::config::tree::join;

/// What there is to know of an option, whatever it is set to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OptionDoc {
    /// Its key within the table, such as `root` or `tls.ca_file`.
    pub key: String,
    /// What it is for.
    pub about: String,
    /// What its values are, such as `an integer from 1 to 64`.
    pub kind: String,
    /// The words that it can be, when those are all there are.
    pub choices: Vec<Choice>,
    /// What holds when it is not set; none when that is nothing.
    pub default: Option<Value>,
    /// The unit in which it is written: `duration`, `bytes`, or a plugin's own.
    pub unit: Option<String>,
    /// It must be set.
    pub required: bool,
    /// It is a secret, or there are some in it: written as references, and shown nowhere.
    pub secret: bool,
    /// What it costs to change it.
    pub change: Cost,
    /// The parts of `key`.
    #[serde(skip)]
    pub(crate) path: Vec<String>,
}

/// A word that an option can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Choice {
    /// The word.
    pub value: String,
    /// What it means.
    pub about: String,
}

/// Tables within tables that are looked into.
const DEPTH: usize = 8;
/// References that are followed at one place.
const HOPS: usize = 8;
/// Lists of lists, forms of forms: what is told of a value.
const WORDS: usize = 6;
/// Looks at schemas in all; one that refers to itself would need more, for ever.
const STEPS: usize = 20_000;

/// Every option of a schema, in the order of their keys; those of an inner table have its key in front. A
/// plugin's options cost a new instance when they change, unless its schema says otherwise.
pub fn options_of(schema: &Value) -> Vec<OptionDoc> {
    let mut options = Vec::new();
    let reader = Reader::new(schema);
    let root = reader.view(schema);
    reader.collect(&root, &[], &Inherited::default(), DEPTH, &mut options);
    options
}

pub(super) struct Reader<'a> {
    schema: &'a Value,
    steps: Cell<usize>,
}

/// What a table says for what is in it.
#[derive(Default)]
struct Inherited {
    change: Option<Cost>,
    default: Option<Value>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(schema: &'a Value) -> Self {
        Self {
            schema,
            steps: Cell::new(STEPS),
        }
    }

    /// Takes one of the steps there are; `false` when there are none left.
    pub(super) fn step(&self) -> bool {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1));
        left > 0
    }

    fn collect(
        &self,
        table: &Map<String, Value>,
        above: &[String],
        inherited: &Inherited,
        depth: usize,
        options: &mut Vec<OptionDoc>,
    ) {
        let required: Vec<&str> = strings(table.get("required"));
        for (name, schema) in properties(table) {
            if !self.step() {
                return;
            }
            if schema == &Value::Bool(false) {
                continue;
            }
            let view = self.view(schema);
            let path = [above, std::slice::from_ref(name)].concat();
            let change = change_of(&view).or(inherited.change);
            let default = some(view.get("default")).or_else(|| {
                let whole = inherited.default.as_ref()?;
                some(whole.get(name))
            });
            let inner = !properties(&view).is_empty() && view.get("x-secret") != Some(&true.into());
            if inner && depth > 0 {
                let inherited = Inherited { change, default };
                self.collect(&view, &path, &inherited, depth - 1, options);
                continue;
            }
            options.push(OptionDoc {
                key: path
                    .iter()
                    .fold(String::new(), |key, part| join(&key, part)),
                about: text(&view, "description").replace('\n', " "),
                kind: self.kind(&view, WORDS),
                choices: self.choices(&view),
                default,
                unit: view
                    .get("x-unit")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                required: required.contains(&name.as_str()),
                secret: self.holds_secret(&view, DEPTH),
                change: change.unwrap_or(Cost::NewInstance),
                path,
            });
        }
    }

    /// A schema with what it refers to put into it, and without the forms that only say "or nothing".
    pub(super) fn view(&self, schema: &Value) -> Map<String, Value> {
        let mut view = schema.as_object().cloned().unwrap_or_default();
        for _ in 0..HOPS {
            let Some(other) = self.takes_in(&mut view) else {
                break;
            };
            for (keyword, value) in other {
                // What is said at the place itself is more to the point.
                view.entry(keyword).or_insert(value);
            }
        }
        view
    }

    /// Takes out of `view` the one other schema that it stands for, if it does.
    fn takes_in(&self, view: &mut Map<String, Value>) -> Option<Map<String, Value>> {
        if let Some(reference) = view.remove("$ref") {
            let name = reference.as_str()?.strip_prefix("#/$defs/")?;
            return self.schema.get("$defs")?.get(name)?.as_object().cloned();
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            let Some(branches) = view.get(keyword).and_then(Value::as_array) else {
                continue;
            };
            let mut real = branches.iter().filter(|branch| !is_null(branch));
            if let (Some(Value::Object(only)), None) = (real.next(), real.next()) {
                let only = only.clone();
                view.remove(keyword);
                return Some(only);
            }
        }
        None
    }

    /// What the values are, in words.
    fn kind(&self, view: &Map<String, Value>, depth: usize) -> String {
        if depth == 0 || !self.step() {
            return "anything".to_owned();
        }
        if view.get("x-secret") == Some(&true.into()) {
            return "a secret".to_owned();
        }
        let unit = view.get("x-unit").and_then(Value::as_str);
        match unit {
            Some("duration") => {
                return format!("a duration{}", range(view, "x-minimum", "x-maximum"));
            }
            Some("bytes") => return format!("a size{}", range(view, "x-minimum", "x-maximum")),
            _ => {}
        }
        let words = self.choices(view);
        if !words.is_empty() {
            let words: Vec<&str> = words.iter().map(|word| word.value.as_str()).collect();
            return match words.as_slice() {
                [only] => only.to_string(),
                words => format!("one of {}", words.join(", ")),
            };
        }
        let branches = branches(view);
        if !branches.is_empty() {
            let kinds: Vec<String> = branches
                .iter()
                .map(|branch| self.kind(&self.view(branch), depth - 1))
                .collect();
            return kinds.join(" or ");
        }
        let mut types = match view.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            several => strings(several),
        };
        types.retain(|one| *one != "null");
        let kinds: Vec<String> = types
            .iter()
            .map(|one| self.typed(one, view, depth))
            .collect();
        let kind = if kinds.is_empty() {
            "anything".to_owned()
        } else {
            kinds.join(" or ")
        };
        match unit {
            Some(unit) => format!("{kind}, in {unit}"),
            None => kind,
        }
    }

    /// What values of one of JSON's types are, in words.
    fn typed(&self, kind: &str, view: &Map<String, Value>, depth: usize) -> String {
        match kind {
            "boolean" => "true or false".to_owned(),
            "integer" => format!("an integer{}", range(view, "minimum", "maximum")),
            "number" => format!("a number{}", range(view, "minimum", "maximum")),
            "string" => match view.get("format").and_then(Value::as_str) {
                Some("path") => "a path".to_owned(),
                Some("name") => "a name".to_owned(),
                Some("address") => "an IP address and a port".to_owned(),
                Some("table") => "the name of a table".to_owned(),
                Some("sha256") => "a SHA-256".to_owned(),
                Some("dotted path") => "a dotted path".to_owned(),
                _ => format!(
                    "a string{}",
                    lengths(view, "minLength", "maxLength", "characters")
                ),
            },
            "array" => {
                let items = view
                    .get("items")
                    .map(|items| self.kind(&self.view(items), depth - 1));
                let items = items
                    .map(|items| format!(", each {items}"))
                    .unwrap_or_default();
                let how_many = lengths(view, "minItems", "maxItems", "items");
                format!("a list{how_many}{items}")
            }
            "object" => {
                let values = view
                    .get("additionalProperties")
                    .filter(|value| value.is_object());
                let values = values.map(|values| self.kind(&self.view(values), depth - 1));
                let values = values.map(|values| format!(", each value {values}"));
                format!("a table{}", values.unwrap_or_default())
            }
            other => other.to_owned(),
        }
    }

    /// The words that are all there are.
    fn choices(&self, view: &Map<String, Value>) -> Vec<Choice> {
        let plain = |values: &[Value]| -> Vec<Choice> {
            let words = values.iter().filter(|value| !value.is_null());
            words.map(|value| choice(value, "")).collect()
        };
        if let Some(only) = view.get("const") {
            return plain(std::slice::from_ref(only));
        }
        if let Some(Value::Array(values)) = view.get("enum") {
            return plain(values);
        }
        let mut words = Vec::new();
        for branch in branches(view) {
            let branch = self.view(branch);
            match (branch.get("const"), branch.get("enum")) {
                (Some(value), _) => words.push(choice(value, text(&branch, "description"))),
                (None, Some(Value::Array(values))) => words.extend(plain(values)),
                // Something else is possible as well.
                _ => return Vec::new(),
            }
        }
        words
    }
}

fn choice(value: &Value, about: &str) -> Choice {
    Choice {
        value: value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
        about: about.replace('\n', " "),
    }
}

/// The forms that a value can have, but for none at all.
fn branches(view: &Map<String, Value>) -> Vec<&Value> {
    ["anyOf", "oneOf"]
        .into_iter()
        .filter_map(|keyword| view.get(keyword)?.as_array())
        .flatten()
        .filter(|branch| !is_null(branch))
        .collect()
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

fn properties(view: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let properties = view.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().collect()
}

fn change_of(view: &Map<String, Value>) -> Option<Cost> {
    Cost::of(view.get("x-change")?.as_str()?)
}

fn text<'a>(view: &'a Map<String, Value>, keyword: &str) -> &'a str {
    view.get(keyword)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    let items = value.and_then(Value::as_array);
    items
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn some(value: Option<&Value>) -> Option<Value> {
    value.filter(|value| !value.is_null()).cloned()
}

/// ` from 1 to 5`, as far as there are bounds.
fn range(view: &Map<String, Value>, least: &str, most: &str) -> String {
    let show = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    match (view.get(least).map(show), view.get(most).map(show)) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (None, None) => String::new(),
    }
}

/// ` of 1 to 64 items`, as far as there are bounds that say something.
fn lengths(view: &Map<String, Value>, least: &str, most: &str, things: &str) -> String {
    let least = view
        .get(least)
        .and_then(Value::as_u64)
        .filter(|least| *least > 0);
    match (least, view.get(most).and_then(Value::as_u64)) {
        (Some(least), Some(most)) => format!(" of {least} to {most} {things}"),
        (Some(1), None) if things == "characters" => String::new(),
        (Some(least), None) => format!(" of at least {least} {things}"),
        (None, Some(most)) => format!(" of at most {most} {things}"),
        (None, None) => String::new(),
    }
}
