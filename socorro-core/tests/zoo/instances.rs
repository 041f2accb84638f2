//! Plugins that load, but whose instances cannot be made or got rid of.

use std::time::Duration;

use socorro_core::plugin::Destroyed;

use crate::build::{animal, mutant};
use crate::cage::{Cage, Zoo, told, works};

const LONG: Duration = Duration::from_secs(120);

async fn refusal(zoo: &Zoo) -> String {
    told(&zoo.open(LONG).await.expect_err("it made an instance"))
}

fn of_animal(source: &'static str) -> String {
    Cage::new().plugin("zoo", animal(source)).visit(refusal)
}

#[test]
fn create_fails() {
    let expected = "InvalidConfig: the ink is dry: nobody closed the lid";
    assert_eq!(of_animal("create_fails.c"), expected);
}

#[test]
fn create_fails_without_a_reason() {
    let expected = "Plugin: plugin zoo 1.0.0: it failed with an error of the unknown kind 0: the plugin gave \
                    no reason";
    assert_eq!(of_animal("create_fails_silently.c"), expected);
}

#[test]
fn create_makes_nothing() {
    let expected = "Plugin: plugin zoo 1.0.0: it made a null instance";
    assert_eq!(of_animal("create_makes_nothing.c"), expected);
}

#[test]
fn create_returns_nonsense() {
    let expected = "Plugin: plugin zoo 1.0.0: `create` returned 7, which means nothing";
    assert_eq!(of_animal("create_returns_nonsense.c"), expected);
}

#[test]
fn an_instance_can_do_what_the_plugin_cannot() {
    let said = of_animal("create_boasts.c");
    let expected =
        "Plugin: plugin zoo 1.0.0: it made a storage that can do what the plugin cannot: ";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn the_wrong_kind() {
    let said = Cage::new()
        .plugin("zoo", mutant(&["KINDS=2"]))
        .visit(refusal);
    assert_eq!(
        said,
        "InvalidConfig: plugin zoo 1.0.0: it offers no storage"
    );
}

#[test]
fn destroy_admits_a_leak() {
    let said = Cage::new()
        .plugin("zoo", animal("destroy_leaks.c"))
        .visit(async |zoo| {
            let storage = zoo.open(LONG).await.unwrap();
            works(&storage).await;
            assert_eq!(storage.destroy(LONG).await, Destroyed::Leaked);
            // One that leaked does not stand in the way of the next.
            works(&zoo.open(LONG).await.unwrap()).await;
            String::new()
        });
    assert_eq!(said, "");
}
