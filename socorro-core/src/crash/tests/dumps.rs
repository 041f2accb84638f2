use std::os::unix::fs::symlink;
use std::path::Path;

use bytes::Bytes;
use tempfile::TempDir;

use crate::crash::{CrashDate, CrashId, Dump, DumpName, Dumps, StoredId};
use crate::error::{ErrorKind, Scope};

fn id() -> StoredId {
    CrashId::new(CrashDate::FIRST, [7; 16]).into()
}

fn name(text: &str) -> DumpName {
    text.parse().expect(text)
}

fn entries(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .expect("the directory reads")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn bytes_and_files_become_files() {
    let directory = TempDir::new().expect("a directory");
    let source = TempDir::new().expect("a directory");
    let browser = source.path().join("browser");
    std::fs::write(&browser, b"browser dump").expect("it writes");
    let dumps = Dumps::single(Bytes::from_static(b"main dump")).with(name("browser"), browser);

    let files = dumps.write_to(&id(), directory.path()).expect("it writes");

    let id = id();
    assert_eq!(
        entries(directory.path()),
        [
            format!("{id}.browser.dump"),
            format!("{id}.upload_file_minidump.dump")
        ]
    );
    for (dump, content) in [("", "main dump"), ("browser", "browser dump")] {
        let file = files.get(&name(dump)).expect(dump);
        assert!(matches!(file, Dump::File(path) if path.starts_with(directory.path())));
        assert_eq!(file.read().expect("it reads"), content.as_bytes());
    }
    assert_eq!(files.bytes_in_memory(), 0);
    assert_eq!(dumps.bytes_in_memory(), "main dump".len());
}

#[test]
fn what_is_there_already_stays_and_what_was_made_goes() {
    let directory = TempDir::new().expect("a directory");
    let taken = directory
        .path()
        .join(format!("{}.upload_file_minidump.dump", id()));
    std::fs::write(&taken, b"another's").expect("it writes");
    let dumps = Dumps::single(Bytes::from_static(b"dump"))
        .with(name("a"), Bytes::from_static(b"first"))
        .with(name("z"), Bytes::from_static(b"never reached"));

    let error = dumps
        .write_to(&id(), directory.path())
        .expect_err("a name is taken");

    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("exists already"), "{error}");
    assert_eq!(error.crash_id(), Some(id().as_str()));
    assert_eq!(entries(directory.path()).len(), 1);
    assert_eq!(std::fs::read(&taken).expect("it reads"), b"another's");
}

#[test]
fn a_link_is_not_followed() {
    let directory = TempDir::new().expect("a directory");
    let elsewhere = TempDir::new().expect("a directory");
    let target = elsewhere.path().join("target");
    let link = directory
        .path()
        .join(format!("{}.upload_file_minidump.dump", id()));
    for exists in [false, true] {
        if exists {
            std::fs::write(&target, b"precious").expect("it writes");
        } else {
            symlink(&target, &link).expect("it links");
        }
        let dumps = Dumps::single(Bytes::from_static(b"dump"));
        let error = dumps
            .write_to(&id(), directory.path())
            .expect_err("a link is there");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(link.is_symlink());
        assert_eq!(target.exists(), exists);
    }
    assert_eq!(std::fs::read(&target).expect("it reads"), b"precious");
}

#[test]
fn a_missing_source_fails_this_crash_and_leaves_nothing() {
    let directory = TempDir::new().expect("a directory");
    let gone = directory.path().join("gone");
    let dumps = Dumps::single(gone.clone()).with(name("a"), Bytes::from_static(b"first"));

    let error = dumps
        .write_to(&id(), directory.path())
        .expect_err("the source is gone");

    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.scope(), Scope::Item);
    assert!(
        error.message().contains(&*gone.to_string_lossy()),
        "{error}"
    );
    assert_eq!(error.causes().len(), 1);
    assert!(entries(directory.path()).is_empty());
}

#[test]
fn a_source_that_cannot_be_copied_leaves_nothing() {
    let directory = TempDir::new().expect("a directory");
    let source = TempDir::new().expect("a directory");
    // A directory opens and then does not read.
    let error = Dumps::single(source.path().to_path_buf())
        .write_to(&id(), directory.path())
        .expect_err("a directory has no bytes");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(entries(directory.path()).is_empty());
}

#[test]
fn a_missing_directory_is_the_callers_mistake() {
    let directory = TempDir::new().expect("a directory");
    let missing = directory.path().join("missing");
    let error = Dumps::single(Bytes::new())
        .write_to(&id(), &missing)
        .expect_err("there is no directory");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("create the directory"), "{error}");
    assert!(!missing.exists());
}

#[test]
fn debug_output_shows_no_content() {
    let dumps = Dumps::single(Bytes::from_static(b"secret"));
    let shown = format!("{dumps:?}");
    assert!(!shown.contains("secret"));
    assert!(shown.contains("6 bytes"), "{shown}");
}

#[test]
fn clones_share_payloads() {
    let payload = Bytes::from(vec![1; 1000]);
    let dumps = Dumps::single(payload.clone());
    let copy = dumps.clone();
    let read = copy
        .get(&DumpName::default())
        .expect("the dump")
        .read()
        .expect("it reads");
    assert_eq!(read.as_ptr(), payload.as_ptr());
}
