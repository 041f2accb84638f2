use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;

use crate::crash::Limits;
use crate::crash::json::{STORED, check_object, field, without};

/// Small enough that a recursion of some thousand levels would overflow it.
const STACK: usize = 256 * 1024;

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(test);
    thread.expect("a thread").join().expect("the test passes");
}

fn nested(levels: usize) -> String {
    format!(
        "{{\"a\":{}{}}}",
        "[".repeat(levels - 1),
        "]".repeat(levels - 1)
    )
}

#[test]
fn depth_is_counted_from_the_object_itself() {
    let limits = |json_depth| Limits {
        json_depth,
        ..Limits::default()
    };
    assert_eq!(check_object(b"{}", &limits(1)), Ok(()));
    assert_eq!(check_object(nested(128).as_bytes(), &limits(128)), Ok(()));
    assert_eq!(
        check_object(nested(129).as_bytes(), &limits(128)),
        Err(
            "is nested deeper than 128 levels at byte 132; raise limits.json_depth or flatten it"
                .to_owned()
        )
    );
    assert_eq!(
        check_object(nested(1025).as_bytes(), &limits(usize::MAX)),
        Err(
            "is nested deeper than 1024 levels at byte 1028; flatten it, no limit allows more"
                .to_owned()
        )
    );
    // Width is no depth.
    let wide = format!("{{\"a\":[{}[]]}}", "[],".repeat(10_000));
    assert_eq!(check_object(wide.as_bytes(), &limits(3)), Ok(()));
}

#[test]
fn size_is_bounded() {
    let limits = |crash_size| Limits {
        crash_size,
        ..Limits::default()
    };
    assert_eq!(check_object(b"{ }", &limits(3)), Ok(()));
    assert_eq!(
        check_object(b"{ } ", &limits(3)),
        Err("has 4 bytes, 3 are allowed; raise limits.crash_size or shorten it".to_owned())
    );
}

#[test]
fn depth_bombs_do_not_touch_the_stack() {
    on_a_small_stack(|| {
        let levels = 200_000;
        let unbounded = Limits {
            crash_size: u64::MAX,
            json_depth: usize::MAX,
            ..Limits::default()
        };
        for bomb in ["[", "{\"a\":", "[{\"a\":"] {
            let open = format!("{{\"a\":{}", bomb.repeat(levels));
            for limits in [Limits::default(), unbounded, STORED] {
                let why = check_object(open.as_bytes(), &limits).expect_err("a bomb");
                assert!(why.contains("nested deeper"), "{why}");
            }
            assert_eq!(field(open.as_bytes(), "a"), None);
            let paths = [vec!["a".to_owned(); 3]];
            assert!(without(&Bytes::from(open), &paths).is_err());
        }
    });
}

#[test]
fn a_field_deeper_than_any_limit_ends_in_null() {
    on_a_small_stack(|| {
        let document = nested(100_000);
        let mut value = &field(document.as_bytes(), "a").expect("the field");
        let mut levels = 0;
        while let Value::Array(items) = value {
            levels += 1;
            value = items.first().expect("one item");
        }
        assert_eq!((levels, value), (STORED.json_depth, &Value::Null));
    });
}

#[test]
fn a_document_as_large_as_allowed_passes() {
    on_a_small_stack(|| {
        let size = 25 * 1024 * 1024;
        let shapes = [("\"", "x", "\""), ("[", "\"0123456789abcdef\",", "1]")];
        for (open, filling, close) in shapes {
            let frame = format!("{{\"url\":0,\"a\":{open}{close}}}").len();
            let body = filling.repeat((size - frame) / filling.len());
            let mut document = format!("{{\"url\":0,\"a\":{open}{body}{close}}}");
            document.push_str(&" ".repeat(size - document.len()));
            assert_eq!(
                check_object(document.as_bytes(), &Limits::default()),
                Ok(())
            );
            let document = Bytes::from(document);
            let redacted = without(&document, &[vec!["url".to_owned()]]).expect("it redacts");
            assert_eq!(redacted.len(), size - "\"url\":0,".len());
            let longer = [&document[..], b" "].concat();
            assert!(check_object(&longer, &Limits::default()).is_err());
        }
    });
}

fn paths() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop::collection::vec(prop::collection::vec("[abc]", 1..4), 0..4)
}

/// Bytes that are nearly JSON.
fn rubbish() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"a\"",
        b"\"\\u0061\"",
        b"\"",
        b"\\",
        b"\\ud800",
        b"\\u",
        b"-",
        b"0",
        b"1.5e3",
        b"NaN",
        b"-Infinity",
        b"null",
        b" ",
        b"\n",
        b"\xff",
        b"\xef\xbb\xbf",
        "é".as_bytes(),
    ];
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        prop::collection::vec(prop::sample::select(pieces), 0..30).prop_map(|p| p.concat()),
    ]
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(bytes in rubbish(), braces: bool, paths in paths()) {
        let bytes = if braces { [b"{\"a\":", &bytes[..], b"}"].concat() } else { bytes };
        let checked = check_object(&bytes, &Limits::default());
        let _ = field(&bytes, "a");
        let redacted = without(&Bytes::from(bytes), &paths);
        if checked.is_ok() {
            let redacted = redacted.expect("a good document redacts");
            prop_assert_eq!(check_object(&redacted, &Limits::default()), Ok(()));
        }
    }
}
