use super::*;

fn fail(files: &Files, name: &str) -> Vec<String> {
    files.lines(&files.layers(name).load().unwrap_err())
}

#[test]
fn later_files_win_and_a_directory_is_read_in_the_order_of_names() {
    let files = Files::new(&[
        (
            "a.toml",
            "[storage.a]\ntype = \"x\"\none = 1\ntwo = 1\nthree = 1",
        ),
        ("d/20.toml", "[storage.a]\nthree = 20"),
        ("d/10.toml", "[storage.a]\ntwo = 10\nthree = 10"),
        ("d/.30.toml", "not toml"),
        ("d/30.toml.orig", "not toml"),
    ]);
    let document = files.layers("a.toml").file(files.path("d")).load().unwrap();
    assert_eq!(
        document.to_json(),
        serde_json::json!({ "storage": { "a": { "type": "x", "one": 1, "two": 10, "three": 20 } } })
    );
    let origin = document.origin("storage.a.two").unwrap();
    let origin = origin.to_string();
    assert!(origin.ends_with("d/10.toml:2:7"), "{origin}");
}

#[test]
fn json_is_read_too() {
    let files = Files::new(&[(
        "a.json",
        r#"{ "storage": { "a": { "type": "x", "n": [1, 2.5, true] } } }"#,
    )]);
    let document = files.layers("a.json").load().unwrap();
    assert_eq!(
        document,
        super::document("[storage.a]\ntype = \"x\"\nn = [1, 2.5, true]")
    );
}

#[test]
fn what_a_file_includes_comes_before_it() {
    let files = Files::new(&[
        (
            "a.toml",
            "include = [\"sub/b.toml\", \"d\"]\n[reload]\ntimeout = \"1s\"",
        ),
        (
            "sub/b.toml",
            "include = [\"../c.json\"]\n[reload]\ntimeout = \"2s\"\ndrain_timeout = \"2s\"",
        ),
        (
            "c.json",
            r#"{ "reload": { "drain_timeout": "3s", "shutdown_timeout": "3s" } }"#,
        ),
        ("d/x.toml", "[limits]\ndumps = 4"),
    ]);
    assert_eq!(
        files.layers("a.toml").load().unwrap().to_json(),
        serde_json::json!({
            "reload": { "timeout": "1s", "drain_timeout": "2s", "shutdown_timeout": "3s" },
            "limits": { "dumps": 4 },
        })
    );
}

#[test]
fn circles_of_includes_are_refused() {
    let files = Files::new(&[
        ("a.toml", "include = [\"b.toml\"]"),
        ("b.toml", "include = [\"./a.toml\"]"),
        ("self.toml", "include = [\"self.toml\"]"),
    ]);
    assert_eq!(
        fail(&files, "a.toml"),
        ["./a.toml: include: the files include each other in a circle: a.toml -> b.toml -> a.toml"]
    );
    assert_eq!(
        fail(&files, "self.toml"),
        ["self.toml: include: the files include each other in a circle: self.toml -> self.toml"]
    );
}

#[test]
fn includes_are_bounded_in_depth_and_number() {
    let files = Files::new(&[]);
    for n in 0..20 {
        files.write(
            &format!("{n}.toml"),
            format!("include = [\"{}.toml\"]", n + 1),
        );
    }
    assert_eq!(
        fail(&files, "0.toml"),
        ["16.toml: include: files include each other more than 16 levels deep"]
    );
    files.write("20.toml", "");
    assert!(files.layers("5.toml").load().is_ok());
    let many: Vec<String> = (0..300).map(|_| "\"empty.toml\"".to_owned()).collect();
    files.write("empty.toml", "");
    files.write("many.toml", format!("include = [{}]", many.join(",")));
    assert_eq!(
        fail(&files, "many.toml"),
        ["empty.toml: include: more than 256 files in all"]
    );
}

#[test]
fn a_file_that_cannot_be_one_is_said_with_its_name() {
    let files = Files::new(&[
        (
            "syntax.toml",
            "[storage.a]\nsecret_access_key = \"hush-hush",
        ),
        ("twice.toml", "[a]\nb = 1\nb = 2"),
        ("twice.json", r#"{ "a": { "b": 1, "b": 2 } }"#),
        ("list.json", "[1]"),
        ("date.toml", "[storage.a]\nday = 2020-01-01\nbig = inf"),
        (
            "null.json",
            r#"{ "storage": { "a": [null, 18446744073709551615] } }"#,
        ),
        ("include.toml", "include = \"b.toml\""),
        ("missing.toml", "include = [\"nowhere.toml\"]"),
    ]);
    files.write("binary.toml", [0xff, 0xfe]);
    let bottom = |name: &str| fail(&files, name);
    let syntax = bottom("syntax.toml");
    assert!(
        syntax[0].starts_with("syntax.toml: ") && !syntax[0].contains("hush"),
        "{syntax:?}"
    );
    assert_eq!(
        bottom("twice.toml"),
        ["twice.toml: the key b is there twice; keep one"]
    );
    assert_eq!(
        bottom("twice.json"),
        ["twice.json: a.b: the same key is there twice; keep one"]
    );
    assert_eq!(
        bottom("list.json"),
        ["list.json: expected an object at the top"]
    );
    assert_eq!(
        bottom("date.toml"),
        [
            "date.toml: storage.a.day: a date is no value here; put it in quotes",
            "date.toml: storage.a.big: expected a finite number",
        ]
    );
    assert_eq!(
        bottom("null.json"),
        [
            "null.json: storage.a[0]: a null is no value here; leave it out",
            "null.json: storage.a[1]: expected a number of at most 64 bits with sign",
        ]
    );
    assert_eq!(
        bottom("include.toml"),
        [
            "include.toml: include: expected a list of paths, such as [\"other.toml\", \"more/*.toml\"], found \"b.toml\""
        ]
    );
    assert_eq!(
        bottom("missing.toml"),
        [
            "missing.toml: include: nowhere.toml cannot be read: No such file or directory (os error 2)"
        ]
    );
    assert_eq!(
        bottom("binary.toml"),
        ["binary.toml: is not UTF-8; save it as UTF-8"]
    );
}

#[test]
fn every_broken_file_is_said_at_once() {
    let files = Files::new(&[("a.toml", "="), ("b.toml", "=")]);
    let errors = files
        .layers("a.toml")
        .file(files.path("b.toml"))
        .file(files.path("c.toml"))
        .set("nonsense")
        .load()
        .unwrap_err();
    assert_eq!(errors.iter().count(), 4, "{errors}");
}

#[test]
fn files_are_bounded_in_size_and_depth_and_must_be_regular() {
    let files = Files::new(&[("a.toml", "# 0123456789")]);
    let layers = files.layers("a.toml");
    assert!(layers.clone().file_size_limit(12).load().is_ok());
    assert_eq!(
        files.lines(&layers.file_size_limit(11).load().unwrap_err()),
        ["a.toml: has more than 11 bytes, which is the limit"]
    );
    assert_eq!(
        files.lines(&Layers::new().file("/dev/null").load().unwrap_err()),
        ["/dev/null: is not a regular file"]
    );
    let deep = "a = ".to_owned() + &"[".repeat(40) + &"]".repeat(40);
    files.write("deep.toml", deep);
    let errors = fail(&files, "deep.toml");
    assert!(errors[0].contains("more than 32 levels deep"), "{errors:?}");
}

#[test]
fn attacks_on_the_depth_of_the_parser_are_refused() {
    let files = Files::new(&[]);
    for (name, text) in [
        ("lists.toml", "a = ".to_owned() + &"[".repeat(500_000)),
        ("tables.toml", "a = ".to_owned() + &"{a=".repeat(300_000)),
        ("dots.toml", "a.".repeat(500_000) + "a = 1"),
        ("header.toml", format!("[{}a]", "a.".repeat(500_000))),
        ("quoted.toml", format!("[{}a]", "\"a\".".repeat(200_000))),
        (
            "quoted_key.toml",
            format!("{}a = 1", "'a'.".repeat(200_000)),
        ),
        (
            "inline.toml",
            format!("x = {{ {}a = 1 }}", "a.".repeat(200_000)),
        ),
        (
            "inline_quoted.toml",
            format!("x = {{ {}a = 1 }}", "\"a\".".repeat(200_000)),
        ),
        (
            "both.toml",
            format!(
                "x = {}1{}",
                format!("{{ {}a = ", "a.".repeat(70)).repeat(75),
                "}".repeat(75)
            ),
        ),
        ("lists.json", "[".repeat(500_000)),
    ] {
        files.write(name, text);
        assert_eq!(fail(&files, name).len(), 1, "{name}");
    }
}

#[test]
fn files_are_read_again_at_each_load() {
    let files = Files::new(&[("a.toml", "[limits]\ndumps = 1")]);
    let layers = files.layers("a.toml");
    let before = layers.load().unwrap();
    files.write("a.toml", "[limits]\ndumps = 2");
    let after = layers.load().unwrap();
    assert_ne!(before, after);
    assert_eq!(after.configuration().unwrap().limits.dumps, 2);
}

#[test]
fn a_pattern_includes_what_matches_in_the_order_of_names_and_may_match_nothing() {
    let files = Files::new(&[
        (
            "a.toml",
            "include = [\"parts/*.toml\", \"none/*.toml\"]\n[limits]\ndumps = 1",
        ),
        ("parts/20.toml", "[limits]\njson_depth = 20"),
        ("parts/10.toml", "[limits]\njson_depth = 10\ndumps = 9"),
        ("parts/.hidden.toml", "not toml"),
        ("parts/deep/30.toml", "not toml"),
    ]);
    assert_eq!(
        files.layers("a.toml").load().unwrap().to_json(),
        serde_json::json!({ "limits": { "dumps": 1, "json_depth": 20 } })
    );
    files.write("bad.toml", "include = [\"parts/[.toml\"]");
    let [error] = fail(&files, "bad.toml").try_into().unwrap();
    assert!(
        error.starts_with("bad.toml: include: \"parts/[.toml\" is no pattern: "),
        "{error}"
    );
}

#[test]
fn a_pattern_leaves_out_the_file_it_stands_in() {
    let files = Files::new(&[
        ("a.toml", "include = [\"*.toml\"]\n[limits]\ndumps = 1"),
        ("b.toml", "[limits]\ndumps = 2\njson_depth = 20"),
    ]);
    assert_eq!(
        files.layers("a.toml").load().unwrap().to_json(),
        serde_json::json!({ "limits": { "dumps": 1, "json_depth": 20 } })
    );
    files.write("b.toml", "include = [\"*.toml\"]");
    assert_eq!(
        fail(&files, "a.toml"),
        ["a.toml: include: the files include each other in a circle: a.toml -> b.toml -> a.toml"]
    );
}

/// What an embedding program chooses: any layer may come anywhere, any number of times.
#[test]
fn layers_win_in_the_order_in_which_a_program_names_them() {
    let files = Files::new(&[
        ("a.toml", "[limits]\ndumps = 1"),
        ("b.toml", "[limits]\ndumps = 2"),
    ]);
    let variable = variables(&[("SHOP__LIMITS__DUMPS", "3")]);
    let base = || Layers::new();
    let defaults = serde_json::json!({ "limits": { "dumps": 4 } });
    let (a, b) = (files.path("a.toml"), files.path("b.toml"));
    for (layers, dumps) in [
        (
            base()
                .file(&a)
                .environment("SHOP", variable.clone())
                .file(&b),
            2,
        ),
        (
            base()
                .file(&b)
                .file(&a)
                .environment("SHOP", variable.clone()),
            3,
        ),
        (base().set("limits.dumps=5").file(&b).file(&a), 1),
        (base().file(&a).set("limits.dumps=5").defaults(&defaults), 4),
        (
            base().environment("SHOP", variable).set("limits.dumps=5"),
            5,
        ),
    ] {
        let configuration = layers.load().unwrap().configuration().unwrap();
        assert_eq!(configuration.limits.dumps, dumps, "{layers:?}");
    }
}
