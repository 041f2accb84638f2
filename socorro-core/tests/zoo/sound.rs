//! What the animals are compared with: plugins with nothing wrong.

use socorro_core::plugin::loader::resident_images;

use crate::build::{animal, healthy};
use crate::cage::{Cage, works};

#[test]
fn a_sound_plugin_loads_and_works() {
    let said = Cage::new().plugin("zoo", healthy).visit(async |zoo| {
        let storage = zoo.open(std::time::Duration::from_secs(120)).await.unwrap();
        works(&storage).await;
        storage.plugin().to_string()
    });
    assert_eq!(said, "zoo 1.0.0");
}

#[test]
fn equal_bytes_are_one_plugin_wherever_they_are() {
    let said = Cage::new()
        .plugin("zoo", healthy)
        .file("elsewhere/copy.so", healthy)
        .visit(async |zoo| {
            let loader = zoo.loader();
            let (first, second) = tokio::join!(loader.load("zoo", None), loader.load("zoo", None));
            let first = first.unwrap();
            assert!(std::sync::Arc::ptr_eq(&first, &second.unwrap()));
            let copy = zoo.directory.join("elsewhere/copy.so");
            let third = zoo.loader().load("zoo", Some(&copy)).await.unwrap();
            assert!(std::sync::Arc::ptr_eq(&first, &third));
            let images = resident_images();
            assert_eq!(images.len(), 1);
            assert_eq!(images[0].path, zoo.library("zoo"));
            assert_eq!(Some(images[0].sha256.0), first.image().sha256);
            images[0].plugins.join(" ")
        });
    assert_eq!(said, "zoo");
}

#[test]
fn several_plugins_fit_in_one_library() {
    let said = Cage::new()
        .plugin("zoo", animal("two_plugins.c"))
        .visit(async |zoo| {
            let loader = zoo.loader();
            let zoo_plugin = loader.load("zoo", None).await.unwrap();
            let library = zoo.library("zoo");
            let other = loader.load("other", Some(&library)).await.unwrap();
            let error = loader.load("third", Some(&library)).await.unwrap_err();
            assert_eq!(resident_images().len(), 1);
            let library = library.display().to_string();
            format!(
                "{zoo_plugin}, {other}; {}",
                error.to_string().replace(&library, "LIBRARY")
            )
        });
    assert_eq!(
        said,
        "zoo 1.0.0, other 1.0.0; plugin library LIBRARY has no plugin \"third\"; it has other, zoo"
    );
}

#[test]
fn a_listing_runs_nothing() {
    let said = Cage::new()
        .plugin("zoo", animal("constructor_hangs.c"))
        .plugin("text", || b"no library".to_vec())
        .visit(async |zoo| {
            let found = zoo.loader().found();
            assert!(resident_images().is_empty());
            let tell = |found: &socorro_core::plugin::loader::Found| {
                let contents = found.library.as_ref().unwrap().contents.as_ref().unwrap();
                match &contents.note {
                    Ok(note) => format!("{} {}.{}", found.name, note.abi_major, note.abi_minor),
                    Err(error) => error.to_string(),
                }
            };
            found.iter().map(tell).collect::<Vec<_>>().join("\n")
        });
    let (text, zoo) = said.split_once('\n').unwrap();
    assert!(text.ends_with("is not a shared library"), "{text}");
    assert_eq!(zoo, "zoo 0.1");
}
