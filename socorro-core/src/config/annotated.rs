//! A configuration as TOML that explains itself: every option there is, what it is for, and who set it.

use serde_json::{Map, Value};

use super::Configuration;
use super::describe::{self, OptionDoc, options_of};
use super::document::Document;
use super::dump::{SchemaOf, to_json};
use super::error::Said;
use super::inline::inline;
use super::tree::{MASK, Node, Table, join};
use crate::error::{Error, ErrorKind, Result};

const HEAD: &str = "Every option there is. What is set stands as it is in force, below who said so and what that \
                    overrides. What is not set is commented out, with its default.";
/// Characters of a comment's line.
const WIDTH: usize = 100;

/// The configuration in force as TOML with comments: for each option its doc, its type with range, its default,
/// what a change costs, and who set it over what. What is not set is commented out. `document` is what
/// `configuration` was made of. Loads back to an equal configuration; secrets are references, as in
/// [`to_toml`](super::to_toml), which is the same without comments.
///
/// `Internal` when TOML cannot say it, which nothing that was loaded leads to.
pub fn to_commented_toml(
    document: &Document,
    configuration: &Configuration,
    schema_of: SchemaOf<'_>,
) -> Result<String> {
    let said = document.taken();
    let said = |path: &[&str]| find(&said, path).and_then(Node::as_table);
    let values = to_json(configuration, schema_of);
    let mut page = Page::default();
    page.comment(HEAD);
    for section in describe::section_options() {
        let name = section.name;
        page.table(name);
        page.comment(&section.about);
        page.host(&section.options, &values[name], name, said(&[name]))?;
    }
    for (section, members) in [
        ("storage", &configuration.storages),
        ("source", &configuration.sources),
    ] {
        for (name, config) in members {
            let key = join(section, name);
            let said = said(&[section, name]);
            let host = describe::instance_options(&config.type_name);
            page.table(&key);
            page.host(host, &values[section][name], &key, said)?;
            let plugin = schema_of(config).map(|schema| options_of(&schema));
            let plugin = plugin.unwrap_or_default();
            page.plugin(&plugin, host, &values[section][name], &key, said)?;
        }
    }
    for name in configuration.pipelines.keys() {
        let key = join("pipeline", name);
        page.table(&key);
        let said = said(&["pipeline", name]);
        let options = describe::pipeline_options();
        page.host(options, &values["pipeline"][name], &key, said)?;
    }
    Ok(page.0)
}

/// What is at a path.
fn find<'a>(table: &'a Table, path: &[impl AsRef<str>]) -> Option<&'a Node> {
    let (first, below) = path.split_first()?;
    let node = table.get(first.as_ref())?;
    if below.is_empty() {
        return Some(node);
    }
    find(node.as_table()?, below)
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn table(&mut self, key: &str) {
        self.0.push_str(&format!("\n[{key}]\n"));
    }

    /// Options of the host, whose values are all there: those that somebody said are set.
    fn host(
        &mut self,
        options: &[OptionDoc],
        values: &Value,
        key: &str,
        said: Option<&Table>,
    ) -> Result<()> {
        // What `use` takes over is written out.
        for option in options.iter().filter(|option| option.key != "use") {
            self.describe(option);
            let value = at(values, &option.path);
            match said.and_then(|said| find(said, &option.path)) {
                Some(node) => {
                    self.origin(node, &join_all(key, &option.path), option.secret, true);
                    match value {
                        Some(value) => self.set(&option.path, value)?,
                        None => self.comment("It has no effect here."),
                    }
                }
                None => self.unset(option),
            }
        }
        Ok(())
    }

    /// Options of a plugin: what there is of values is set, and all of it is written, known or not.
    fn plugin(
        &mut self,
        options: &[OptionDoc],
        host: &[OptionDoc],
        values: &Value,
        key: &str,
        said: Option<&Table>,
    ) -> Result<()> {
        let hidden = |option: &OptionDoc| {
            let first = option.path.first();
            host.iter().any(|host| host.path.first() == first)
        };
        for option in options.iter().filter(|option| !hidden(option)) {
            self.describe(option);
            match at(values, &option.path) {
                Some(value) => {
                    self.nearest_origin(&option.path, key, said, option.secret);
                    self.set(&option.path, value)?;
                }
                None => self.unset(option),
            }
        }
        let mut rest = Vec::new();
        collect_rest(
            values,
            &mut Vec::new(),
            &[host, options].concat(),
            &mut rest,
        );
        for (path, value) in rest {
            self.0.push('\n');
            self.nearest_origin(&path, key, said, false);
            self.set(&path, value)?;
        }
        Ok(())
    }

    fn describe(&mut self, option: &OptionDoc) {
        self.0.push('\n');
        self.comment(&option.about);
        for choice in option
            .choices
            .iter()
            .filter(|choice| !choice.about.is_empty())
        {
            self.comment(&format!("  {}: {}", choice.value, choice.about));
        }
        let default = match &option.default {
            _ if option.required => "required".to_owned(),
            Some(default) => match inline(default) {
                Some(text) => format!("default {text}"),
                None => "no default".to_owned(),
            },
            None => "no default".to_owned(),
        };
        self.comment(&format!(
            "({}; {default}; a change: {})",
            option.kind, option.change
        ));
    }

    /// Who set what is at `path`, or what it is in.
    fn nearest_origin(&mut self, path: &[String], key: &str, said: Option<&Table>, secret: bool) {
        for length in (1..=path.len()).rev() {
            let Some(above) = path.get(..length) else {
                continue;
            };
            if let Some(node) = said.and_then(|said| find(said, above)) {
                let whole = length == path.len();
                return self.origin(node, &join_all(key, above), secret, whole);
            }
        }
    }

    fn origin(&mut self, node: &Node, key: &str, secret: bool, whole: bool) {
        self.comment(&format!("from {}", node.origin));
        if !whole {
            return;
        }
        for said in node.overrode(key) {
            let said = masked(said, secret);
            self.comment(&format!("  overrides {} of {}", said.value, said.origin));
        }
    }

    fn set(&mut self, path: &[String], value: &Value) -> Result<()> {
        let value = inline(value).ok_or_else(|| {
            Error::new(
                ErrorKind::Internal,
                "the configuration cannot be written as TOML",
            )
        })?;
        self.0
            .push_str(&format!("{} = {value}\n", join_all("", path)));
        Ok(())
    }

    fn unset(&mut self, option: &OptionDoc) {
        let default = option.default.as_ref().and_then(inline).unwrap_or_default();
        let line = format!("{} = {default}", option.key);
        for line in line.trim_end().lines() {
            self.0.push_str(&format!("# {line}\n"));
        }
    }

    /// Lines of comment, broken between words.
    fn comment(&mut self, text: &str) {
        for paragraph in text.lines() {
            let words = paragraph.trim_start();
            let indent = paragraph.len() - words.len();
            let mut line = " ".repeat(indent);
            for word in words.split(' ') {
                if line.trim().is_empty() {
                    line.push_str(word);
                } else if line.chars().count() + word.chars().count() < WIDTH {
                    line.push(' ');
                    line.push_str(word);
                } else {
                    self.line(&line);
                    line = format!("{}{word}", " ".repeat(indent));
                }
            }
            self.line(&line);
        }
    }

    /// One line of comment, without what TOML does not allow there.
    fn line(&mut self, text: &str) {
        self.0.push_str("# ");
        for letter in text.chars() {
            if letter.is_control() {
                self.0.extend(letter.escape_default());
            } else {
                self.0.push(letter);
            }
        }
        self.0.push('\n');
    }
}

/// A secret in plain text, which a check refuses, may have been overridden by a reference.
pub(crate) fn masked(said: Said, secret: bool) -> Said {
    if !secret || said.value.starts_with("{ ") {
        return said;
    }
    Said {
        value: MASK.to_owned(),
        ..said
    }
}

fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, part| value.get(part))
}

fn join_all(key: &str, path: &[String]) -> String {
    path.iter()
        .fold(key.to_owned(), |key, part| join(&key, part))
}

/// What of `values` no option speaks of, by its path.
fn collect_rest<'a>(
    values: &'a Value,
    above: &mut Vec<String>,
    options: &[OptionDoc],
    rest: &mut Vec<(Vec<String>, &'a Value)>,
) {
    let members: Option<&Map<String, Value>> = values.as_object();
    for (name, value) in members.into_iter().flatten() {
        above.push(name.clone());
        let covered = options.iter().any(|option| option.path == *above);
        let is_table = value.as_object().is_some_and(|table| !table.is_empty());
        let inner = options.iter().any(|option| option.path.starts_with(above));
        if covered {
            // Written above.
        } else if inner && is_table {
            collect_rest(value, above, options, rest);
        } else {
            rest.push((above.clone(), value));
        }
        above.pop();
    }
}
