//! As many libraries as a process may have: beyond that a reload says that it takes a restart.

use std::fs;
use std::path::Path;

use socorro_core::live::Outcome;
use socorro_core::plugin::loader::resident_images;

use crate::support::{Library, Place, plan, turn, version};

/// A configuration with room for so many libraries.
fn configuration(room: usize, parts: &[(&str, &Path, &str)]) -> String {
    let mut text = format!("plugins.max_images = {room}\n");
    for (name, library, more) in parts {
        text += &format!("[storage.{name}]\ntype = \"boundary\"\nlibrary = {library:?}\n{more}\n");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_without_room_stays_and_the_rest_is_applied() {
    let _turn = turn().await;
    let place = Place::new();
    let (one, two) = (place.path("one.so"), place.path("two.so"));
    let first = Library::at(&one);
    let second = Library::at(&two);
    let parts = [("a", &*one, ""), ("b", &*two, "")];
    place.edit(&configuration(1000, &parts));
    let socorro = place.start().await;
    let (a, b) = (socorro.storage("a").unwrap(), socorro.storage("b").unwrap());
    let images = resident_images().len();

    // New code for a, whatever else is edited in it; b changes in place; c is new, from a library that is there.
    let next = Library::at(&one);
    let parts = [
        ("a", &*one, "timeout = \"5s\"\ngate = \"/nowhere\""),
        ("b", &*two, "timeout = \"5s\""),
        ("c", &*two, ""),
    ];
    place.edit(&configuration(images, &parts));
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Applied, "{report}");
    let wanted = [
        "restart storage.a",
        "change storage.b",
        "add storage.c",
        "change plugins",
    ];
    assert_eq!(plan(&report), wanted);
    assert!(report.plan.needs_restart());
    let text = report.to_string();
    assert!(text.contains("it goes on with the code it has"), "{text}");
    assert!(text.contains("restart the program"), "{text}");
    assert_eq!(version(&a).await, first);
    assert_eq!(version(&b).await, second);
    assert_eq!(resident_images().len(), images);

    // It says so until it is done, and by itself it is no change.
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Unchanged, "{report}");
    assert!(report.plan.needs_restart());

    // The bytes that run are back: nothing waits any more.
    fs::write(&one, Library::that_says(first).bytes).unwrap();
    let parts = [parts[1], ("a", &*one, ""), parts[2]];
    place.edit(&configuration(images, &parts));
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Unchanged, "{report}");
    assert!(!report.plan.needs_restart());

    // More room: what waited is adopted.
    fs::write(&one, Library::that_says(next.clone()).bytes).unwrap();
    place.edit(&configuration(images + 1, &parts));
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Applied, "{report}");
    assert!(!report.plan.needs_restart());
    assert_eq!(version(&a).await, next);
    assert_eq!(resident_images().len(), images + 1);
    socorro.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_part_without_room_refuses() {
    let _turn = turn().await;
    let place = Place::new();
    let (one, two) = (place.path("one.so"), place.path("two.so"));
    let first = Library::at(&one);
    Library::at(&two);
    place.edit(&configuration(1000, &[("a", &*one, "")]));
    let socorro = place.start().await;
    let a = socorro.storage("a").unwrap();
    let images = resident_images().len();

    Library::at(&one);
    let parts = [("a", &*one, ""), ("b", &*two, "")];
    place.edit(&configuration(images, &parts));
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Refused, "{report}");
    let errors: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 1, "only the new part is wrong: {errors:?}");
    assert!(errors[0].contains("storage.b"), "{errors:?}");
    assert!(errors[0].contains("restart the program"), "{errors:?}");
    assert_eq!(version(&a).await, first);
    socorro.shutdown().await;
}
