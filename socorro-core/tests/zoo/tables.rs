//! Plugins whose own description contradicts itself or the contract.

use crate::build::mutant;
use crate::cage::{Cage, Zoo, told};

/// The refusal of the plugin `zoo`, without the place where it is; the same the second time.
async fn refusal(zoo: &Zoo) -> String {
    let error = told(&zoo.refused().await);
    assert_eq!(told(&zoo.refused().await), error);
    error.replace(&zoo.library("zoo").display().to_string(), "ZOO")
}

fn of_mutant(definitions: &'static [&'static str]) -> String {
    Cage::new()
        .plugin("zoo", mutant(definitions))
        .visit(refusal)
}

#[test]
fn no_table() {
    assert_eq!(
        of_mutant(&["TABLE=NULL"]),
        "Plugin: plugin ZOO: the function table is a null pointer"
    );
}

#[test]
fn a_table_without_a_function_that_is_required() {
    let missing =
        |name| format!("Plugin: plugin ZOO: its table lacks the required function `{name}`");
    assert_eq!(of_mutant(&["CREATE=NULL"]), missing("create"));
    assert_eq!(of_mutant(&["SUBMIT=NULL"]), missing("submit"));
    assert_eq!(of_mutant(&["DESTROY=NULL"]), missing("destroy"));
}

#[test]
fn a_table_that_lies_about_its_size() {
    let lie = |size| {
        format!(
            "Plugin: plugin ZOO: the function table says it has {size} bytes, which cannot be: "
        )
    };
    for (definition, size) in [
        (&["TABLE_SIZE=0"], "0"),
        (&["TABLE_SIZE=4"], "4"),
        (&["TABLE_SIZE=0x7fffffff"], "2147483647"),
        (&["TABLE_SIZE=0xffffffffu"], "4294967295"),
    ] {
        assert!(of_mutant(definition).starts_with(&lie(size)), "{size}");
    }
    // Ends before its last function, as a table of an older version would.
    let said = of_mutant(&["TABLE_SIZE=sizeof(socorro_table) - sizeof(void *)"]);
    assert_eq!(
        said,
        "Plugin: plugin ZOO: its table lacks the required function `destroy`"
    );
}

#[test]
fn a_description_that_lies_about_its_size() {
    for (definition, size) in [
        (&["PLUGIN_SIZE=8"], "8"),
        (&["PLUGIN_SIZE=0xffffffffu"], "4294967295"),
    ] {
        let lie =
            format!("Plugin: plugin ZOO: the plugin says it has {size} bytes, which cannot be: ");
        assert!(of_mutant(definition).starts_with(&lie), "{size}");
    }
}

#[test]
fn a_description_that_is_wrong() {
    for (definition, wrong) in [
        (&["KINDS=0"], "it is neither a storage nor a source"),
        (
            &["PLUGIN_NAME={NULL, 3}"],
            "its name is a null pointer with a length of 3",
        ),
        (
            &["PLUGIN_NAME=TEXT(\"Z-o-o\")"],
            "its name \"Z-o-o\" is none; use a-z, 0-9 and single underscores, a letter first",
        ),
        (
            &["PLUGIN_NAME={(const uint8_t *)1, SIZE_MAX}"],
            "its name has 18446744073709551615 bytes; at most 1024 are read",
        ),
        (
            &["VERSION=\"\\xff\""],
            "its version is not UTF-8: invalid utf-8 sequence of 1 bytes from index 0",
        ),
        (
            &["SCHEMA=TEXT(\"[]\")"],
            "the schema of its options as a storage is no JSON object",
        ),
        (
            &["SCHEMA=TEXT(\"{\")"],
            "the schema of its options as a storage is no JSON: EOF while parsing an object at line 1 column 1",
        ),
    ] {
        assert_eq!(
            of_mutant(definition),
            format!("Plugin: plugin ZOO: {wrong}")
        );
    }
}

#[test]
fn a_description_under_another_name() {
    assert_eq!(
        of_mutant(&["PLUGIN_NAME=TEXT(\"cat\")"]),
        "Plugin: plugin library ZOO calls itself \"cat\" where its symbols call it \"zoo\""
    );
}
