//! `run --watch`, without a signal.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{PATIENCE, Place};

fn text(count: u32) -> String {
    format!("[limits]\ndumps = {count}\n")
}

#[test]
fn a_kubernetes_volume_is_followed() {
    let place = Place::new("");
    let version = |count: u32| {
        let name = format!("conf/..{count}");
        fs::create_dir_all(place.path(&name)).unwrap();
        place.write(&format!("{name}/socorro.toml"), text(count));
        symlink(format!("..{count}"), place.path("conf/..new")).unwrap();
        fs::rename(place.path("conf/..new"), place.path("conf/..data")).unwrap();
    };
    version(1);
    symlink("..data/socorro.toml", place.path("conf/socorro.toml")).unwrap();
    let config = place.path("conf").display().to_string();
    let mut run = place.start(&["--config", &config, "run", "--watch=50ms"]);
    run.wait_for("started: generation 1", PATIENCE).unwrap();
    for count in 2..=5 {
        version(count);
        let applied = format!("reload applied: generation {count}");
        run.wait_for(&applied, PATIENCE).unwrap();
    }
    // With a signal as well.
    place.write("conf/..5/socorro.toml", text(6));
    run.signal("HUP").unwrap();
    run.wait_for("generation 6", PATIENCE).unwrap();
    run.signal("TERM").unwrap();
    assert_eq!(run.wait(PATIENCE).unwrap().code(), Some(0));
}

#[test]
fn draining_once_watches_nothing() {
    let place = Place::new("");
    place
        .run(&["run", "--once", "--watch"])
        .fails(2, &["--watch"]);
}
