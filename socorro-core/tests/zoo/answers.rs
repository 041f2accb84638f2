//! Plugins that answer nonsense, twice, or when nobody listens any more.

use std::time::Duration;

use socorro_core::context::Context;
use socorro_core::plugin::{Destroyed, PluginStorage};
use socorro_core::storage::CrashStorage;

use crate::build::{animal, compiled};
use crate::cage::{Cage, Zoo, crash_id, told, works};

const LONG: Duration = Duration::from_secs(120);

async fn raw(storage: &PluginStorage) -> String {
    let cx = Context::new().with_timeout(LONG);
    match storage.get_raw_crash(&cx, &crash_id().into()).await {
        Ok(_) => "a raw crash".to_owned(),
        Err(error) => told(&error),
    }
}

async fn catalog(storage: &PluginStorage) -> String {
    let cx = Context::new().with_timeout(LONG);
    match storage.catalog(&cx, &crash_id().into()).await {
        Ok(_) => "a catalog".to_owned(),
        Err(error) => told(&error),
    }
}

async fn dumps(storage: &PluginStorage) -> String {
    let cx = Context::new().with_timeout(LONG);
    match storage.get_dumps(&cx, &crash_id().into()).await {
        Ok(_) => "dumps".to_owned(),
        Err(error) => told(&error),
    }
}

/// What `-DGARBAGE=N` in `answers_garbage.c` answers is read as.
const GARBAGE: [(usize, &str); 19] = [
    (
        0,
        "Plugin: PLUGIN: the data of an answer is a null pointer with a length of 5",
    ),
    (
        1,
        "Plugin: PLUGIN: the data of an answer has 18446744073709551615 bytes",
    ),
    (
        2,
        "Plugin: PLUGIN: it answered with the status 7, which means nothing",
    ),
    (
        3,
        "Plugin: PLUGIN: the answer says it has 8 bytes, which cannot be: ",
    ),
    (
        4,
        "Plugin: PLUGIN: the answer says it has 4294967295 bytes, which cannot be: ",
    ),
    (
        5,
        "Plugin: PLUGIN: it failed with an error of the unknown kind 4711: all is lost",
    ),
    (
        6,
        "Plugin: PLUGIN: it failed with an error of the unknown kind 0: all is lost",
    ),
    (7, "Unavailable: all is \u{fffd}\u{fffd} lost"),
    (
        8,
        "Plugin: PLUGIN: the message of a failure is a null pointer with a length of 99",
    ),
    (
        9,
        "Plugin: PLUGIN: it failed with details that are not what they should be",
    ),
    (10, "Corrupt: "),
    (11, "Corrupt: "),
    (12, "Corrupt: "),
    (
        13,
        "Plugin: PLUGIN: the dumps are a null pointer with a length of 3",
    ),
    (
        14,
        "Plugin: PLUGIN: there are 288230376151711743 dumps; at most 4096 are read",
    ),
    (15, "Plugin: PLUGIN: "),
    (
        16,
        "Plugin: PLUGIN: the name of a dump is a null pointer with a length of 4",
    ),
    (17, "Plugin: PLUGIN: the dump \"memory\" is there twice"),
    (18, "Plugin: PLUGIN: the name of a dump is not UTF-8: "),
];

#[test]
fn garbage() {
    for (garbage, expected) in GARBAGE {
        let define = move || compiled("answers_garbage.c", &[&format!("-DGARBAGE={garbage}")]);
        let said = Cage::new().plugin("zoo", define).visit(async |zoo: &Zoo| {
            let storage = zoo.open(LONG).await.unwrap();
            let raw = raw(&storage).await;
            let dumps = dumps(&storage).await;
            let catalog = catalog(&storage).await;
            assert_eq!(storage.destroy(LONG).await, Destroyed::Clean);
            format!("{raw}\n{dumps}\n{catalog}")
        });
        let said = said
            .replace(&format!("get_raw_crash: {}: ", crash_id()), "")
            .replace(&format!("get_dumps: {}: ", crash_id()), "")
            .replace("plugin zoo 1.0.0", "PLUGIN");
        let told = said.lines().any(|line| line.starts_with(expected));
        assert!(told, "garbage {garbage}: {said}");
    }
}

#[test]
fn a_catalog_that_is_no_json() {
    let garbage = || compiled("answers_garbage.c", &["-DGARBAGE=10"]);
    let said = Cage::new()
        .plugin("zoo", garbage)
        .visit(async |zoo| catalog(&zoo.open(LONG).await.unwrap()).await);
    assert!(
        said.contains(
            "plugin zoo 1.0.0: it answered with something that is no catalog: EOF while parsing"
        ),
        "{said}"
    );
}

#[test]
fn no_answer_at_all() {
    let said = Cage::new()
        .plugin("zoo", animal("no_answer_at_all.c"))
        .visit(async |zoo| raw(&zoo.open(LONG).await.unwrap()).await);
    assert!(
        said.ends_with("plugin zoo 1.0.0: the answer is a null pointer"),
        "{said}"
    );
}

#[test]
fn two_answers() {
    let said = Cage::new()
        .plugin("zoo", animal("answers_twice.c"))
        .visit(async |zoo| {
            let storage = zoo.open(LONG).await.unwrap();
            works(&storage).await;
            works(&storage).await;
            let plugin = storage.plugin().clone();
            assert_eq!(storage.destroy(LONG).await, Destroyed::Clean);
            plugin.stray_answers().to_string()
        });
    // The second one of each of four operations.
    assert_eq!(said, "4");
}

#[test]
fn answers_to_nobody() {
    let said = Cage::new()
        .plugin("zoo", animal("answers_to_nobody.c"))
        .visit(async |zoo| {
            let storage = zoo.open(LONG).await.unwrap();
            works(&storage).await;
            assert_eq!(storage.destroy(LONG).await, Destroyed::Clean);
            String::new()
        });
    assert_eq!(said, "");
}

#[test]
fn an_answer_when_the_instance_is_gone() {
    let said = Cage::new()
        .gate()
        .plugin("zoo", animal("answers_when_gone.c"))
        .visit(async |zoo| {
            let storage = zoo.open(LONG).await.unwrap();
            let plugin = storage.plugin().clone();
            let cx = Context::new();
            let id = crash_id().into();
            let (answer, end) = tokio::join!(
                storage.get_raw_crash(&cx, &id),
                storage.clone().destroy(LONG)
            );
            assert_eq!(end, Destroyed::Clean);
            zoo.open_gate();
            while plugin.stray_answers() == 0 {
                tokio::task::yield_now().await;
            }
            told(&answer.unwrap_err())
        });
    assert!(
        said.ends_with("the instance was destroyed before it answered"),
        "{said}"
    );
}
