//! Libraries of plugins: built, and loaded by the loader.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use serde_json::Value;
use socorro_core::Result;
use socorro_core::plugin::loader::{Loader, LoaderOptions};
use socorro_core::plugin::{OpenOptions, Plugin, PluginSource, PluginStorage};
use socorro_testkit::plugins::{Profile, directory};
use tempfile::TempDir;

/// Where the libraries of these plugins are.
pub(crate) fn plugins() -> PathBuf {
    directory(&["filesystem", "memory", "null"], Profile::Dev).unwrap()
}

/// Builds the library of this plugin, before a suite begins, as no case of it waits for a compiler.
pub(crate) fn build(name: &str) {
    plugins();
    if name == "cmemory" {
        in_c();
    }
}

/// The plugin of this name, from its library.
pub(crate) async fn load(name: &str) -> Arc<Plugin> {
    let options = LoaderOptions {
        path: vec![plugins()],
        ..LoaderOptions::default()
    };
    let library = (name == "cmemory").then(in_c);
    let loader = Loader::new(options);
    let plugin = loader.load(name, library.as_deref()).await.unwrap();
    assert!(plugin.image().sha256.is_some(), "it is linked, not loaded");
    plugin
}

/// A storage of the plugin of this name.
pub(crate) async fn storage(plugin: &str, options: &Value) -> Result<PluginStorage> {
    let plugin = load(plugin).await;
    plugin
        .open_storage("subject", options, &OpenOptions::default())
        .await
}

/// A source of the plugin of this name.
pub(crate) async fn source(plugin: &str, options: &Value) -> Result<PluginSource> {
    let plugin = load(plugin).await;
    plugin
        .open_source("subject", options, &OpenOptions::default())
        .await
}

/// The library of the plugin in C, built once.
fn in_c() -> PathBuf {
    static BUILT: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
        let core = Path::new(env!("CARGO_MANIFEST_DIR"));
        let directory = tempfile::tempdir().unwrap();
        let library = directory.path().join("libsocorro_plugin_cmemory.so");
        let compiled = Command::new("cc")
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-g"])
            .args(["-shared", "-fPIC", "-pthread", "-I"])
            .arg(core.join("include"))
            .arg("-o")
            .arg(&library)
            .arg(core.join("tests/c_plugin/storage.c"))
            .status()
            .unwrap();
        assert!(compiled.success());
        (directory, library)
    });
    BUILT.1.clone()
}
