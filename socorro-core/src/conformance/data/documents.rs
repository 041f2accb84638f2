/// JSON objects as collectors stored them, by what is odd about them. A store that parses and writes a
/// document again changes most of these.
pub const DOCUMENTS: [(&str, &str); 14] = [
    ("empty object", "{}"),
    ("space in an empty object", "{ \n\t }"),
    ("space around", " \n{\"a\": 1}\r\n"),
    ("no space", r#"{"b":1,"a":[true,false,null]}"#),
    ("order of keys", r#"{"z": 1, "a": 2, "M": 3, "_": 4}"#),
    ("duplicate keys", r#"{"a": 1, "a": "2", "a": null}"#),
    (
        "NaN and the infinities",
        r#"{"a": NaN, "b": Infinity, "c": [-Infinity]}"#,
    ),
    (
        "lone surrogates",
        r#"{"high": "\ud800", "low": "x\udc00y", "\udfff": 1}"#,
    ),
    (
        "escapes",
        r#"{"a\/b": "\" \\ \/ \b \f \n \r \t \u0000 \u001F \u00e9 \uD83D\uDCA5"}"#,
    ),
    (
        "unicode",
        "{\"名前\": \"naïve 💥 \u{2028} \u{feff} \u{7f}\"}",
    ),
    (
        "numbers",
        r#"{"a": 1.0, "b": 1, "c": -0, "d": 1E+2, "e": 18446744073709551617, "f": 1e999, "g": 0.10000000000000000001}"#,
    ),
    ("an empty key", r#"{"": {"": []}}"#),
    (
        "keys with dots and dollars",
        r#"{"a.b": 1, "$set": 2, "__proto__": 3, "_id": 4}"#,
    ),
    (
        "text that looks like a document",
        r#"{"raw": "{\"a\": 1}", "uuid": "not-this-one", "dumps": {"x": "y"}}"#,
    ),
];
