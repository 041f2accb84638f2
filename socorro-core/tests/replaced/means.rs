//! Every means by which a file can come to have other bytes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use socorro_core::live::Outcome;
use socorro_core::plugin::loader::resident_images;

use crate::support::{Library, Place, Waiting, plan, turn, version};

/// Starts on one version, lets `replace` put the bytes of another at the library's path, and reloads while an
/// operation is inside the old code.
async fn replaced_by(replace: impl FnOnce(&Path, &[u8])) {
    let _turn = turn().await;
    let place = Place::new();
    let (library, gate) = (place.path("library.so"), place.gate());
    let first = Library::at(&library);
    replaced_at(&place, &library, &gate, first, replace).await;
}

async fn replaced_at(
    place: &Place,
    library: &Path,
    gate: &Path,
    first: String,
    replace: impl FnOnce(&Path, &[u8]),
) {
    place.edit(&format!(
        "[storage.a]\ntype = \"boundary\"\nlibrary = {library:?}\ngate = {gate:?}\n"
    ));
    let socorro = place.start().await;
    let storage = socorro.storage("a").unwrap();
    assert_eq!(version(&storage).await, first);
    let images = resident_images().len();
    let old = Waiting::begin(&storage, gate).await;

    let next = Library::new();
    replace(library, &next.bytes);
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Applied, "{report}");
    assert_eq!(plan(&report), ["replace storage.a"]);
    assert!(
        report
            .to_string()
            .contains("the library of boundary changed")
    );

    // Both run side by side; what began in the old code ends in it.
    assert_eq!(version(&storage).await, next.says);
    assert_eq!(resident_images().len(), images + 1);
    assert_eq!(old.end().await, first);
    assert_eq!(version(&storage).await, next.says);
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Unchanged, "{report}");
    socorro.shutdown().await;
    assert_eq!(socorro.stragglers(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_over_it() {
    replaced_by(|library, bytes| {
        let beside = library.with_extension("new");
        fs::write(&beside, bytes).unwrap();
        fs::rename(beside, library).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_over_it() {
    replaced_by(|library, bytes| fs::write(library, bytes).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_over_it_with_the_same_size_and_time() {
    replaced_by(|library, bytes| {
        let before = fs::metadata(library).unwrap();
        fs::write(library, bytes).unwrap();
        let file = fs::File::options().write(true).open(library).unwrap();
        file.set_modified(before.modified().unwrap()).unwrap();
        let after = fs::metadata(library).unwrap();
        assert_eq!(after.len(), before.len());
        assert_eq!(after.modified().unwrap(), before.modified().unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_turns() {
    let _turn = turn().await;
    let place = Place::new();
    let (library, gate) = (place.path("library.so"), place.gate());
    let first = Library::at(&place.path("first.so"));
    symlink("first.so", &library).unwrap();
    replaced_at(&place, &library, &gate, first, |library, bytes| {
        fs::write(place.path("second.so"), bytes).unwrap();
        let turned = place.path("turned");
        symlink("second.so", &turned).unwrap();
        fs::rename(turned, library).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_behind_a_link_that_turns() {
    let _turn = turn().await;
    let place = Place::new();
    let gate = place.gate();
    fs::create_dir(place.path("one")).unwrap();
    fs::create_dir(place.path("two")).unwrap();
    let first = Library::at(&place.path("one/library.so"));
    symlink("one", place.path("current")).unwrap();
    let library = place.path("current").join("library.so");
    replaced_at(&place, &library, &gate, first, |_, bytes| {
        fs::write(place.path("two/library.so"), bytes).unwrap();
        let turned = place.path("turned");
        symlink("two", &turned).unwrap();
        fs::rename(turned, place.path("current")).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_of_the_same_file() {
    let _turn = turn().await;
    let place = Place::new();
    let (library, gate) = (place.path("library.so"), place.gate());
    let first = Library::at(&place.path("other-name.so"));
    fs::hard_link(place.path("other-name.so"), &library).unwrap();
    replaced_at(&place, &library, &gate, first, |_, bytes| {
        fs::write(place.path("other-name.so"), bytes).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hard_link_to_another_file() {
    replaced_by(|library, bytes| {
        let other = library.with_extension("other");
        fs::write(&other, bytes).unwrap();
        fs::remove_file(library).unwrap();
        fs::hard_link(other, library).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_again_change_nothing() {
    let _turn = turn().await;
    let place = Place::new();
    let library = place.path("library.so");
    Library::at(&library);
    place.edit(&format!(
        "[storage.a]\ntype = \"boundary\"\nlibrary = {library:?}\n"
    ));
    let socorro = place.start().await;
    let images = resident_images().len();
    let bytes = fs::read(&library).unwrap();
    for means in ["over", "beside"] {
        if means == "over" {
            fs::write(&library, &bytes).unwrap();
        } else {
            fs::write(place.path("beside"), &bytes).unwrap();
            fs::rename(place.path("beside"), &library).unwrap();
        }
        let report = socorro.reload().await;
        assert_eq!(report.outcome, Outcome::Unchanged, "{means}: {report}");
    }
    assert_eq!(resident_images().len(), images);
    socorro.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_library_refuses_and_disturbs_nothing() {
    let _turn = turn().await;
    let place = Place::new();
    let library = place.path("library.so");
    let first = Library::at(&library);
    place.edit(&format!(
        "[storage.a]\ntype = \"boundary\"\nlibrary = {library:?}\n"
    ));
    let socorro = place.start().await;
    let storage = socorro.storage("a").unwrap();
    let whole = fs::read(&library).unwrap();
    for bytes in [&whole[..whole.len() / 2], b"", b"no library"] {
        fs::write(&library, bytes).unwrap();
        let report = socorro.reload().await;
        assert_eq!(report.outcome, Outcome::Refused, "{report}");
        assert_eq!(version(&storage).await, first);
    }
    fs::remove_file(&library).unwrap();
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Refused, "{report}");
    assert_eq!(version(&storage).await, first);
    socorro.shutdown().await;
}
