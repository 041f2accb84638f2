//! Libraries whose note says that they are not for this host. None of them is loaded.

use socorro_core::plugin::abi;
use socorro_core::plugin::loader::resident_images;

use crate::build::{animal, hurt, mutant};
use crate::cage::{Cage, Zoo, told};

/// The refusal of the plugin `zoo`, without the place where it is. Nothing was loaded.
async fn refusal(zoo: &Zoo) -> String {
    let error = told(&zoo.refused().await);
    assert!(resident_images().is_empty());
    error.replace(&zoo.library("zoo").display().to_string(), "ZOO")
}

fn of_mutant(definitions: &'static [&'static str]) -> String {
    Cage::new()
        .plugin("zoo", mutant(definitions))
        .visit(refusal)
}

#[test]
fn no_entry_symbol() {
    let said = of_mutant(&["NO_ENTRY"]);
    assert!(
        said.contains("ZOO exports no socorro_plugin_v0_* symbol"),
        "{said}"
    );
}

#[test]
fn no_note() {
    let expected = "InvalidConfig: plugin library ZOO exports the plugin \"zoo\" without the note \
                    socorro_plugin_note_zoo";
    assert_eq!(of_mutant(&["NO_NOTE"]), expected);
}

#[test]
fn another_plugin() {
    let expected = "InvalidConfig: plugin library ZOO has no plugin \"zoo\"; it has cat";
    let said = Cage::new()
        .plugin("zoo", mutant(&["NAME=cat"]))
        .visit(async |zoo| {
            let error = told(&zoo.refused().await);
            error.replace(&zoo.library("zoo").display().to_string(), "ZOO")
        });
    assert_eq!(said, expected);
}

#[test]
fn an_older_version() {
    let said = of_mutant(&["ABI_MINOR=0"]);
    let expected = "InvalidConfig: plugin library ZOO was built for ABI 0.0, this host speaks 0.1; use a \
                    build of the plugin for this version of the program";
    assert_eq!(said, expected);
}

#[test]
fn a_newer_version() {
    let said = of_mutant(&["ABI_MAJOR=1", "ABI_MINOR=0"]);
    let expected = "InvalidConfig: plugin library ZOO was built for ABI 1.0, this host speaks 0.1; use a \
                    build of the plugin for this version of the program";
    assert_eq!(said, expected);
}

#[test]
fn a_layout_hash_with_one_wrong_bit() {
    let hurt = hurt(|library| {
        let note = library.windows(8).position(|bytes| bytes == abi::MAGIC);
        library[note.unwrap() + 16] ^= 1;
    });
    let said = Cage::new().plugin("zoo", hurt).visit(refusal);
    let expected = format!(
        "InvalidConfig: plugin library ZOO was built for ABI 0.1 with fields in another order (layout hash \
         {:016x}, this host's is {:016x})",
        // The hash is stored as the machine stores numbers.
        u64::from_ne_bytes({
            let mut bytes = abi::LAYOUT_HASH.to_ne_bytes();
            bytes[0] ^= 1;
            bytes
        }),
        abi::LAYOUT_HASH
    );
    assert!(said.starts_with(&expected), "{said}");
}

#[test]
fn a_note_that_changes_in_memory() {
    let said = Cage::new()
        .plugin("zoo", animal("note_changes.c"))
        .visit(async |zoo| {
            let first = told(&zoo.refused().await);
            assert_eq!(told(&zoo.refused().await), first);
            // Its code is in memory for good, and counted.
            assert_eq!(resident_images().len(), 1);
            first.replace(&zoo.library("zoo").display().to_string(), "ZOO")
        });
    assert!(
        said.contains("plugin library ZOO was built for ABI 0.9"),
        "{said}"
    );
}
