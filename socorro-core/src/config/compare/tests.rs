use std::ffi::OsString;

use proptest::prelude::*;

use super::*;
use crate::config::Layers;

thread_local! {
    /// Where the file is, the same one for every document of a test: it is edited.
    static DIRECTORY: tempfile::TempDir = tempfile::tempdir().unwrap();
}

/// A program with one file, one variable each, and flags.
fn document(file: &str, variables: &[(&str, &str)], flags: &[&str]) -> Document {
    let path = DIRECTORY.with(|directory| directory.path().join("a.toml"));
    std::fs::write(&path, file).unwrap();
    let variables = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let layers = Layers::new().file(path).environment("SOCORRO", variables);
    let layers = flags.iter().fold(layers, |layers, flag| layers.set(*flag));
    layers.load().unwrap()
}

fn no_secret(_: &str) -> bool {
    false
}

/// The lines, without the directory of the file.
fn lines(items: &[impl ToString]) -> Vec<String> {
    let directory = DIRECTORY.with(|directory| format!("{}/", directory.path().display()));
    items
        .iter()
        .map(|item| item.to_string().replace(&directory, ""))
        .collect()
}

#[test]
fn a_change_tells_both_values_and_who_says_them() {
    let old = document(
        "[storage.a]\ntype = \"x\"\nroot = \"/a\"\ngone = 1",
        &[],
        &[],
    );
    let new = document(
        "# moved down\n[storage.a]\ntype = \"x\"\nroot = \"/b\"\nadded = [1, 2]",
        &[],
        &["limits.dumps=5"],
    );
    let comparison = old.compare(&new, &no_secret);
    assert_eq!(
        lines(&comparison.changed),
        [
            "limits.dumps: \"5\" (--set limits.dumps), was not set",
            "storage.a.added: [1, 2] (a.toml:5:9), was not set",
            "storage.a.gone: not set any more, was 1 (a.toml:4:8)",
            "storage.a.root: \"/a\" (a.toml:3:8) -> \"/b\" (a.toml:4:8)",
        ]
    );
    assert_eq!(comparison.shadowed, []);
}

#[test]
fn what_is_taken_over_changes_with_its_table() {
    let text = |root: &str| {
        format!(
            "[storage.a]\ntype = \"x\"\nroot = \"{root}\"\n[source.s]\ntype = \"x\"\nuse = \"storage.a\""
        )
    };
    let old = document(&text("/a"), &[], &[]);
    let comparison = old.compare(&document(&text("/b"), &[], &[]), &no_secret);
    let keys: Vec<&str> = comparison
        .changed
        .iter()
        .map(|change| &*change.key)
        .collect();
    assert_eq!(keys, ["source.s.root", "storage.a.root"]);
}

#[test]
fn text_of_a_variable_equals_what_it_reads_as() {
    let file = document(
        "[storage.a]\nn = 5\nb = true\nl = [\"x\"]\nf = 1.5\ns = \"x\"",
        &[],
        &[],
    );
    let said = document(
        "",
        &[],
        &[
            "storage.a.n=5",
            "storage.a.b=true",
            "storage.a.l=[\"x\"]",
            "storage.a.f=1.5",
            "storage.a.s=x",
        ],
    );
    assert_eq!(file.compare(&said, &no_secret), Comparison::default());
    assert_eq!(said.compare(&file, &no_secret), Comparison::default());
}

#[test]
fn an_edit_that_a_variable_or_flag_hides_is_named() {
    let variables = [("SOCORRO__STORAGE__A__ROOT", "/held")];
    let old = document("[storage.a]\nroot = \"/a\"", &variables, &[]);
    let new = document("[storage.a]\nroot = \"/b\"", &variables, &[]);
    let none = document("", &variables, &[]);
    let comparison = old.compare(&new, &no_secret);
    assert_eq!(comparison.changed, []);
    let held = "but \"/held\" (environment variable SOCORRO__STORAGE__A__ROOT) holds";
    assert_eq!(
        lines(&comparison.shadowed),
        [format!(
            "storage.a.root: a.toml:2:8 now says \"/b\", {held}"
        )]
    );
    let gone = lines(&old.compare(&none, &no_secret).shadowed);
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert!(
        gone[0].contains("said \"/a\" and no longer does, but"),
        "{gone:?}"
    );
    let added = lines(&none.compare(&new, &no_secret).shadowed);
    assert_eq!(added.len(), 1, "{added:?}");
    assert!(added[0].contains("now says \"/b\", but"), "{added:?}");
    let moved = document("\n\n[storage.a]\nroot = \"/a\"", &variables, &[]);
    assert_eq!(old.compare(&moved, &no_secret), Comparison::default());
}

#[test]
fn secrets_are_masked_and_references_are_shown() {
    let old = document(
        "[storage.a]\npassword = \"canary-1\"\ndsn = \"canary-2\"\nkey_file = { file = \"/old\" }",
        &[],
        &[],
    );
    let new = document(
        "[storage.a]\npassword = \"canary-3\"\ndsn = \"canary-4\"\nkey_file = { file = \"/new\" }",
        &[],
        &[],
    );
    let comparison = old.compare(&new, &|key| key == "storage.a.dsn");
    let lines = lines(&comparison.changed);
    assert!(!lines.concat().contains("canary"), "{lines:?}");
    assert!(lines[0].contains("storage.a.dsn: *** ("), "{lines:?}");
    assert!(
        lines[1].contains("{ file = \"/old\" } (") && lines[1].contains("{ file = \"/new\" } (")
    );
    assert!(lines[2].contains("storage.a.password: *** ("), "{lines:?}");
    // A plain text below a reference is what somebody replaced by it.
    let flags = ["storage.a.dsn.env=DSN"];
    let text = |dsn: &str| format!("[storage.a]\ndsn = \"{dsn}\"");
    let (old, new) = (
        document(&text("canary-1"), &[], &flags),
        document(&text("canary-2"), &[], &flags),
    );
    let shadowed = old.compare(&new, &no_secret).shadowed;
    assert!(
        !shadowed
            .iter()
            .any(|edit| edit.to_string().contains("canary")),
        "{shadowed:?}"
    );
}

/// A configuration as its values by key, which is what a naive comparison looks at.
type Naive = BTreeMap<(u8, u8), i64>;

fn naive() -> impl Strategy<Value = Naive> {
    proptest::collection::btree_map((0..3u8, 0..3u8), 0..3i64, 0..7)
}

fn text(naive: &Naive) -> String {
    let mut text = String::new();
    for table in 0..3u8 {
        text.push_str(&format!("[storage.t{table}]\n"));
        for ((_, key), value) in naive.range((table, 0)..=(table, 9)) {
            text.push_str(&format!("k{key} = {value}\n"));
        }
    }
    text
}

fn name((table, key): (u8, u8)) -> String {
    format!("storage.t{table}.k{key}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Over random files and flags: exactly the keys whose winner changed are changes, and exactly those whose
    /// file changed below a flag that stays are shadowed.
    #[test]
    fn agrees_with_a_naive_comparison(old in naive(), new in naive(), over in naive()) {
        let flags: Vec<String> = over.iter().map(|(key, value)| format!("{}={value}", name(*key))).collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let (a, b) = (document(&text(&old), &[], &flags), document(&text(&new), &[], &flags));
        let comparison = a.compare(&b, &no_secret);
        let winner = |file: &Naive, key| over.get(&key).or_else(|| file.get(&key)).copied();
        let mut changed = Vec::new();
        let mut shadowed = Vec::new();
        for key in (0..3).flat_map(|table| (0..3).map(move |key| (table, key))) {
            if winner(&old, key) != winner(&new, key) {
                changed.push((name(key), winner(&old, key), winner(&new, key)));
            } else if let Some(held) = over.get(&key)
                && match (old.get(&key), new.get(&key)) {
                    (Some(said), Some(says)) => said != says,
                    // What agrees with what holds is hidden by nothing.
                    (Some(one), None) | (None, Some(one)) => one != held,
                    (None, None) => false,
                }
            {
                shadowed.push(name(key));
            }
        }
        let number = |said: &Option<Said>| said.as_ref().map(|said| said.value.parse::<i64>().unwrap());
        let found: Vec<_> = comparison.changed.iter()
            .filter(|change| change.key.contains(".k"))
            .map(|change| (change.key.clone(), number(&change.old), number(&change.new)))
            .collect();
        prop_assert_eq!(found, changed);
        let found: Vec<_> = comparison.shadowed.iter().map(|edit| edit.key.clone()).collect();
        prop_assert_eq!(found, shadowed);
        prop_assert_eq!(a.compare(&a, &no_secret), Comparison::default());
        let back = b.compare(&a, &no_secret);
        prop_assert_eq!(back.changed.len(), comparison.changed.len());
        for (there, back) in comparison.changed.iter().zip(&back.changed) {
            prop_assert_eq!((&there.key, &there.old, &there.new), (&back.key, &back.new, &back.old));
        }
    }
}
