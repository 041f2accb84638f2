//! All there is to know of one key: what it is set to and why, and what it is for.

use std::fmt;

use serde_json::{Value, json};

use super::class::Class;
use super::describe::{self, OptionDoc, options_of};
use super::document::Document;
use super::error::{ConfigError, ConfigErrors, Said, Wrong};
use super::explain::Explanation;
use super::inline::inline;
use super::origin::Origin;
use super::read::{Errors, Section};
use super::sections;
use super::tree::{Kind, Node, join};
use crate::plugin::loader::LoaderOptions;

/// What there is to know of a key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explained {
    /// The dotted key.
    pub key: String,
    /// What the layers say of it; `None` when they say nothing.
    pub story: Option<Explanation>,
    /// The key that `use` takes it over from, when its own table does not say it.
    pub taken_over: Option<String>,
    /// What it is for. None for a table, and for what nobody described.
    pub option: Option<OptionDoc>,
    /// For a table: the keys in it that are set or could be.
    pub members: Vec<String>,
}

/// A storage or source as far as an explanation has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// `storage` or `source`.
    pub(crate) section: String,
    pub(crate) name: String,
    pub(crate) type_name: String,
    pub(crate) library: Option<std::path::PathBuf>,
}

impl Document {
    /// Where plugins are found, as far as that is said without mistake.
    pub(crate) fn plugins(&self) -> LoaderOptions {
        let errors = Errors::default();
        let node = self.root().get("plugins");
        sections::plugins(Section::new("plugins".to_owned(), node, &errors))
    }

    /// The storages and sources that name their type.
    pub(crate) fn named(&self) -> Vec<Named> {
        let text = |node: &Node| match &node.kind {
            Kind::Text(text) | Kind::String(text) => Some(text.clone()),
            _ => None,
        };
        let mut all = Vec::new();
        for section in ["storage", "source"] {
            let members = self.root().get(section).and_then(Node::as_table);
            for (name, node) in members.into_iter().flatten() {
                let get = |key: &str| node.as_table()?.get(key).and_then(text);
                if let Some(type_name) = get("type") {
                    all.push(Named {
                        section: section.to_owned(),
                        name: name.clone(),
                        type_name,
                        library: get("library").map(Into::into),
                    });
                }
            }
        }
        all
    }

    /// All there is to know of `key`, given the option schemas of plugins, as far as they are known.
    ///
    /// An error of class [`Class::UnknownKey`] for a key that nobody set and that is no option.
    pub(crate) fn explained(
        &self,
        key: &str,
        schema_of: &dyn Fn(&Named) -> Option<Value>,
    ) -> Result<Explained, ConfigErrors> {
        let options = self.options(schema_of);
        // A key inside of an option, such as one pin of plugins.sha256, is of that option.
        let option = options
            .iter()
            .filter(|option| is_at_or_below(key, &option.key))
            .max_by_key(|option| option.key.len());
        let story = self.explain_as(key, is_secret(key, option, &options));
        // What is inside of a plain value is no key at all.
        let is_map = |option: &OptionDoc| option.kind.starts_with("a table");
        let option = option.filter(|option| story.is_some() || option.key == key || is_map(option));
        let mut members: Vec<String> = options
            .iter()
            .filter(|option| option.key != key && is_at_or_below(&option.key, key))
            .map(|option| option.key.clone())
            .collect();
        if let Some(story) = &story {
            members.extend(story.members.iter().cloned());
        }
        members.sort();
        members.dedup();
        if story.is_none() && option.is_none() && members.is_empty() {
            let keys = self.keys();
            let known = keys.iter().chain(options.iter().map(|option| &option.key));
            let why = "is neither set nor an option; `socorro config dump` lists all there are";
            let wrong = Wrong::near(Class::UnknownKey, why, key, known);
            return Err(ConfigError::new(Origin::Together, key, wrong).into());
        }
        Ok(Explained {
            key: key.to_owned(),
            taken_over: self.taken_from(key),
            story,
            option: option.cloned(),
            members,
        })
    }

    /// Every option there is in this configuration, by its whole key.
    fn options(&self, schema_of: &dyn Fn(&Named) -> Option<Value>) -> Vec<OptionDoc> {
        let mut all = options_of(&describe::top());
        let mut add = |key: &str, options: &[OptionDoc]| {
            all.extend(options.iter().cloned().map(|option| OptionDoc {
                key: format!("{key}.{}", option.key),
                ..option
            }));
        };
        for section in describe::section_options() {
            add(section.name, &section.options);
        }
        for named in self.named() {
            let key = join(&named.section, &named.name);
            // The host's come first: they hide options of the same name.
            let mut options = describe::instance_options(&named.type_name).to_vec();
            for option in schema_of(&named).iter().flat_map(options_of) {
                if !options
                    .iter()
                    .any(|host| host.path.first() == option.path.first())
                {
                    options.push(option);
                }
            }
            add(&key, &options);
        }
        let resources = self.root().get("resource").and_then(Node::as_table);
        for name in resources.into_iter().flat_map(|table| table.keys()) {
            add(&join("resource", name), &options_of(&describe::resource()));
        }
        let pipelines = self.root().get("pipeline").and_then(Node::as_table);
        for name in pipelines.into_iter().flat_map(|table| table.keys()) {
            add(&join("pipeline", name), describe::pipeline_options());
        }
        all
    }
}

/// Is the value at `key` a secret? `None` where names have to tell.
fn is_secret(key: &str, option: Option<&OptionDoc>, options: &[OptionDoc]) -> Option<bool> {
    if let Some(option) = option {
        return Some(option.secret);
    }
    let mut parts = key.splitn(3, '.');
    match (parts.next(), parts.next(), parts.next()) {
        // What no option is meant by may be a secret that was meant by another.
        (Some("storage" | "source"), _, Some(_)) => Some(true),
        // It is an option of whoever uses the resource.
        (Some("resource"), _, Some(rest)) => {
            let same: Vec<&OptionDoc> = options
                .iter()
                .filter(|option| option.path.join(".") == rest)
                .collect();
            Some(same.is_empty() || same.iter().any(|option| option.secret))
        }
        _ => None,
    }
}

/// Is `key` this one, or one inside of it?
fn is_at_or_below(key: &str, above: &str) -> bool {
    key.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Explained {
    /// For machines.
    pub fn to_json(&self) -> Value {
        let said = |said: &Said| json!({ "value": said.value, "origin": said.origin.to_string() });
        let all = |all: &[Said]| -> Value { all.iter().map(said).collect() };
        let story = self.story.as_ref();
        let value = story.and_then(|story| story.value.as_ref());
        json!({
            "key": self.key,
            "value": value.map(|said| said.value.clone()),
            "origin": value.map(|said| said.origin.to_string()),
            "overrode": story.map_or(json!([]), |story| all(&story.overrode)),
            "dropped": story.map_or(json!([]), |story| all(&story.dropped)),
            "taken_over": self.taken_over,
            "option": self.option,
            "members": self.members,
        })
    }
}

/// For a person: the story, then what the option is for.
impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.story {
            Some(story) if self.members.is_empty() || story.value.is_some() => {
                write!(f, "{story}")?;
                if let Some(from) = &self.taken_over {
                    write!(f, "\n  taken over from {from} by `use`")?;
                }
            }
            _ if self.members.is_empty() => write!(f, "{} is not set", self.key)?,
            _ => {
                write!(f, "{} is a table with", self.key)?;
                for member in &self.members {
                    write!(f, "\n  {member}")?;
                }
            }
        }
        let Some(option) = &self.option else {
            return Ok(());
        };
        write!(f, "\n\n{}", option.about)?;
        for choice in option
            .choices
            .iter()
            .filter(|choice| !choice.about.is_empty())
        {
            write!(f, "\n  {}: {}", choice.value, choice.about)?;
        }
        write!(f, "\n\n  value     {}", option.kind)?;
        match option.default.as_ref().and_then(inline) {
            _ if option.required => write!(f, "\n  default   none; it must be set")?,
            Some(default) => write!(f, "\n  default   {default}")?,
            None => write!(f, "\n  default   none")?,
        }
        write!(
            f,
            "\n  a change  {}: {}",
            option.change,
            option.change.meaning()
        )
    }
}
