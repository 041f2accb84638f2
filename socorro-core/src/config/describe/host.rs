//! The keys of a storage or source that are the host's, composites, and pipelines.

use serde_json::{Value, json};

use super::Cost::{InPlace, NewInstance, NewPipeline};
use super::shape::{
    Described, NAME, count, duration, formatted, list, names, or, path, size, text, words,
};
use crate::config::HostOptions;
use crate::options::HumanDuration;
use crate::transaction::delay::DEFAULT_DELAYS;
use crate::transaction::{MAX_DELAY, MAX_DELAYS};

const TYPE: &str = "What it is: the name of a plugin, or for a storage that is made of storages \
                    `fanout`. A later layer that changes it replaces the whole table.";
const USE: &str = "Other tables whose keys are taken over, one such as `storage.spool` or several, the later ones \
                   winning; this table's own keys win over all. Of a storage or source the options of the plugin \
                   are taken over, of a `[resource.NAME]` everything.";

/// One name of a table, or several.
fn tables() -> Value {
    let mut several = list(formatted("table"));
    several["minItems"] = 1.into();
    several["uniqueItems"] = true.into();
    json!({ "anyOf": [formatted("table"), several] })
}

/// What every storage and source of a plugin has beside the plugin's own options.
pub(super) fn instance() -> Value {
    let default = HostOptions::default();
    Described::new("A storage or source of a plugin.")
        .required("type", NewInstance, TYPE, formatted(NAME))
        .option("use", NewInstance, USE, tables())
        .option(
            "library",
            NewInstance,
            "The plugin's library, instead of the one that is found by name. Equal bytes are the same library, \
             wherever they are, and replace nothing.",
            path(),
        )
        .option(
            "start",
            InPlace,
            "What happens when the backend cannot be reached at start or reload.",
            or(
                words(&[
                    ("required", "The start or reload is refused."),
                    (
                        "degraded",
                        "It joins as unavailable, and is probed until it is back.",
                    ),
                ]),
                "required",
            ),
        )
        .option(
            "retry",
            InPlace,
            "How often, and when, an operation that failed is tried again.",
            retry(),
        )
        .option(
            "timeout",
            InPlace,
            "How long one attempt of an operation may take.",
            or(duration(), HumanDuration(default.timeout)),
        )
        .option(
            "max_operations",
            InPlace,
            "Operations in flight beyond which new ones are refused as overloaded.",
            or(count(1, 1 << 20), default.max_operations),
        )
        .option(
            "max_bytes",
            InPlace,
            "Bytes of crashes in flight beyond which new operations are refused as overloaded. At least \
             `limits.crash_size`.",
            or(size(), default.max_bytes),
        )
        .schema()
}

fn retry() -> Value {
    let delay = {
        let mut delay = duration();
        delay["x-maximum"] = HumanDuration(MAX_DELAY).to_string().into();
        delay
    };
    let mut delays = or(list(delay), DEFAULT_DELAYS.map(HumanDuration));
    delays["minItems"] = 1.into();
    delays["maxItems"] = MAX_DELAYS.into();
    Described::new("")
        .option(
            "policy",
            InPlace,
            "How often an operation is tried.",
            or(
                words(&[
                    ("once", "One attempt."),
                    (
                        "limited_backoff",
                        "Each delay once: one attempt more than there are delays.",
                    ),
                    (
                        "infinite_backoff",
                        "Each delay once, then the last one until the operation succeeds, its deadline passes \
                         or the program ends.",
                    ),
                ]),
                "once",
            ),
        )
        .option(
            "delays",
            InPlace,
            "The waits between attempts. Without effect when `policy` is `once`.",
            delays,
        )
        .option(
            "jitter",
            InPlace,
            "Whether each wait is shortened at random. Without effect when `policy` is `once`.",
            or(
                words(&[
                    ("full", "Anything from no wait to the whole delay."),
                    ("none", "The delays as they are."),
                ]),
                "full",
            ),
        )
        .option(
            "deadline",
            InPlace,
            "How long one operation goes on with all its attempts: no wait begins that would end later; an \
             attempt under way is not cut. Without it there is none. Without effect when `policy` is `once`.",
            duration(),
        )
        .schema()
}

/// A storage that is made of others.
pub(super) fn composite() -> Value {
    Described::new("A storage that is made of other storages.")
        .required("type", NewInstance, TYPE, formatted(NAME))
        .option("use", NewInstance, USE, tables())
        .required(
            "stores",
            NewInstance,
            "The names of the storages it is made of. They stay as they are when this changes.",
            names(),
        )
        .schema()
}

/// What others take over with `use`; whatever else is in it is checked there.
pub(super) fn resource() -> Value {
    let mut resource = Described::new("What storages and sources take over with `use`.")
        .option("use", NewInstance, USE, tables())
        .schema();
    resource["properties"]["type"] = false.into();
    resource["additionalProperties"] = true.into();
    resource
}

pub(super) fn pipeline() -> Value {
    Described::new("Moves crashes: from a source of new ones, out of one storage, into others.")
        .required(
            "source",
            NewPipeline,
            "The name of the source that ids come from.",
            text(),
        )
        .required(
            "from",
            NewPipeline,
            "The name of the storage that crashes are read from.",
            text(),
        )
        .required(
            "to",
            NewPipeline,
            "The names of the storages that must each hold a crash before it is acknowledged.",
            names(),
        )
        .option(
            "after",
            NewPipeline,
            "What happens to a crash that is durable at every destination.",
            or(
                words(&[
                    ("ack", "It is acknowledged to the source."),
                    (
                        "ack_and_delete",
                        "It is acknowledged, and deleted where it was read.",
                    ),
                ]),
                "ack",
            ),
        )
        .option(
            "concurrency",
            NewPipeline,
            "How many crashes are moved at a time.",
            or(count(1, 65_536), 8),
        )
        .schema()
}
