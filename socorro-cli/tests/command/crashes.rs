//! Crashes one by one: put, get, cat, ls, rm, catalog.

use serde_json::{Value, json};

use crate::support::{Place, names};

const STORE: &str = r#"
[storage.store]
type = "filesystem"
root = "{}/store"

[redaction]
forbidden_keys = ["email", "json_dump.sensitive"]
"#;

const ID: &str = "de1bb258-cbbf-4589-a673-340800260304";
const RAW: &[u8] = br#"{"ProductName": "Test", "Twice": 1, "Twice": NaN}"#;
const PROCESSED: &[u8] =
    br#"{"signature": "main", "email": "who@example.com", "json_dump": {"sensitive": 1, "ok": 2}}"#;

/// A place with a crash of all parts in `store`.
fn filled() -> Place {
    let place = Place::new(STORE);
    place.write("raw.json", RAW);
    place.write("main.dmp", b"MDMP main");
    place.write("browser.dmp", b"MDMP browser");
    place.write("processed.json", PROCESSED);
    let put = place.run(&[
        "crash",
        "put",
        "store",
        "--id",
        ID,
        "--raw",
        "raw.json",
        "--dump",
        "dump=main.dmp",
        "--dump",
        "upload_file_minidump_browser=browser.dmp",
        "--processed",
        "processed.json",
    ]);
    assert_eq!(put.lines(), [ID]);
    place
}

#[test]
fn what_is_put_can_be_got_whole() {
    let place = filled();
    let got = place.run(&["crash", "get", "store", ID, "--out", "new/out"]);
    let expected = [
        format!("{ID}.json"),
        format!("{ID}.processed.json"),
        "upload_file_minidump.dump".to_owned(),
        "upload_file_minidump_browser.dump".to_owned(),
    ];
    let mut printed = got.lines();
    printed.sort_unstable();
    assert_eq!(
        printed,
        expected.each_ref().map(|name| format!("new/out/{name}"))
    );
    let out = place.path("new/out");
    assert_eq!(names(&out), expected);
    let read = |name: &str| std::fs::read(out.join(name)).unwrap();
    assert_eq!(read(&expected[0]), RAW);
    assert_eq!(read("upload_file_minidump.dump"), b"MDMP main");
    assert_eq!(read("upload_file_minidump_browser.dump"), b"MDMP browser");
    let processed: Value = serde_json::from_slice(&read(&expected[1])).unwrap();
    assert_eq!(
        processed,
        json!({ "signature": "main", "json_dump": { "ok": 2 } })
    );

    let got = place.run(&[
        "crash",
        "get",
        "store",
        ID,
        "--out",
        "clear",
        "--unredacted",
    ]);
    assert_eq!(got.lines().len(), 4);
    let clear = place.path("clear").join(&expected[1]);
    assert_eq!(std::fs::read(clear).unwrap(), PROCESSED);
}

#[test]
fn each_part_can_be_had_alone() {
    let place = filled();
    let cat = |part| place.run(&["crash", "cat", "store", ID, part]);
    assert_eq!(cat("raw").bytes(), RAW);
    assert_eq!(cat("dump").bytes(), b"MDMP main");
    assert_eq!(cat("upload_file_minidump").bytes(), b"MDMP main");
    assert_eq!(cat("upload_file_minidump_browser").bytes(), b"MDMP browser");
    let processed: Value = serde_json::from_slice(cat("processed").bytes()).unwrap();
    assert_eq!(
        processed,
        json!({ "signature": "main", "json_dump": { "ok": 2 } })
    );
    let clear = place.run(&["crash", "cat", "store", ID, "processed", "--unredacted"]);
    assert_eq!(clear.bytes(), PROCESSED);
    cat("flash").fails(1, &["store: get_dump: ", ID, "\"flash\""]);
}

#[test]
fn standard_input_is_one_part() {
    let place = Place::new(STORE);
    place.write("raw.json", RAW);
    let put = place.run_with(RAW, &["crash", "put", "store", "--raw", "-"]);
    let id = put.lines()[0].to_owned();
    assert_eq!(
        place.run(&["crash", "cat", "store", &id, "raw"]).bytes(),
        RAW
    );

    let dump = vec![0xF5; 300_000];
    let arguments = [
        "crash", "put", "store", "--raw", "raw.json", "--dump", "dump=-",
    ];
    let id = place.run_with(&dump, &arguments).lines()[0].to_owned();
    assert_eq!(
        place.run(&["crash", "cat", "store", &id, "dump"]).bytes(),
        dump
    );

    let arguments = ["crash", "put", "store", "--raw", "-", "--dump", "dump=-"];
    place
        .run_with(RAW, &arguments)
        .fails(2, &["`-`", "standard input"]);
}

#[test]
fn ids_are_listed_by_day() {
    let place = Place::new(STORE);
    place.write("raw.json", RAW);
    let put = |id: &str| {
        let put = place.run(&["crash", "put", "store", "--raw", "raw.json", "--id", id]);
        assert_eq!(put.lines(), [id]);
    };
    let on = |day: &str, first: char| format!("{first}e1bb258-cbbf-4589-a673-340800{day}");
    let days = [
        on("260303", 'f'),
        on("260304", '0'),
        on("260304", 'a'),
        on("260305", '1'),
    ];
    for id in [&days[3], &days[1], &days[0], &days[2]] {
        put(id);
    }
    let ls = |arguments: &[&str]| place.run(&[&["crash", "ls", "store"], arguments].concat());
    assert_eq!(ls(&["--date", "2026-03-04"]).lines(), days[1..3]);
    assert_eq!(
        ls(&["--from", "2026-03-03", "--to", "2026-03-04"]).lines(),
        days[..3]
    );
    assert_eq!(ls(&["--to", "2026-03-03"]).lines(), days[..1]);
    assert_eq!(ls(&["--from", "2026-03-05"]).lines(), days[3..]);
    assert_eq!(ls(&["--date", "2026-03-06"]).lines(), [""; 0]);
    let listed: Value =
        serde_json::from_slice(ls(&["--from", "2026-03-04", "--json"]).bytes()).unwrap();
    assert_eq!(listed, json!(days[1..]));
    ls(&["--from", "2026-03-05", "--to", "2026-03-04"]).fails(2, &["--from 2026-03-05 is after"]);
    ls(&["--date", "2026-02-30"]).fails(2, &["--date", "2026-02-30"]);
    ls(&["--date", "2026-03-04", "--to", "2026-03-04"]).fails(2, &["--date", "--to"]);

    // Without a day it is today's, and so is a crash without an id.
    let today = place.run(&["crash", "put", "store", "--raw", "raw.json"]);
    assert_eq!(ls(&[]).lines(), today.lines());
}

#[test]
fn the_catalog_tells_parts_and_sizes() {
    let place = filled();
    let catalog = place.run(&["crash", "catalog", "store", ID, "--json"]);
    let parts: Value = serde_json::from_slice(catalog.bytes()).unwrap();
    let named: Vec<&str> = parts
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["part"].as_str().unwrap())
        .collect();
    let expected = [
        "raw_crash",
        "upload_file_minidump",
        "upload_file_minidump_browser",
        "processed_crash",
    ];
    assert_eq!(named, expected);
    assert_eq!(parts[0]["size"], RAW.len());
    assert_eq!(parts[1]["size"], 9);
    let text = place.run(&["crash", "catalog", "store", ID]);
    assert_eq!(text.lines()[1], "upload_file_minidump\t9");
}

#[test]
fn a_removed_crash_is_gone_and_its_neighbour_stays() {
    let place = filled();
    let neighbour = ID.replace("de1bb258", "de1bb259");
    let put = place.run(&[
        "crash", "put", "store", "--id", &neighbour, "--raw", "raw.json",
    ]);
    assert_eq!(put.lines(), [&neighbour]);
    assert_eq!(place.run(&["crash", "rm", "store", ID]).lines(), [""; 0]);
    for command in ["rm", "catalog", "get"] {
        let again = place.run(&["crash", command, "store", ID]);
        again.fails(1, &["store: ", ID, "nothing of this crash is there"]);
    }
    assert_eq!(
        place
            .run(&["crash", "cat", "store", &neighbour, "raw"])
            .bytes(),
        RAW
    );
}

#[test]
fn the_same_again_changes_nothing_and_other_bytes_replace_the_set() {
    let place = filled();
    let again = [
        "crash",
        "put",
        "store",
        "--id",
        ID,
        "--raw",
        "raw.json",
        "--dump",
        "dump=main.dmp",
    ];
    assert_eq!(place.run(&again).lines(), [ID]);
    let catalog = place.run(&["crash", "catalog", "store", ID]);
    assert!(!catalog.text().contains("browser"), "{catalog:?}");
}

#[test]
fn logs_go_to_standard_error() {
    let place = filled();
    let ls = place.run(&[
        "--log-level",
        "debug",
        "crash",
        "ls",
        "store",
        "--date",
        "2026-03-04",
    ]);
    assert_eq!((ls.code, ls.text()), (Some(0), format!("{ID}\n").as_str()));
    assert!(ls.err.contains("started: generation 1"), "{}", ls.err);
    let ls = place.run(&[
        "--log",
        "json",
        "--log-level",
        "info",
        "crash",
        "ls",
        "store",
    ]);
    for line in ls.err.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(
            line["message"].is_string() && line["level"].is_string(),
            "{line}"
        );
    }
    assert!(!ls.err.is_empty());
}
