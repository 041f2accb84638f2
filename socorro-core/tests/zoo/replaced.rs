//! Libraries that are replaced on disk while they are in use, by every means there is.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use socorro_core::plugin::PluginStorage;
use socorro_core::plugin::loader::{Loader, resident_images};

use crate::build::compiled;
use crate::cage::{Cage, Zoo, works};

fn build(version: &'static str) -> impl FnOnce() -> Vec<u8> {
    // A version of the same length makes a file of the same size.
    move || compiled("healthy.c", &[&format!("-DVERSION=\"{version}\"")])
}

async fn open(loader: &Loader) -> PluginStorage {
    let plugin = loader.load("zoo", None).await.unwrap();
    plugin
        .open_storage("zoo", &serde_json::json!({}), &Default::default())
        .await
        .unwrap()
}

/// Loads the first build, lets `replace` put the second one in its place, and loads again: the new code is
/// there, the old goes on.
fn replaced_by(replace: fn(&Zoo, &Path)) {
    let said = Cage::new()
        .plugin("zoo", build("1.0.0"))
        .file("next/library", build("2.0.0"))
        .visit(async |zoo| {
            let loader = zoo.loader();
            let old = open(&loader).await;
            works(&old).await;
            replace(zoo, &zoo.directory.join("next/library"));
            let new = open(&loader).await;
            works(&new).await;
            works(&old).await;
            assert!(
                old.destroy(Duration::from_secs(120)).await
                    == socorro_core::plugin::Destroyed::Clean
            );
            works(&new).await;
            assert_eq!(resident_images().len(), 2);
            new.plugin().to_string()
        });
    assert_eq!(said, "zoo 2.0.0");
}

#[test]
fn by_a_rename_over_it() {
    replaced_by(|zoo, next| fs::rename(next, zoo.library("zoo")).unwrap());
}

#[test]
fn by_writing_over_it() {
    replaced_by(|zoo, next| fs::write(zoo.library("zoo"), fs::read(next).unwrap()).unwrap());
}

#[test]
fn by_one_with_the_same_time_and_size() {
    replaced_by(|zoo, next| {
        let library = zoo.library("zoo");
        let before = fs::metadata(&library).unwrap();
        fs::write(&library, fs::read(next).unwrap()).unwrap();
        let file = fs::File::options().write(true).open(&library).unwrap();
        file.set_modified(before.modified().unwrap()).unwrap();
        let after = fs::metadata(&library).unwrap();
        assert_eq!(after.len(), before.len());
        assert_eq!(after.modified().unwrap(), before.modified().unwrap());
    });
}

#[test]
fn by_a_link_that_turns() {
    let said = Cage::new()
        .file("builds/one", build("1.0.0"))
        .file("builds/two", build("2.0.0"))
        .visit(async |zoo| {
            let link = zoo.library("zoo");
            fs::create_dir(link.parent().unwrap()).unwrap();
            let loader = zoo.loader();
            let mut seen = Vec::new();
            let mut kept = Vec::new();
            for build in ["one", "two", "one"] {
                let turned = link.with_extension("turned");
                symlink(zoo.directory.join("builds").join(build), &turned).unwrap();
                fs::rename(&turned, &link).unwrap();
                let storage = open(&loader).await;
                seen.push(storage.plugin().version().to_owned());
                kept.push(storage);
            }
            for storage in &kept {
                works(storage).await;
            }
            assert_eq!(resident_images().len(), 2);
            seen.join(" ")
        });
    assert_eq!(said, "1.0.0 2.0.0 1.0.0");
}

#[test]
fn by_nothing() {
    let said = Cage::new()
        .plugin("zoo", build("1.0.0"))
        .visit(async |zoo| {
            let loader = zoo.loader();
            let old = open(&loader).await;
            fs::remove_file(zoo.library("zoo")).unwrap();
            let error = loader.load("zoo", None).await.unwrap_err();
            works(&old).await;
            error.kind().code().to_string()
        });
    assert_eq!(
        said,
        socorro_core::ErrorKind::InvalidConfig.code().to_string()
    );
}
