//! A plugin in Rust that panics: every panic is an error, and the process goes on.

use std::time::Duration;

use serde_json::json;
use socorro_core::context::Context;
use socorro_core::crash::{Dumps, Limits, ProcessedCrash, RawCrash, StoredId};
use socorro_core::plugin::{Destroyed, Kind, PluginStorage};
use socorro_core::storage::{CrashStorage, ListRequest};
use socorro_core::{Error, Result};

use crate::build::panics;
use crate::cage::{Cage, Zoo, crash_id, told};

const LONG: Duration = Duration::from_secs(120);

async fn open(zoo: &Zoo, place: &str) -> Result<PluginStorage> {
    let plugin = zoo.loader().load("zoo", None).await.unwrap();
    let options = json!({ "place": place });
    plugin
        .open_storage("animal", &options, &Default::default())
        .await
}

#[test]
fn while_resources_are_named() {
    let said = Cage::new().plugin("zoo", panics).visit(async |zoo| {
        let plugin = zoo.loader().load("zoo", None).await.unwrap();
        let options = json!({ "place": "resources" });
        let resources = plugin.resources(Kind::Storage, "animal", &options, LONG);
        told(&resources.await.unwrap_err())
    });
    assert!(said.starts_with("Plugin: "), "{said}");
    assert!(
        said.ends_with("the plugin panicked: resources panics"),
        "{said}"
    );
}

#[test]
fn while_an_instance_is_made() {
    let said = Cage::new()
        .plugin("zoo", panics)
        .visit(async |zoo| told(&open(zoo, "open").await.unwrap_err()));
    assert!(said.starts_with("Plugin: "), "{said}");
    assert!(said.ends_with("the plugin panicked: open panics"), "{said}");
}

#[test]
fn in_every_operation() {
    let said = Cage::new().plugin("zoo", panics).visit(async |zoo| {
        let storage = open(zoo, "operations").await.unwrap();
        let errors = every_operation(&storage, &zoo.directory).await;
        assert_eq!(storage.destroy(LONG).await, Destroyed::Clean);
        errors.iter().map(told).collect::<Vec<_>>().join("\n")
    });
    let operations = [
        "save_raw_crash",
        "save_processed_crash",
        "save_raw_and_processed",
        "get_raw_crash",
        "get_dump",
        "get_dumps",
        "get_dumps_as_files",
        "get_processed_crash",
        "catalog",
        "list",
        "delete",
        "health",
        "close",
    ];
    assert_eq!(said.lines().count(), operations.len());
    for (line, operation) in said.lines().zip(operations) {
        assert!(line.starts_with("Plugin: "), "{line}");
        assert!(
            line.ends_with(&format!("the plugin panicked: {operation} panics")),
            "{line}"
        );
    }
}

/// The errors of every operation there is.
async fn every_operation(storage: &PluginStorage, directory: &std::path::Path) -> Vec<Error> {
    let cx = Context::new().with_timeout(LONG);
    let id = crash_id();
    let stored = StoredId::from(id);
    let raw = RawCrash::new(&b"{}"[..], &Limits::default()).unwrap();
    let processed = ProcessedCrash::new(&b"{}"[..], &Limits::default()).unwrap();
    let dumps = Dumps::new();
    let list = ListRequest::day(id.date());
    let name = "memory".parse().unwrap();
    vec![
        storage
            .save_raw_crash(&cx, &id, &raw, &dumps)
            .await
            .unwrap_err(),
        storage
            .save_processed_crash(&cx, &id, &processed)
            .await
            .unwrap_err(),
        storage
            .save_raw_and_processed(&cx, &id, &raw, &dumps, &processed)
            .await
            .unwrap_err(),
        storage.get_raw_crash(&cx, &stored).await.unwrap_err(),
        storage.get_dump(&cx, &stored, &name).await.unwrap_err(),
        storage.get_dumps(&cx, &stored).await.unwrap_err(),
        storage
            .get_dumps_as_files(&cx, &stored, directory)
            .await
            .unwrap_err(),
        storage
            .get_unredacted_processed_crash(&cx, &stored)
            .await
            .unwrap_err(),
        storage.catalog(&cx, &stored).await.unwrap_err(),
        storage.list(&cx, &list).await.unwrap_err(),
        storage.delete(&cx, &stored).await.unwrap_err(),
        storage.health(&cx).await.unwrap_err(),
        storage.close(&cx).await.unwrap_err(),
    ]
}

#[test]
fn when_an_instance_is_dropped() {
    let said = Cage::new().plugin("zoo", panics).visit(async |zoo| {
        let storage = open(zoo, "drop").await.unwrap();
        let end = storage.destroy(LONG).await;
        // One that went down with a panic does not stand in the way of the next.
        open(zoo, "operations").await.unwrap();
        format!("{end:?}")
    });
    assert_eq!(said, "Clean");
}
