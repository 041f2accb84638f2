//! Options as tables of Markdown, for the pages in `docs/`.

use serde_json::Value;

use super::{Cost, OptionDoc, host, options_of, sections, top};
use crate::config::inline::inline;

/// The tables of core's own options, each with a word for it: `include`, `plugins`, `limits`, `redaction`,
/// `reload`, `instance`, `composite`, `resource`, `pipeline`.
pub fn core_tables() -> Vec<(&'static str, String)> {
    let mut tables = vec![("include", option_table(&top()))];
    for (name, schema) in sections() {
        tables.push((name, option_table(&schema)));
    }
    for (name, schema) in [
        ("instance", host::instance()),
        ("composite", host::composite()),
        ("resource", host::resource()),
        ("pipeline", host::pipeline()),
    ] {
        tables.push((name, option_table(&schema)));
    }
    tables
}

/// A table of all options of a schema. What a change costs has a column when not all cost a new instance, which
/// is what those of plugins do.
pub fn option_table(schema: &Value) -> String {
    let options = options_of(schema);
    let changes = options
        .iter()
        .any(|option| option.change != Cost::NewInstance);
    let mut head = vec!["option", "value", "default"];
    if changes {
        head.push("a change");
    }
    head.push("what it is for");
    let mut table = row(head.iter().map(|head| (*head).to_owned()));
    table.push_str(&row(head.iter().map(|_| "---".to_owned())).replace(' ', ""));
    for option in &options {
        let mut cells = vec![format!("`{}`", option.key), value(option), default(option)];
        if changes {
            cells.push(option.change.to_string());
        }
        cells.push(about(option));
        table.push_str(&row(cells.into_iter()));
    }
    table
}

fn value(option: &OptionDoc) -> String {
    if option.choices.is_empty() {
        return option.kind.clone();
    }
    let words = option
        .choices
        .iter()
        .map(|choice| format!("`{}`", choice.value));
    words.collect::<Vec<_>>().join(", ")
}

fn default(option: &OptionDoc) -> String {
    match &option.default {
        _ if option.required => "required".to_owned(),
        Some(default) => inline(default).map_or_else(String::new, |text| format!("`{text}`")),
        None => String::new(),
    }
}

fn about(option: &OptionDoc) -> String {
    let mut about = option.about.clone();
    for choice in option
        .choices
        .iter()
        .filter(|choice| !choice.about.is_empty())
    {
        about.push_str(&format!("<br>`{}`: {}", choice.value, choice.about));
    }
    about
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells
        .map(|cell| cell.replace('|', "\\|").replace('\n', " "))
        .collect();
    format!("| {} |\n", cells.join(" | "))
}
