//! A plugin in a library of its own: what it logs and measures reaches the program, and its threads end.
// Helpers of tests fail like tests; clippy's leave for tests ends at the functions marked so.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]
// The library is loaded without the loader, which is more than these tests are about.
#![allow(unsafe_code)]

mod build;
mod listen;

use std::sync::Arc;
use std::time::{Duration, Instant};

use listen::Line;
use socorro_core::crash::CrashId;
use socorro_core::plugin::{
    Destroyed, ImageInfo, OpenOptions, Plugin, PluginStorage, abi, sync_log_level,
};
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, ErrorKind};
use tracing::Level;

fn load() -> Arc<Plugin> {
    let path = build::build();
    // SAFETY: the library is ours, and it is never unloaded.
    unsafe {
        let library = libloading::Library::new(&path).unwrap();
        let entry = *library
            .get::<abi::Entry>(b"socorro_plugin_v0_boundary\0")
            .unwrap();
        let note = **library
            .get::<*const abi::Note>(b"socorro_plugin_note_boundary\0")
            .unwrap();
        assert_eq!(note, abi::Note::THIS);
        std::mem::forget(library);
        let image = ImageInfo {
            path: Some(path),
            sha256: None,
            note: Some(note),
        };
        Plugin::from_entry(entry, image).unwrap()
    }
}

async fn open(plugin: &Arc<Plugin>, name: &str) -> PluginStorage {
    plugin
        .open_storage(name, &serde_json::json!({}), &OpenOptions::default())
        .await
        .unwrap()
}

async fn say(storage: &PluginStorage, what: &str) -> socorro_core::Result<()> {
    let id: CrashId = "0bba929f-8721-460c-dead-a43c20071025".parse().unwrap();
    storage
        .get_dump(&Context::new(), &id.into(), &what.parse().unwrap())
        .await
        .map(drop)
}

/// The names of this process's threads that start so.
fn threads(prefix: &str) -> Vec<String> {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with(prefix))
        .collect()
}

// One test: subscriber, recorder, level and threads belong to the process.
#[tokio::test]
async fn a_loaded_plugin_speaks_measures_and_leaves_nothing() {
    let heard = listen::install();
    let plugin = load();
    assert_eq!(plugin.name(), "boundary");
    let storage = open(&plugin, "talker").await;

    // Events: own target, level, file; fields in the text; nothing the level does not want.
    assert_eq!(
        heard.take("boundary_plugin"),
        [Line {
            level: Level::WARN,
            target: "boundary_plugin".to_owned(),
            text: "opened name=talker".to_owned(),
        }]
    );
    say(&storage, "logs").await.unwrap();
    let said = Line {
        level: Level::INFO,
        target: "boundary::said".to_owned(),
        text: "looked for a dump id=0bba929f-8721-460c-dead-a43c20071025 attempt=2".to_owned(),
    };
    assert_eq!(heard.take("boundary"), std::slice::from_ref(&said));
    assert!(
        heard
            .files()
            .iter()
            .any(|file| file.ends_with("boundary_plugin/lib.rs"))
    );

    // A level that is changed while the plugin runs holds from then on, both ways.
    listen::set_level(Level::DEBUG);
    sync_log_level();
    say(&storage, "logs").await.unwrap();
    let passing = Line {
        level: Level::DEBUG,
        target: "boundary_plugin".to_owned(),
        text: "in passing".to_owned(),
    };
    assert_eq!(heard.take("boundary"), [said, passing]);
    listen::set_level(Level::WARN);
    sync_log_level();
    say(&storage, "logs").await.unwrap();
    assert_eq!(heard.take("boundary"), []);

    // A panic is an error, and told to the subscriber, not to standard error.
    let error = say(&storage, "panics").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.message().contains("over here"), "{error}");
    let told = heard.take("panic");
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains("over here"), "{told:?}");

    say(&storage, "measures").await.unwrap();
    assert_eq!(
        heard.measured(),
        [
            "counter dumps_total kind=mini 2",
            "gauge open_files 3",
            "gauge open_files 2",
            "histogram size 1.5",
        ]
    );

    // Threads: shared by instances, gone with the last one, back with the next.
    say(&storage, "works").await.unwrap();
    let second = open(&plugin, "second").await;
    assert!(!threads("sp-boundary").is_empty());
    let long = Duration::from_secs(120);
    assert_eq!(storage.destroy(long).await, Destroyed::Clean);
    say(&second, "works").await.unwrap();
    assert_eq!(second.destroy(long).await, Destroyed::Clean);
    // A thread that was joined is listed until the kernel has taken it away.
    let deadline = Instant::now() + Duration::from_secs(120);
    while !threads("sp-boundary").is_empty() {
        assert!(Instant::now() < deadline, "{:?}", threads("sp-boundary"));
        tokio::task::yield_now().await;
    }

    let third = open(&plugin, "third").await;
    say(&third, "works").await.unwrap();
    let id: CrashId = "0bba929f-8721-460c-dead-a43c20071025".parse().unwrap();
    let clone = third.clone();
    let blocks = tokio::spawn(async move {
        let name = "blocks".parse().unwrap();
        clone.get_dump(&Context::new(), &id.into(), &name).await
    });
    heard.wait_for("about to block").await;
    assert_eq!(
        third.destroy(Duration::from_millis(50)).await,
        Destroyed::Leaked
    );
    let error = blocks.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(plugin.stray_answers(), 0);
}
