//! Crashes that cannot be saved: told what, where and what to do; nothing is stored.

use crate::support::{Done, Place};
use crate::tree::files;

const STORE: &str = r#"
[limits]
crash_size = "64KiB"
dumps = 2
json_depth = 8

[storage.store]
type = "filesystem"
root = "{}/store"
"#;

const ID: &str = "de1bb258-cbbf-4589-a673-340800260304";

struct Bad(Place);

impl Bad {
    fn new() -> Self {
        let place = Place::new(STORE);
        place.write("raw.json", "{}");
        place.write("main.dmp", "MDMP");
        Self(place)
    }

    #[track_caller]
    fn put(&self, code: i32, arguments: &[&str], says: &[&str]) {
        let put: Done = self
            .0
            .run(&[&["crash", "put", "store"], arguments].concat());
        put.fails(code, says);
        assert!(
            files(&self.0.path("store")).is_empty(),
            "something was stored"
        );
    }
}

#[test]
fn ids() {
    let bad = Bad::new();
    for id in [
        "not-an-id",
        "",
        "de1bb258-cbbf-4589-a673-34080026030",
        "de1bb258-cbbf-4589-a673-340800260332",
        "de1bb258-cbbf-4589-a673-3408002603aa",
        "../../../../etc/passwd",
    ] {
        bad.put(2, &["--raw", "raw.json", "--id", id], &["--id", id]);
    }
    for command in ["get", "rm", "catalog"] {
        let done = bad.0.run(&["crash", command, "store", "../../etc/passwd"]);
        done.fails(2, &["../../etc/passwd"]);
    }
}

#[test]
fn documents() {
    let bad = Bad::new();
    for (text, says) in [
        ("[1, 2]", "object"),
        ("\"text\"", "object"),
        ("", "empty"),
        ("{\"a\": ", "raw"),
        ("{} {}", "raw"),
        (
            "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}",
            "8",
        ),
    ] {
        bad.0.write("bad.json", text);
        bad.put(1, &["--raw", "bad.json", "--id", ID], &[ID, says]);
        bad.put(
            1,
            &["--raw", "raw.json", "--processed", "bad.json", "--id", ID],
            &[ID],
        );
    }
    bad.put(
        1,
        &["--raw", "nowhere.json"],
        &["cannot read nowhere.json: ", "No such file"],
    );
    bad.put(1, &["--raw", "."], &["cannot read .: "]);
    bad.put(2, &[], &["--raw"]);
}

#[test]
fn dump_names() {
    let bad = Bad::new();
    for (name, says) in [
        ("a/b", "'/' is not allowed"),
        ("../a", "a leading dot"),
        (".hidden", "starts with a dot"),
        ("raw_crash", "reserved"),
        ("processed", "reserved"),
        ("", "NAME=FILE"),
        (&"a".repeat(65), "longer than 64"),
    ] {
        let dump = format!("{name}=main.dmp");
        bad.put(
            2,
            &["--raw", "raw.json", "--dump", &dump],
            &["--dump", says],
        );
    }
    bad.put(
        2,
        &["--raw", "raw.json", "--dump", "main.dmp"],
        &["NAME=FILE"],
    );
    let twice = [
        "--raw",
        "raw.json",
        "--dump",
        "dump=main.dmp",
        "--dump",
        "upload_file_minidump=main.dmp",
    ];
    bad.put(2, &twice, &["--dump upload_file_minidump: given twice"]);
}

#[test]
fn dump_files() {
    let bad = Bad::new();
    let put = ["--raw", "raw.json", "--id", ID, "--dump"];
    let with = |dump| [&put[..], &[dump]].concat();
    bad.put(
        1,
        &with("dump=gone.dmp"),
        &["store: ", ID, "gone.dmp", "No such file"],
    );
    std::fs::create_dir(bad.0.path("directory")).unwrap();
    bad.put(1, &with("dump=directory"), &["store: ", ID, "directory"]);
}

#[test]
fn sizes() {
    let bad = Bad::new();
    bad.0.write("large.dmp", vec![0; 65 << 10]);
    bad.0.write("half.dmp", vec![0; 33 << 10]);
    let put = ["--raw", "raw.json", "--id", ID];
    let with = |more: &[&'static str]| [&put[..], more].concat();
    bad.put(
        1,
        &with(&["--dump", "dump=large.dmp"]),
        &[ID, "65536", "limits.crash_size"],
    );
    let two = ["--dump", "dump=half.dmp", "--dump", "b=half.dmp"];
    bad.put(1, &with(&two), &[ID, "65536", "limits.crash_size"]);
    let three = [
        "--dump",
        "dump=main.dmp",
        "--dump",
        "b=main.dmp",
        "--dump",
        "c=main.dmp",
    ];
    bad.put(1, &with(&three), &[ID, "limits.dumps"]);
    bad.0.write(
        "large.json",
        format!("{{\"a\": \"{}\"}}", "a".repeat(65 << 10)),
    );
    bad.put(
        1,
        &["--raw", "large.json", "--id", ID],
        &[ID, "limits.crash_size"],
    );
}
