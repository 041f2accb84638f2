//! The plugin as a library: built apart, found and loaded as in production.

use std::sync::Arc;
use std::time::Duration;

use socorro_core::options::HumanDuration;
use socorro_core::plugin::Plugin;
use socorro_core::plugin::loader::{Loader, LoaderOptions};
use socorro_testkit::plugins::{Profile, directory};

pub(crate) async fn library() -> Arc<Plugin> {
    let path = vec![directory(&["s3"], Profile::Dev).unwrap()];
    let loader = Loader::new(LoaderOptions {
        path,
        // It copies the library, and disks stall for half a minute.
        timeout: HumanDuration(Duration::from_secs(120)),
        ..LoaderOptions::default()
    });
    let plugin = loader.load("s3", None).await.unwrap();
    assert!(plugin.image().sha256.is_some(), "it is linked, not loaded");
    plugin
}
