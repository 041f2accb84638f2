use bytes::Bytes;
use tempfile::TempDir;

use crate::crash::{Dumps, Limits, ProcessedCrash, RawCrash};
use crate::error::{Error, ErrorKind};

fn raw() -> RawCrash {
    RawCrash::new("{}", &Limits::default()).expect("an object")
}

fn refusal(limits: Limits, dumps: &Dumps) -> Error {
    let error = limits.check(&raw(), dumps).expect_err("it is refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(!error.is_retryable());
    error
}

#[test]
fn bytes_and_files_count_together() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("browser");
    std::fs::write(&file, [0; 10]).expect("it writes");
    let dumps =
        Dumps::single(Bytes::from_static(&[0; 5])).with("browser".parse().expect("a name"), file);
    let limits = |crash_size| Limits {
        crash_size,
        ..Limits::default()
    };
    assert_eq!(limits(17).check(&raw(), &dumps), Ok(()));
    let error = refusal(limits(16), &dumps);
    assert_eq!(
        error.message(),
        "the crash has 17 bytes, 16 are allowed; raise limits.crash_size or drop dumps"
    );
}

#[test]
fn dumps_are_counted() {
    let dumps = Dumps::single(Bytes::new()).with("a".parse().expect("a name"), Bytes::new());
    let limits = |dumps| Limits {
        dumps,
        ..Limits::default()
    };
    assert_eq!(limits(2).check(&raw(), &dumps), Ok(()));
    let error = refusal(limits(1), &dumps);
    assert!(error.message().contains("limits.dumps"), "{error}");
}

#[test]
fn a_dump_is_a_file_that_is_there() {
    let directory = TempDir::new().expect("a directory");
    let gone = directory.path().join("gone");
    for path in [gone, directory.path().to_path_buf()] {
        let error = refusal(Limits::default(), &Dumps::single(path.clone()));
        assert!(
            error.message().contains(&*path.to_string_lossy()),
            "{error}"
        );
        assert!(error.message().contains("regular file"), "{error}");
        assert_eq!(error.causes().len(), 1, "{error}");
    }
}

#[test]
fn a_callers_document_is_invalid_and_a_stores_is_corrupt() {
    let limits = Limits::default();
    for document in ["", "[]", "{\"a\":"] {
        let raw = RawCrash::new(document, &limits).expect_err(document);
        let processed = ProcessedCrash::new(document, &limits).expect_err(document);
        assert_eq!(raw.kind(), ErrorKind::InvalidInput);
        assert_eq!(processed.kind(), ErrorKind::InvalidInput);
        assert!(raw.message().starts_with("the raw crash is "), "{raw}");
        let raw = RawCrash::from_stored(document).expect_err(document);
        let processed = ProcessedCrash::from_stored(document).expect_err(document);
        assert_eq!(raw.kind(), ErrorKind::Corrupt);
        assert_eq!(processed.kind(), ErrorKind::Corrupt);
    }
}

#[test]
fn a_stored_document_may_be_beyond_todays_limits() {
    let document = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
    assert!(RawCrash::new(document.clone(), &Limits::default()).is_err());
    assert!(RawCrash::from_stored(document).is_ok());
}

#[test]
fn debug_output_shows_no_content() {
    assert_eq!(format!("{:?}", raw()), "RawCrash(2 bytes)");
}
