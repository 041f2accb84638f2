//! The configuration that was adopted last is kept, and a program starts on it when the files are broken.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use socorro_core::config::Layers;
use socorro_core::live::{Outcome, Socorro};

use crate::support::{File, eventually, id, no_dumps, raw};

fn text(file: &File, revision: u32) -> String {
    format!(
        "reload.shutdown_timeout = \"2min\"\nreload.keep = {:?}\n[storage.a]\ntype = \"scripted\"\ntag = \"last_good\"\nrevision = {revision}\n\
         password = {{ file = {:?} }}\n",
        file.beside("kept/last-good.toml"),
        file.beside("secret"),
    )
}

fn place() -> File {
    let file = File::new("");
    std::fs::create_dir(file.beside("kept")).unwrap();
    std::fs::write(file.beside("secret"), "canary-kept").unwrap();
    file.edit(&text(&file, 1));
    file
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[tokio::test]
async fn what_was_adopted_is_kept() {
    let file = place();
    let kept = file.beside("kept/last-good.toml");
    let layers = Layers::new().file(file.path()).set("storage.a.timeout=7s");
    let socorro = Socorro::builder(layers)
        .plugin("scripted", crate::scripted::PLUGIN)
        .start()
        .await
        .unwrap();
    eventually("the start is kept", || read(&kept).contains("revision = 1")).await;
    file.edit(&text(&file, 2));
    assert_eq!(socorro.reload().await.outcome, Outcome::Applied);
    eventually("the reload is kept", || {
        read(&kept).contains("revision = 2")
    })
    .await;
    file.edit("[storage.a");
    assert_eq!(socorro.reload().await.outcome, Outcome::Refused);
    socorro.shutdown().await;

    let said = read(&kept);
    assert!(
        said.contains("revision = 2") && said.contains("7s"),
        "{said}"
    );
    assert!(
        !said.contains("canary") && said.contains("/secret"),
        "{said}"
    );
    let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let names: Vec<_> = std::fs::read_dir(file.beside("kept")).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn a_start_on_broken_files_uses_it_and_says_so() {
    let file = place();
    let kept = file.beside("kept/last-good.toml");
    file.start().await.shutdown().await;
    assert!(read(&kept).contains("revision = 1"));

    file.edit(&text(&file, 2).replace("[storage.a]", "[storage.a"));
    let refused = file.builder().start().await.unwrap_err();
    assert!(refused.to_string().contains("socorro.toml:3"), "{refused}");
    for path in [None, Some(kept.clone())] {
        let socorro = file.builder().last_good(path).start().await.unwrap();
        let report = socorro.last_report();
        assert!(!report.in_sync());
        assert_eq!(report.last_good.as_deref(), Some(&*kept));
        let said = report.to_string();
        for part in [
            "LAST GOOD",
            "socorro.toml:3",
            "last-good.toml; a reload reads the files again",
        ] {
            assert!(said.contains(part), "no {part:?} in: {said}");
        }
        let a = socorro.storage("a").unwrap();
        a.save_raw_crash(&id(1), &raw("1"), &no_dumps())
            .await
            .unwrap();
        assert_eq!(socorro.reload().await.outcome, Outcome::Refused);
        socorro.shutdown().await;
    }

    let socorro = file.builder().last_good(None).start().await.unwrap();
    file.edit(&text(&file, 2));
    let diff = socorro.diff().await.unwrap();
    assert!(
        diff.to_string().contains("storage.a.revision: 1 ("),
        "{diff}"
    );
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Applied);
    assert!(report.in_sync() && report.last_good.is_none());
    socorro.shutdown().await;
    assert!(read(&kept).contains("revision = 2"));
}

#[tokio::test]
async fn files_that_are_right_are_used() {
    let file = place();
    file.start().await.shutdown().await;
    file.edit(&text(&file, 2));
    let socorro = file.builder().last_good(None).start().await.unwrap();
    assert!(socorro.last_report().in_sync());
    assert!(socorro.diff().await.unwrap().is_empty());
    socorro.shutdown().await;
}

#[tokio::test]
async fn without_a_last_good_one_the_start_is_refused_with_every_error() {
    let file = place();
    file.edit("[storage.a]\ntype = \"nonsense\"\n");
    let refused = file
        .builder()
        .last_good(None)
        .start()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("nonsense") && refused.contains("reload.keep"),
        "{refused}"
    );
    let nowhere = file.beside("nowhere.toml");
    let refused = file
        .builder()
        .last_good(Some(nowhere))
        .start()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("nonsense") && refused.contains("nowhere.toml"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_file_that_somebody_wrote_is_not_written_over() {
    let file = place();
    let kept = file.beside("kept/last-good.toml");
    std::fs::write(&kept, "# by hand\n").unwrap();
    file.start().await.shutdown().await;
    assert_eq!(read(&kept), "# by hand\n");
}

#[tokio::test]
async fn it_is_said_until_the_files_are_right() {
    let file = place();
    file.start().await.shutdown().await;
    file.edit("[storage.a");
    let socorro = file
        .builder()
        .last_good(Some(file.beside("kept/last-good.toml")))
        .start()
        .await
        .unwrap();
    assert_eq!(socorro.reload().await.outcome, Outcome::Refused);
    assert!(socorro.last_report().last_good.is_some());
    file.edit(&text(&file, 1));
    assert_ne!(socorro.reload().await.outcome, Outcome::Refused);
    assert!(socorro.last_report().last_good.is_none() && socorro.last_report().in_sync());
}
