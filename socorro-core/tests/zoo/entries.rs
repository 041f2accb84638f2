//! Libraries that cannot be linked, and entry functions that do not give a plugin.

use crate::build::animal;
use crate::cage::{Cage, Zoo, told};

/// The refusal of the plugin `zoo`, without the place where it is.
async fn refusal(zoo: &Zoo) -> String {
    let error = told(&zoo.refused().await);
    error.replace(&zoo.library("zoo").display().to_string(), "ZOO")
}

fn of_animal(source: &'static str) -> String {
    Cage::new().plugin("zoo", animal(source)).visit(refusal)
}

#[cfg(target_os = "linux")]
#[test]
fn an_import_that_nobody_has() {
    let said = of_animal("unresolved.c");
    assert!(
        said.starts_with("InvalidConfig: plugin library ZOO cannot be loaded: "),
        "{said}"
    );
    assert!(
        said.ends_with("undefined symbol: function_that_nobody_has"),
        "{said}"
    );
}

#[test]
fn an_entry_that_refuses() {
    let expected = "InvalidConfig: plugin ZOO: this machine has no ink";
    assert_eq!(of_animal("entry_refuses.c"), expected);
}

#[test]
fn an_entry_that_says_nothing() {
    let expected = "Plugin: plugin ZOO: its entry refused without a reason";
    assert_eq!(of_animal("entry_says_nothing.c"), expected);
}
