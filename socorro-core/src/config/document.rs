use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::class::Class;
use super::error::{ConfigErrors, Wrong};
use super::merge::Layer;
use super::origin::Origin;
use super::partial::Partly;
use super::read::{Errors, Section};
use super::tree::{Kind, Node, Table, join};
use super::{Configuration, InstanceConfig, PipelineConfig};
use super::{instance, names, pipeline, references, sections, takeover};

/// What the layers say together, before it is checked. Every value knows who wrote it and what it overrode.
/// Equality looks at the values alone.
#[derive(Clone)]
pub struct Document {
    root: Table,
    /// What each layer says by itself: some of it is not in the whole.
    layers: Arc<[Layer]>,
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

/// Without values: they may be secrets.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Document").field(&self.root).finish()
    }
}

impl Document {
    pub(crate) fn new(root: Table, layers: Vec<Layer>) -> Self {
        let layers = layers.into();
        Self { root, layers }
    }

    /// What no layers say.
    pub(crate) fn empty() -> Self {
        Self::new(Table::new(), Vec::new())
    }

    /// As it was merged, no `use` followed.
    pub(crate) fn root(&self) -> &Table {
        &self.root
    }

    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The configuration, checked as far as that goes without plugins: keys, types, names, references,
    /// circles, and that no pipeline writes where it reads.
    ///
    /// Everything that is wrong.
    pub fn configuration(&self) -> Result<Configuration, ConfigErrors> {
        let partly = self.partly();
        partly.errors.or(partly.configuration)
    }

    /// The configuration as far as it can be read, with everything that is wrong in it.
    pub(crate) fn partly(&self) -> Partly {
        let errors = Errors::default();
        let taken = takeover::resolve(&self.root, &errors);
        for (key, origin) in &taken.unused {
            tracing::warn!(%key, %origin, "no `use` names this table, so it has no effect");
        }
        let root = Node::new(&Arc::new(Origin::Together), Kind::Table(taken.root));
        let whole = root.as_table().unwrap_or(&self.root);
        let mut root = Section::new(String::new(), Some(&root), &errors);
        let configuration = Configuration {
            plugins: sections::plugins(root.section("plugins")),
            limits: sections::limits(root.section("limits")),
            redaction: sections::redaction(root.section("redaction")),
            reload: sections::reload(root.section("reload")),
            control: sections::control(root.section("control")),
            storages: instances(&mut root, "storage"),
            sources: instances(&mut root, "source"),
            pipelines: pipelines(&mut root),
        };
        resources(&mut root);
        references::check(&configuration, whole, &errors);
        root.finish();
        Partly {
            configuration,
            errors: errors.take().in_reading_order(),
            unclear: taken.unclear,
        }
    }

    /// The merged tree with every `use` followed, as far as that goes.
    pub(crate) fn taken(&self) -> Table {
        takeover::resolve(&self.root, &Errors::default()).root
    }

    /// Who wrote the value at a dotted key, such as `storage.archive.bucket`.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        let mut parts = key.split('.');
        let mut node = self.root.get(parts.next()?)?;
        for part in parts {
            node = node.as_table()?.get(part)?;
        }
        Some(&node.origin)
    }

    /// The merged values as JSON; text is shown as strings. It may hold what somebody wrote by mistake, such
    /// as a secret in plain text, so it is not for showing.
    pub fn to_json(&self) -> serde_json::Value {
        super::tree::table_to_json(&self.root)
    }
}

/// Storages, sources or pipelines of a configuration; some checks compare each with each.
const MEMBERS: usize = 1024;

fn instances(root: &mut Section<'_>, section: &'static str) -> BTreeMap<String, InstanceConfig> {
    members(root, section, |name, table| {
        instance::read(section, name, table)
    })
}

/// What is in a resource is checked where it is taken over to.
fn resources(root: &mut Section<'_>) {
    members(root, "resource", |_, mut section| {
        if let Some(node) = section.node("type") {
            let why = "a resource has no type, and `use` takes none over; say it where the resource is used";
            let wrong = Wrong::new(Class::NotAllowed, why);
            let key = join(&section.key, "type");
            section.errors.about_key(node, &key, wrong);
        }
        Some(())
    });
}

fn pipelines(root: &mut Section<'_>) -> BTreeMap<String, PipelineConfig> {
    members(root, "pipeline", |_, section| pipeline::read(section))
}

fn members<T>(
    root: &mut Section<'_>,
    section: &'static str,
    read: impl Fn(&str, Section<'_>) -> Option<T>,
) -> BTreeMap<String, T> {
    let parent = root.section(section);
    let mut members = BTreeMap::new();
    if let Some((name, node)) = parent.rest().nth(MEMBERS) {
        let why = format!("expected at most {MEMBERS} tables in [{section}]");
        let wrong = Wrong::new(Class::TooManyTables, why);
        parent.errors.about_key(node, &join(section, name), wrong);
    }
    for (name, node) in parent.rest().take(MEMBERS) {
        let key = join(section, name);
        if !names::is_name(name) {
            let wrong = Wrong::new(Class::BadName, names::RULE);
            parent.errors.about_key(node, &key, wrong);
            continue;
        }
        let member = Section::new(key, Some(node), parent.errors);
        if member.exists()
            && let Some(member) = read(name, member)
        {
            members.insert(name.clone(), member);
        }
    }
    members
}
