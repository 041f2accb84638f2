//! The plugin in C, built with `cc` and loaded.
#![allow(unsafe_code)]

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use socorro_core::plugin::{ImageInfo, OpenOptions, Plugin, PluginStorage, abi};

pub(crate) fn plugin() -> Arc<Plugin> {
    static PLUGIN: LazyLock<Arc<Plugin>> = LazyLock::new(load);
    Arc::clone(&PLUGIN)
}

fn load() -> Arc<Plugin> {
    let core = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("libsocorro_plugin_cmemory.so");
    let compiled = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-g"])
        .args(["-shared", "-fPIC", "-pthread", "-I"])
        .arg(core.join("include"))
        .arg("-o")
        .arg(&path)
        .arg(core.join("tests/c_plugin/storage.c"))
        .status()
        .unwrap();
    assert!(compiled.success());
    // SAFETY: the library is ours, and it is never unloaded.
    unsafe {
        let library = libloading::Library::new(&path).unwrap();
        let entry = *library
            .get::<abi::Entry>(b"socorro_plugin_v0_cmemory\0")
            .unwrap();
        let note = **library
            .get::<*const abi::Note>(b"socorro_plugin_note_cmemory\0")
            .unwrap();
        assert_eq!(note, abi::Note::THIS);
        std::mem::forget(library);
        Plugin::from_entry(entry, ImageInfo::default()).unwrap()
    }
}

pub(crate) async fn open_with(name: &str, options: Value) -> PluginStorage {
    plugin()
        .open_storage(name, &options, &OpenOptions::default())
        .await
        .unwrap()
}

pub(crate) async fn open(name: &str) -> PluginStorage {
    open_with(name, json!({})).await
}
