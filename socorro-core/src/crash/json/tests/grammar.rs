use crate::crash::Limits;
use crate::crash::json::check_object;

fn check(document: impl AsRef<[u8]>) -> Result<(), String> {
    check_object(document.as_ref(), &Limits::default())
}

#[test]
fn what_collectors_stored_is_accepted() {
    for document in [
        "{}",
        " \t\r\n{ \t\r\n} \t\r\n",
        "\u{feff}{}",
        r#"{"":""}"#,
        r#"{"a":NaN,"b":Infinity,"c":-Infinity,"d":[NaN,-Infinity]}"#,
        r#"{"a":"\ud800","b":"\udc00\ud800","\udfff":"\ud83d\ude00"}"#,
        r#"{"a":1,"a":2,"\u0061":3}"#,
        r#"{"a":-0,"b":0.0,"c":1e5,"d":1E+5,"e":-1.25e-5,"f":1e999}"#,
        r#"{"a":123456789012345678901234567890}"#,
        r#"{"a":"\"\\\/\b\f\n\r\t\u00Ff"}"#,
        "{\"a\":\"\u{7f}\u{80}\u{2028}é日🦊\"}",
        r#"{"a":[],"b":[[],{}],"c":{"d":{}},"e":[true,false,null]}"#,
    ] {
        assert_eq!(check(document), Ok(()), "{document}");
    }
}

#[test]
fn a_refusal_says_what_where_and_what_to_do() {
    for (document, why) in [
        ("", "is empty; a document without fields is written {}"),
        (" \n", "is empty; a document without fields is written {}"),
        (
            " [1]",
            "is not a JSON object: it starts with '[' at byte 1; put its content into one, as in {\"key\": value}",
        ),
        (
            "null",
            "is not a JSON object: it starts with 'n' at byte 0; put its content into one, as in {\"key\": value}",
        ),
        (
            "{} {}",
            "is more than one JSON object: '{' follows it at byte 3; send one object alone",
        ),
        (
            "{\"a\":1",
            "is not valid JSON: it ends at byte 6 before ',' or '}'; it was cut short, send it whole",
        ),
        (
            "{\"a\":\"b\\",
            "is not valid JSON: it ends at byte 8 before one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u; it was cut short, send it whole",
        ),
        (
            "{\"a",
            "is not valid JSON: it ends at byte 3 before a string is closed; it was cut short, send it whole",
        ),
        (
            "{\"a\":é}",
            "is not valid JSON: at byte 5 there is 'é' instead of a value; correct the program that wrote it",
        ),
        (
            "{\"a\":\"line\nbreak\"}",
            "is not valid JSON: a string contains the raw control character 0x0a at byte 10; escape it as \\u000a",
        ),
    ] {
        assert_eq!(check(document), Err(why.to_owned()), "{document:?}");
    }
}

#[test]
fn what_is_no_json_is_refused_where_it_goes_wrong() {
    for (document, at) in [
        (r#"{"a":1,}"#, 7),
        (r#"{,}"#, 1),
        (r#"{"a"}"#, 4),
        (r#"{"a" 1}"#, 5),
        (r#"{"a":}"#, 5),
        (r#"{"a"::1}"#, 5),
        (r#"{a:1}"#, 1),
        (r#"{'a':1}"#, 1),
        (r#"{1:1}"#, 1),
        (r#"{"a":[1,]}"#, 8),
        (r#"{"a":[,]}"#, 6),
        (r#"{"a":[1 2]}"#, 8),
        (r#"{"a":[1}"#, 7),
        (r#"{"a":{]}"#, 6),
        (r#"{"a":01}"#, 6),
        (r#"{"a":+1}"#, 5),
        (r#"{"a":-}"#, 6),
        (r#"{"a":-NaN}"#, 6),
        (r#"{"a":-Inf}"#, 5),
        (r#"{"a":.5}"#, 5),
        (r#"{"a":5.}"#, 7),
        (r#"{"a":5.e1}"#, 7),
        (r#"{"a":5e}"#, 7),
        (r#"{"a":5e+}"#, 8),
        (r#"{"a":0x10}"#, 6),
        (r#"{"a":True}"#, 5),
        (r#"{"a":nul}"#, 5),
        (r#"{"a":nan}"#, 5),
        (r#"{"a":nullx}"#, 9),
        (r#"{"a":"\x41"}"#, 7),
        (r#"{"a":"\u12g4"}"#, 10),
        (r#"{"a":"\u123"}"#, 11),
        (r#"{"a":1}//"#, 7),
        (r#"{"a":/**/1}"#, 5),
        ("{\"a\":1}\0", 7),
        ("{\u{a0}}", 1),
        ("{\u{c}}", 1),
        ("{\u{feff}}", 1),
    ] {
        let why = check(document).expect_err(document);
        assert!(why.contains(&format!("at byte {at}")), "{document}: {why}");
    }
}

#[test]
fn every_prefix_of_a_document_is_refused() {
    let document = r#"{"a": [1.5e-3, "\ud83d\ude00", {"b": NaN}], "c": null}"#;
    for length in 0..document.len() {
        assert!(
            check(&document[..length]).is_err(),
            "{}",
            &document[..length]
        );
    }
    assert_eq!(check(document), Ok(()));
}

#[test]
fn bytes_are_utf8() {
    for (document, at) in [
        (&b"{\"a\":\"\xff\"}"[..], 6),
        (b"{\"a\":\"\xed\xa0\x80\"}", 6),
        (b"{\"a\":\"\xc0\xaf\"}", 6),
        (b"\xff\xfe{\0}\0", 0),
    ] {
        assert_eq!(
            check(document),
            Err(format!(
                "is not valid UTF-8 at byte {at}; encode it as UTF-8"
            ))
        );
    }
}

/// Strings are read eight bytes at a time: the mark may stand at each place, behind each neighbour.
#[test]
fn a_control_character_is_found_wherever_it_stands() {
    for before in 0..20 {
        for behind in [0, 1, 7, 8, 9] {
            for filling in [" ", "!", "#", "[", "]", "\u{7f}", "a"] {
                for control in 0..0x20u8 {
                    let document = format!(
                        "{{\"a\":\"{}{}{}\"}}",
                        filling.repeat(before),
                        char::from(control),
                        filling.repeat(behind)
                    );
                    let why = check(&document).expect_err(&document);
                    assert!(why.contains(&format!("at byte {};", 6 + before)), "{why}");
                }
                let clean = format!("{{\"a\":\"{}\"}}", filling.repeat(before + behind));
                assert_eq!(check(&clean), Ok(()));
            }
        }
    }
}
