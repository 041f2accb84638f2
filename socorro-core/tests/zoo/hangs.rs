//! Plugins that do not return. The host stops waiting at its deadline and goes on.

use std::time::Duration;

use socorro_core::context::Context;
use socorro_core::options::HumanDuration;
use socorro_core::plugin::Destroyed;
use socorro_core::plugin::loader::{Loader, LoaderOptions, resident_images};
use socorro_core::storage::CrashStorage;

use crate::build::{animal, healthy};
use crate::cage::{Cage, Zoo, crash_id, told, works};

const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(120);

impl Zoo {
    fn impatient(&self) -> Loader {
        Loader::new(LoaderOptions {
            timeout: HumanDuration(SHORT),
            ..self.options()
        })
    }

    fn without_place(&self, text: String) -> String {
        text.replace(&self.directory.display().to_string(), "CAGE")
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_constructor() {
    let said = Cage::new()
        .gate()
        .plugin("zoo", animal("constructor_hangs.c"))
        .plugin("before", || {
            crate::build::compiled("healthy.c", &["-DNAME=before"])
        })
        .plugin("after", || {
            crate::build::compiled("healthy.c", &["-DNAME=after"])
        })
        .visit(async |zoo| {
            let loader = zoo.loader();
            let before = loader.load("before", None).await.unwrap();
            let storage = before
                .open_storage("before", &serde_json::json!({}), &Default::default())
                .await
                .unwrap();
            works(&storage).await;
            // The private copy is written within the same time: while a disk stalls, it is that which is late.
            let first = loop {
                let said = told(&zoo.impatient().load("zoo", None).await.unwrap_err());
                if !said.contains("private copy") {
                    break said;
                }
                tokio::task::yield_now().await;
            };
            // The linker is blocked: nothing else can be loaded, and nobody waits for it.
            let second = told(&loader.load("after", None).await.unwrap_err());
            assert_eq!(first, second);
            // What is there already goes on.
            let again = loader.load("before", None).await.unwrap();
            assert!(std::sync::Arc::ptr_eq(&before, &again));
            works(&storage).await;
            // Better late than never. A load that comes between the end of the constructor and its
            // bookkeeping is still refused.
            zoo.open_gate();
            while zoo.loader().load("after", None).await.is_err() {
                tokio::task::yield_now().await;
            }
            zoo.loader().load("zoo", None).await.unwrap();
            assert_eq!(resident_images().len(), 3);
            zoo.without_place(first)
        });
    assert_eq!(
        said,
        "Plugin: plugin library CAGE/plugins/libsocorro_plugin_zoo.so has not finished loading in time: a \
         constructor in it hangs and keeps the linker's lock; what is loaded goes on, but nothing else can be \
         loaded, and new threads may hang; remove the library and restart the program"
    );
}

#[test]
fn an_entry() {
    let said = Cage::new()
        .plugin("zoo", animal("entry_hangs.c"))
        .visit(async |zoo| {
            // The library itself loads, for as long as it takes; only the entry is hurried.
            let library = zoo.library("zoo");
            let other = zoo.loader().load("other", Some(&library)).await;
            assert!(other.unwrap_err().to_string().contains("has no plugin"));
            let first = told(&zoo.impatient().load("zoo", None).await.unwrap_err());
            // It may not be called again, and nobody waits for it.
            let second = told(&zoo.loader().load("zoo", None).await.unwrap_err());
            assert_eq!(first, second);
            zoo.without_place(first)
        });
    assert!(
        said.starts_with("Timeout: plugin CAGE/plugins/libsocorro_plugin_zoo."),
        "{said}"
    );
    assert!(
        said.contains(": entry did not return within 1s; its thread is left behind"),
        "{said}"
    );
}

#[test]
fn the_making_of_an_instance() {
    let said = Cage::new()
        .plugin("zoo", animal("create_hangs.c"))
        .visit(async |zoo| told(&zoo.open(SHORT).await.unwrap_err()));
    let expected =
        "Timeout: plugin zoo 1.0.0: create did not return within 1s; its thread is left behind";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn the_end_of_an_instance() {
    let said = Cage::new()
        .plugin("zoo", animal("destroy_hangs.c"))
        .visit(async |zoo| {
            let storage = zoo.open(LONG).await.unwrap();
            works(&storage).await;
            assert_eq!(storage.destroy(SHORT).await, Destroyed::TimedOut);
            works(&zoo.open(LONG).await.unwrap()).await;
            String::new()
        });
    assert_eq!(said, "");
}

#[test]
fn an_operation() {
    let said = Cage::new()
        .plugin("zoo", animal("never_answers.c"))
        .visit(async |zoo| {
            let storage = zoo.open(LONG).await.unwrap();
            let cx = Context::new().with_timeout(SHORT);
            let id = crash_id().into();
            let reads = told(&storage.get_raw_crash(&cx, &id).await.unwrap_err());
            let cx = Context::new().with_timeout(SHORT);
            let deletes = told(&storage.delete(&cx, &id).await.unwrap_err());
            // Without a deadline it ends with the instance.
            let unlimited = Context::new();
            let (answer, end) = tokio::join!(
                storage.get_raw_crash(&unlimited, &id),
                storage.clone().destroy(LONG),
            );
            assert_eq!(end, Destroyed::Clean);
            format!("{reads}\n{deletes}\n{:?}", answer.unwrap_err().kind())
        });
    let id = crash_id();
    assert_eq!(
        said,
        format!(
            "Timeout: get_raw_crash: {id}: plugin zoo 1.0.0: it did not answer in time\n\
             Timeout: delete: {id}: plugin zoo 1.0.0: it did not answer in time\nCancelled"
        )
    );
}

#[test]
fn a_healthy_plugin_does_not() {
    let said = Cage::new().plugin("zoo", healthy).visit(async |zoo| {
        works(&zoo.open(LONG).await.unwrap()).await;
        String::new()
    });
    assert_eq!(said, "");
}
