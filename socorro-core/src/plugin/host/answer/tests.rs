use super::*;
use crate::ErrorKind;
use crate::crash::CrashDate;

const ONE: &str = "11111111-1111-4111-9111-111110260701";
const TWO: &str = "22222222-2222-4222-9222-222220260701";
const NEXT_DAY: &str = "00000000-0000-4000-8000-000000260702";

fn request(after: Option<&str>) -> ListRequest {
    ListRequest {
        after: after.map(|id| id.parse().unwrap()),
        limit: 3,
        ..ListRequest::days(
            CrashDate::new(2026, 7, 1).unwrap(),
            CrashDate::new(2026, 7, 2).unwrap(),
        )
    }
}

fn read(ids: &[&str], more: bool, after: Option<&str>) -> Result<ListPage> {
    let json = serde_json::json!({ "ids": ids, "more": more }).to_string();
    page(&json.into(), &request(after))
}

#[test]
fn a_page_that_answers_the_request_is_taken() {
    assert_eq!(
        read(&[ONE, TWO, NEXT_DAY], true, None).unwrap().ids.len(),
        3
    );
    assert_eq!(read(&[TWO], false, Some(ONE)).unwrap().ids.len(), 1);
    assert!(read(&[], false, Some(NEXT_DAY)).unwrap().ids.is_empty());
}

#[test]
fn a_page_that_does_not_is_refused() {
    let other_day = "11111111-1111-4111-9111-111110260703";
    let no_day = "11111111-1111-4111-9111-111110269999";
    for (ids, more, after) in [
        (&[ONE, ONE][..], false, None),
        (&[TWO, ONE], false, None),
        (&[NEXT_DAY, ONE], false, None),
        (&[ONE], false, Some(ONE)),
        (&[ONE], false, Some(TWO)),
        (&[other_day], false, None),
        (&[no_day], false, None),
        (&[], true, None),
        (&[ONE, TWO, NEXT_DAY, NEXT_DAY], false, None),
        (&["no id"], false, None),
    ] {
        let error = read(ids, more, after).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Plugin, "{ids:?}");
    }
}

#[test]
fn json_is_bounded_in_size_and_depth() {
    let deep = "[".repeat(100_000);
    let error = json::<serde_json::Value>(deep.as_bytes(), JSON, "test").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    let error = json::<String>(b"\"12345\"", 6, "test").unwrap_err();
    assert!(error.message().contains("at most 6"), "{error}");
}

#[test]
fn a_catalog_names_no_part_twice() {
    let entry = |part: &str| format!(r#"{{"part": {part}, "size": null}}"#);
    let read = |parts: [&str; 2]| {
        let entries = parts.map(entry).join(",");
        catalog(&format!(r#"{{"entries": [{entries}]}}"#).into())
    };
    assert!(read([r#"{"dump": "a"}"#, r#""raw_crash""#]).is_ok());
    assert!(read([r#"{"dump": "a"}"#, r#"{"dump": "a"}"#]).is_err());
    assert!(read([r#"{"dump": "../a"}"#, r#""raw_crash""#]).is_err());
}

#[test]
fn dumps_as_files_lie_in_their_directory() {
    let directory = Path::new("/out");
    let read = |path: &str| dumps_as_files(Dumps::single(Path::new(path).to_owned()), directory);
    assert!(read("/out/file").is_ok());
    for outside in [
        "/out",
        "/out/..",
        "/out/../etc/passwd",
        "/out/a/b",
        "/etc/passwd",
        "file",
    ] {
        assert!(read(outside).is_err(), "{outside}");
    }
    assert!(dumps_as_files(Dumps::single(vec![1]), directory).is_err());
    assert!(dumps_in_memory(Dumps::single(Path::new("/a").to_owned())).is_err());
}
