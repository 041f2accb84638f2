//! What the operator allows: pins and the number of images.

use socorro_core::plugin::loader::{ImageHash, Loader, LoaderOptions, resident_images};

use crate::build::{compiled, healthy};
use crate::cage::{Cage, told};

#[test]
fn a_hash_that_is_not_the_pinned_one() {
    let said = Cage::new().plugin("zoo", healthy).visit(async |zoo| {
        let mut options = zoo.options();
        let pin = ImageHash::of(b"what was reviewed");
        options.sha256.insert("zoo".to_owned(), pin);
        let loader = Loader::new(options);
        let error = told(&loader.load("zoo", None).await.unwrap_err());
        assert!(resident_images().is_empty());

        // A library that is loaded already is refused just the same, and the right pin is not.
        zoo.loader().load("zoo", None).await.unwrap();
        assert_eq!(told(&loader.load("zoo", None).await.unwrap_err()), error);
        let bytes = std::fs::read(zoo.library("zoo")).unwrap();
        let there = ImageHash::of(&bytes);
        let mut options = zoo.options();
        options.sha256.insert("zoo".to_owned(), there);
        Loader::new(options).load("zoo", None).await.unwrap();

        error
            .replace(&zoo.library("zoo").display().to_string(), "ZOO")
            .replace(&pin.to_string(), "PIN")
            .replace(&there.to_string(), "THERE")
    });
    assert_eq!(
        said,
        "InvalidConfig: plugin library ZOO has the SHA-256 THERE, but plugins.sha256 pins zoo to PIN; install \
         the pinned build, or change the pin"
    );
}

#[test]
fn one_image_too_many() {
    let named = |name: &'static str| move || compiled("healthy.c", &[&format!("-DNAME={name}")]);
    let said = Cage::new()
        .plugin("one", named("one"))
        .plugin("two", named("two"))
        .plugin("three", named("three"))
        .visit(async |zoo| {
            let loader = Loader::new(LoaderOptions {
                max_images: 2,
                ..zoo.options()
            });
            loader.load("one", None).await.unwrap();
            loader.load("two", None).await.unwrap();
            let error = told(&loader.load("three", None).await.unwrap_err());
            // What is in memory counts once.
            loader.load("one", None).await.unwrap();
            assert_eq!(resident_images().len(), 2);
            error.replace(&zoo.library("three").display().to_string(), "THREE")
        });
    assert_eq!(
        said,
        "InvalidConfig: plugin library THREE cannot be loaded: 2 different libraries are in memory and \
         plugins.max_images is 2; libraries are never unloaded, so restart the program, or raise the option"
    );
}
