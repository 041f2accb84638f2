//! The plugin as a library: built apart, found and loaded as in production.

use std::sync::Arc;

use socorro_core::plugin::Plugin;
use socorro_core::plugin::loader::{Loader, LoaderOptions};
use socorro_testkit::plugins::{Profile, directory};

pub(crate) async fn library() -> Arc<Plugin> {
    let path = vec![directory(&["s3"], Profile::Dev).unwrap()];
    let loader = Loader::new(LoaderOptions {
        path,
        ..LoaderOptions::default()
    });
    let plugin = loader.load("s3", None).await.unwrap();
    assert!(plugin.image().sha256.is_some(), "it is linked, not loaded");
    plugin
}
