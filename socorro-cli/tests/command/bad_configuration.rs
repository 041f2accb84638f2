//! `config check`: what is right, and that what is wrong is told with file, key and what to do.

use crate::support::{Done, Place};
use crate::tree;

/// Checks a configuration that is wrong and expects these in what is said, the file always among them.
#[track_caller]
fn wrong(text: &str, says: &[&str]) {
    check_wrong(&Place::new(text), says);
}

#[track_caller]
fn check_wrong(place: &Place, says: &[&str]) {
    let done = place.run(&["config", "check"]);
    done.fails(2, says);
    done.fails(2, &[&place.config().display().to_string()]);
    // `run` says the same, and does nothing.
    assert_eq!(place.run(&["run", "--once"]).err, done.err);
}

fn two(a: &str, b: &str) -> String {
    format!(
        "[storage.a]\ntype = \"filesystem\"\nroot = {a:?}\n[storage.b]\ntype = \"filesystem\"\nroot = {b:?}\n"
    )
}

#[test]
fn a_right_one_is_counted() {
    let place = Place::new(&tree::mover("a", "ack"));
    let check = place.run(&["config", "check"]);
    assert_eq!(check.lines(), ["ok: 3 storages, 1 sources, 1 pipelines"]);
    assert!(!place.path("spool").exists(), "nothing is opened");
}

#[test]
fn connecting_tells_the_health_of_each_backend() {
    let place = Place::new("[storage.a]\ntype = \"filesystem\"\nroot = \"{}/a\"\n");
    let check = place.run(&["config", "check", "--connect"]);
    let lines = check.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("storage.a: "), "{lines:?}");

    // A root below a file: no backend is there.
    place.write("file", "");
    place.edit("[storage.a]\ntype = \"filesystem\"\nroot = \"{}/file/a\"\n");
    let check = place.run(&["config", "check", "--connect"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    assert!(check.text().starts_with("storage.a: "), "{check:?}");
    assert!(
        check.err.contains("1 of 1 backends cannot be used"),
        "{check:?}"
    );
}

#[test]
fn names_that_are_nowhere() {
    let nowhere = |key: &str, line: &str| {
        let right = tree::mover("a", "ack");
        let text = right.replace(key, line);
        assert_ne!(text, right);
        text
    };
    wrong(
        &nowhere("to = [\"a\"]", "to = [\"archive\"]"),
        &["pipeline.mover.to: there is no storage \"archive\"; there are: a, b, spool"],
    );
    wrong(
        &nowhere("from = \"spool\"", "from = \"spol\""),
        &["pipeline.mover.from: there is no storage \"spol\"; there are: a, b, spool"],
    );
    wrong(
        &nowhere("source = \"new\"", "source = \"old\""),
        &["pipeline.mover.source: there is no source \"old\"; there are: new"],
    );
    wrong(
        &nowhere("use = \"storage.spool\"", "use = \"storage.pool\""),
        &["source.new.use: ", "storage.pool"],
    );
    wrong(
        "[storage.both]\ntype = \"fanout\"\nstores = [\"a\", \"b\"]\n",
        &["storage.both.stores: there is no storage \"a\"; there are: both"],
    );
    let place = Place::new(&two("{}/a", "{}/b"));
    let ls = place.run(&["crash", "ls", "archive"]);
    ls.fails(2, &["there is no storage \"archive\"; there are: a, b"]);
    Place::new("")
        .run(&["crash", "ls", "a"])
        .fails(2, &["there is no storage \"a\"; there is none"]);
}

#[test]
fn two_storages_with_one_root() {
    let says = [
        "storage.b: needs the same storage directory ",
        "as storage.a (",
        "give each its own",
    ];
    wrong(&two("{}/one", "{}/one"), &says);
    wrong(&two("{}/one", "{}/./one/"), &says);
    wrong(&two("{}/one", "{}/two/../one"), &says);
    wrong(&two("{}/one", "one"), &says);
    let place = Place::new(&two("{}/one", "{}/link"));
    std::fs::create_dir(place.path("one")).unwrap();
    std::os::unix::fs::symlink(place.path("one"), place.path("link")).unwrap();
    check_wrong(&place, &says);
}

#[test]
fn a_pipeline_that_reads_and_writes_one_place() {
    wrong(
        &tree::mover("spool", "ack"),
        &["pipeline.mover.to: ", "\"spool\"", "where it reads"],
    );
    let fanout = "[storage.both]\ntype = \"fanout\"\nstores = [\"a\", \"spool\"]\n";
    let text = format!("{}{fanout}", tree::mover("both", "ack"));
    wrong(
        &text,
        &["pipeline.mover.to: ", "\"spool\"", "where it reads"],
    );
}

#[test]
fn a_source_on_a_layout_that_has_none() {
    let text = tree::mover("a", "ack").replace("layout = \"dated_radix\"", "layout = \"radix\"");
    wrong(
        &text,
        &["source.new: ", "layout = \"dated_radix\"", "no date tree"],
    );
}

#[test]
fn keys_and_types() {
    let with =
        |line: &str| format!("[storage.a]\ntype = \"filesystem\"\nroot = \"{{}}/a\"\n{line}\n");
    wrong(&with("rot = 1"), &["storage.a.rot: ", "known", "root"]);
    wrong(&with("layout = 5"), &["storage.a.layout: ", "found 5"]);
    wrong(
        &with("layout = \"flat\""),
        &[
            "storage.a.layout: ",
            "\"radix\"",
            "\"dated_radix\"",
            "\"flat\"",
        ],
    );
    wrong(
        &with("sweep_after = \"soon\""),
        &["storage.a.sweep_after: ", "\"soon\""],
    );
    wrong(
        &with("timeout = 5"),
        &["storage.a.timeout: ", "\"30s\"", "found 5"],
    );
    wrong(
        &with("[storages.b]"),
        &["storages: is no known key", "storage"],
    );
    wrong(
        "[storage.a]\ntype = \"filesystem\"\n",
        &["storage.a", "root"],
    );
    wrong(
        "[storage.a]\nroot = \"/x\"\n",
        &["storage.a.type: is missing"],
    );
    wrong(
        "[storage.a]\ntype = \"filesytem\"\n",
        &[
            "storage.a.type: there is no plugin \"filesytem\"",
            "filesystem, memory, null",
        ],
    );
    wrong(
        "[source.a]\ntype = \"null\"\n",
        &["source.a.type: ", "\"null\" is no source"],
    );
    wrong(
        "[storage.a]\ntype = \"fanout\"\nstores = [\"a\"]\n",
        &["storage.a.stores: ", "made of itself"],
    );
}

#[test]
fn everything_is_told_at_once() {
    let text = "[storage.a]\ntype = \"filesystem\"\nrot = 1\n[storage.b]\ntype = \"memory\"\nmax_crashes = \"x\"\n";
    wrong(text, &["storage.a.rot", "storage.b.max_crashes"]);
}

#[test]
fn files_and_flags() {
    let place = Place::new("");
    place.write("broken.toml", "[storage.a\n");
    let broken = place.path("broken.toml").display().to_string();
    let check =
        |arguments: &[&str]| -> Done { place.run(&[&["config", "check"], arguments].concat()) };
    check(&["--config", "broken.toml"]).fails(2, &["broken.toml"]);
    check(&["--config", &broken]).fails(2, &[&broken]);
    check(&["--config", "nowhere.toml"]).fails(2, &["nowhere.toml", "No such file"]);
    check(&["--set", "storage.a"]).fails(2, &["--set", "storage.a"]);
    check(&["--set", "limits.dumps=many"]).fails(2, &["--set limits.dumps", "many"]);
    check(&["--log-level", "="]).fails(2, &["--log-level"]);
    check(&["--bogus"]).fails(2, &["--bogus"]);
    place.run(&["bogus"]).fails(2, &["bogus"]);
    let mut place = place;
    place
        .variables
        .push(("SOCORRO__LIMITS__DUMPS".to_owned(), "many".to_owned()));
    place
        .run(&["config", "check"])
        .fails(2, &["SOCORRO__LIMITS__DUMPS", "many"]);
}
