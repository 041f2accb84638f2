use std::fs;

use super::*;

fn directory(names: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in names {
        fs::write(directory.path().join(file_name(name)), "").unwrap();
    }
    directory
}

#[test]
fn the_first_directory_that_has_it_wins() {
    let (first, second) = (directory(&["s3"]), directory(&["s3", "postgres"]));
    let search = Search::new(&[first.path().to_owned(), second.path().to_owned()]);
    assert_eq!(search.find("s3").unwrap().parent(), Some(first.path()));
    assert_eq!(
        search.find("postgres").unwrap().parent(),
        Some(second.path())
    );
    let list = search.list();
    assert_eq!(list.keys().collect::<Vec<_>>(), ["postgres", "s3"]);
    assert_eq!(list["s3"].parent(), Some(first.path()));
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let there = directory(&["filesystem", "s3"]);
    fs::write(there.path().join("libother.so"), "").unwrap();
    fs::write(there.path().join("README"), "").unwrap();
    let search = Search::new(&[there.path().to_owned(), "/nonexistent".into()]);
    let error = search.find("filesytem").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(
        error.to_string(),
        format!(
            "there is no plugin \"filesytem\": no {} in {}, /nonexistent (No such file or directory (os \
             error 2)); plugins that are there: filesystem, s3; did you mean \"filesystem\". The directories \
             are the option plugins.path; a library elsewhere is given with library = \"...\"",
            file_name("filesytem"),
            there.path().display(),
        )
    );
    let error = search.find("cassandra").unwrap_err().to_string();
    assert!(!error.contains("did you mean"), "{error}");
}

#[test]
fn a_name_is_never_a_path() {
    for name in [
        "", "..", "a/b", "../s3", "S3", "3s", "a__b", "_a", "a_", "a-b", "ä", "a\0",
    ] {
        assert!(!is_plugin_name(name), "{name:?}");
        let error = Search::new(&[]).find(name).unwrap_err().to_string();
        assert!(error.contains("cannot be the name of a plugin"), "{error}");
    }
    for name in ["s3", "filesystem", "a", "crash_stats_2", "a_2b"] {
        assert!(is_plugin_name(name), "{name:?}");
    }
    assert!(!is_plugin_name(&"a".repeat(65)));
}

#[test]
fn without_directories_it_looks_beside_the_program() {
    let program = std::env::current_exe().unwrap();
    let beside = program.parent().unwrap().parent().unwrap().join("plugins");
    assert_eq!(Search::new(&[]).directories, [beside]);
}
