//! `[storage.NAME]` and `[source.NAME]`: the host's keys, and the plugin's options.

use super::class::Class;
use super::error::Wrong;
use super::nearest::nearest;
use super::read::{Section, choice, count, duration, list, path, size, string};
use super::retyped::Retyped;
use super::tree::{Node, join};
use super::{HostOptions, InstanceConfig, Options, Start, composite, names};
use crate::options::HumanDuration;
use crate::transaction::delay::DEFAULT_DELAYS;
use crate::transaction::{JitterKind, Policy, PolicyKind, PolicyTable, delays_problem};

/// The keys that are the host's; every other is an option of the plugin. `use` takes over none of these.
pub(crate) const HOST_KEYS: [&str; 8] = [
    "type",
    "use",
    "library",
    "start",
    "retry",
    "timeout",
    "max_operations",
    "max_bytes",
];

pub(crate) fn read(kind: &str, name: &str, mut section: Section<'_>) -> Option<InstanceConfig> {
    let type_name = section.require("type", "the name of a plugin or composite", plugin_name);
    let retyped = Retyped::of(section.node("type"));
    section.node("use");
    let library = section.get("library", path);
    let host = host_options(&mut section);
    let stores = match &type_name {
        Some(type_name) if composite::is_composite(type_name) => {
            if kind != "storage" {
                let why = format!("{type_name} is made of storages and is no {kind}");
                let wrong = Wrong::new(Class::CompositeNotHere, why);
                if let Some(node) = section.node("type") {
                    section
                        .errors
                        .about(node, &join(&section.key, "type"), wrong);
                }
                return None;
            }
            composite_only(name, type_name, retyped.as_ref(), &mut section)
        }
        _ => Vec::new(),
    };
    let beside = ["type", "library"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), section.node(key)?.clone())))
        .collect();
    let options = section
        .rest()
        .filter(|_| stores.is_empty())
        .map(|(key, node)| (key.clone(), node.clone()))
        .collect();
    Some(InstanceConfig {
        name: name.to_owned(),
        type_name: type_name?,
        library,
        host,
        stores,
        options: Options::new(section.key, section.origin, options).beside(beside),
    })
}

fn plugin_name(node: &Node) -> Result<String, Wrong> {
    let name = string(node)?;
    if names::is_name(&name) {
        Ok(name)
    } else {
        let why = format!("{} is no name; {}", node.show(), names::RULE);
        Err(Wrong::new(Class::BadName, why))
    }
}

fn host_options(section: &mut Section<'_>) -> HostOptions {
    let default = HostOptions::default();
    HostOptions {
        start: section
            .get(
                "start",
                choice(&[("required", Start::Required), ("degraded", Start::Degraded)]),
            )
            .unwrap_or_default(),
        retry: retry(section.section("retry")),
        timeout: section.get("timeout", duration).unwrap_or(default.timeout),
        max_operations: section
            .get("max_operations", count(1..=1 << 20))
            .unwrap_or(default.max_operations),
        max_bytes: section.get("max_bytes", size).unwrap_or(default.max_bytes),
    }
}

fn retry(mut section: Section<'_>) -> Policy {
    let policy = section.get(
        "policy",
        choice(&[
            ("once", PolicyKind::Once),
            ("limited_backoff", PolicyKind::LimitedBackoff),
            ("infinite_backoff", PolicyKind::InfiniteBackoff),
        ]),
    );
    let delays = section.get("delays", delays);
    let jitter = section.get(
        "jitter",
        choice(&[("full", JitterKind::Full), ("none", JitterKind::None)]),
    );
    let deadline = section.get("deadline", duration);
    let table = match policy.unwrap_or_default() {
        // One layer may say the delays, a later one that the storage does not retry.
        PolicyKind::Once => PolicyTable::default(),
        policy => PolicyTable {
            policy,
            delays: Some(delays.unwrap_or_else(|| DEFAULT_DELAYS.map(HumanDuration).to_vec())),
            jitter: jitter.unwrap_or_default(),
            deadline: deadline.map(HumanDuration),
        },
    };
    let policy = Policy::new(table).map_err(|error| {
        let wrong = Wrong::new(Class::BadRetry, error.message());
        section.errors.push(&section.origin, &section.key, wrong);
    });
    section.finish();
    policy.unwrap_or_default()
}

fn delays(node: &Node) -> Result<Vec<HumanDuration>, Wrong> {
    let delays = list("[\"10s\", \"30s\"]", |item| {
        duration(item).map(HumanDuration)
    })(node)?;
    match delays_problem(&delays) {
        None => Ok(delays),
        Some(problem) => Err(Wrong::new(Class::BadRetry, problem)),
    }
}

const NOT_HERE: &str =
    "holds for a backend, not for a composite; say it at the storages it is made of";

/// The children of a composite; what makes no sense for one is an error.
fn composite_only(
    name: &str,
    type_name: &str,
    retyped: Option<&Retyped>,
    section: &mut Section<'_>,
) -> Vec<String> {
    for (key, why) in [
        (
            "library",
            "a composite is part of the program and has no library",
        ),
        (
            "retry",
            "a composite does not retry; say it at the storages it is made of",
        ),
        ("start", NOT_HERE),
        ("timeout", NOT_HERE),
        ("max_operations", NOT_HERE),
        ("max_bytes", NOT_HERE),
    ] {
        if let Some(node) = section.node(key) {
            let key = join(&section.key, key);
            let wrong = Wrong::new(Class::CompositeOption, why);
            section.errors.about_key(node, &key, wrong);
        }
    }
    let stores = composite::stores(section);
    for (key, node) in section.rest() {
        let why = format!(
            "is no known key of {name:?}, which is a {type_name}; known here: type, stores"
        );
        let mut wrong = Wrong::new(Class::UnknownKey, why).meant(nearest(key, ["type", "stores"]));
        if let Some(retyped) = retyped {
            wrong = retyped.explain(wrong);
        }
        section
            .errors
            .about_key(node, &join(&section.key, key), wrong);
    }
    stores
}
