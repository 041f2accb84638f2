//! Runs the program and reads back what it wrote, with the crate that processors use.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use minidump::{
    Minidump, MinidumpException, MinidumpMemoryList, MinidumpModuleList, MinidumpSystemInfo,
    MinidumpThreadList, MinidumpThreadNames, Module,
};
use serde_json::Value;

/// Name, signal and crash reason of each way, in the order of the directories.
const WAYS: [(&str, &str, &str); 5] = [
    ("null-pointer", "SIGSEGV", "SIGSEGV / SEGV_MAPERR"),
    ("abort", "SIGABRT", "SIGABRT / SI_TKILL"),
    ("illegal-instruction", "SIGILL", "SIGILL / "),
    ("stack-overflow", "SIGSEGV", "SIGSEGV / SEGV_ACCERR"),
    ("panic", "SIGABRT", "SIGABRT / SI_TKILL"),
];

#[test]
fn every_way_crashes_for_real() {
    let temp = tempfile::tempdir().unwrap();
    let out = temp.path().join("new/crashes");
    let output = make_crashes(
        temp.path(),
        &["--out", out.to_str().unwrap(), "--each", "2"],
    );
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 10, "{text}");
    assert_eq!(names(&out).len(), 10);
    // No core file, nor anything else, where the program ran.
    assert_eq!(names(temp.path()), ["new"]);

    for (index, line) in text.lines().enumerate() {
        let (way, signal, reason) = WAYS[index % WAYS.len()];
        let dir = out.join(format!("crash-{index:03}"));
        let path = dir.join("upload_file_minidump.dump");
        let size = fs::metadata(&path).unwrap().len();
        let start = format!("crash-{index:03} {way} {signal} {size} bytes");
        assert!(
            line.starts_with(&start),
            "{line:?} should start with {start:?}"
        );

        check_crashed(&path, way, reason);
        check_raw(&dir.join("raw.json"), way, signal);
        let mut expected = vec!["raw.json", "upload_file_minidump.dump"];
        if way == "null-pointer" {
            expected.insert(0, "browser.dump");
            check_healthy(&dir.join("browser.dump"));
        }
        assert_eq!(names(&dir), expected, "{way}");
    }
}

#[test]
fn old_crashes_are_not_overwritten() {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("crash-000")).unwrap();
    let output = make_crashes(temp.path(), &["--out", "."]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("crash-000 (null-pointer)"), "{text}");
    assert!(names(&temp.path().join("crash-000")).is_empty());
}

#[test]
fn wrong_usage_is_explained() {
    let temp = tempfile::tempdir().unwrap();
    for (arguments, problem) in [
        (&[][..], "--out DIR is missing"),
        (&["--out"], "--out needs a directory"),
        (&["--out", "x", "--each", "0"], "is not a number above 0"),
        (&["--speed", "9"], "unknown argument \"--speed\""),
        (
            &["crash", "boredom"],
            "\"boredom\" is not a way of crashing",
        ),
    ] {
        let output = make_crashes(temp.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(problem) && text.contains("usage:"), "{text}");
    }
    assert!(names(temp.path()).is_empty());
}

/// Runs the program in a directory.
fn make_crashes(cwd: &Path, arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_make-crashes");
    Command::new(program)
        .args(arguments)
        .current_dir(cwd)
        .output()
        .unwrap()
}

/// The sorted names in a directory.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The minidump of a crashed process tells what happened, where and around it.
fn check_crashed(path: &Path, way: &str, reason: &str) {
    let dump = Minidump::read_path(path).unwrap();
    let system = dump.get_stream::<MinidumpSystemInfo>().unwrap();
    let exception = dump.get_stream::<MinidumpException>().unwrap();
    let found = exception
        .get_crash_reason(system.os, system.cpu)
        .to_string();
    assert!(found.starts_with(reason), "{way}: {found}");
    let address = exception.get_crash_address(system.os, system.cpu);
    match way {
        "null-pointer" => assert_eq!(address, 8),
        "illegal-instruction" | "stack-overflow" => assert_ne!(address, 0, "{way}"),
        _ => {}
    }

    let thread = exception.get_crashing_thread_id();
    let name = check_threads(&dump, thread, way);
    match way {
        "stack-overflow" => assert_eq!(name, "DOM Worker"),
        "panic" => assert_eq!(name, "Renderer"),
        _ => assert!("make-crashes".starts_with(&name), "{way}: {name}"),
    }
}

/// The minidump of the process beside a crash is no crash.
fn check_healthy(path: &Path) {
    let dump = Minidump::read_path(path).unwrap();
    let system = dump.get_stream::<MinidumpSystemInfo>().unwrap();
    let exception = dump.get_stream::<MinidumpException>().unwrap();
    let reason = exception
        .get_crash_reason(system.os, system.cpu)
        .to_string();
    assert!(reason.contains("DUMP_REQUESTED"), "{reason}");
    check_threads(&dump, exception.get_crashing_thread_id(), "browser");
}

/// What every dump holds: threads with names, stacks and registers, heap and modules. Returns
/// the name of the given thread.
fn check_threads(
    dump: &Minidump<'_, impl std::ops::Deref<Target = [u8]>>,
    thread: u32,
    what: &str,
) -> String {
    let threads = dump.get_stream::<MinidumpThreadList>().unwrap();
    assert!(
        threads.threads.len() >= 4,
        "{what}: {} threads",
        threads.threads.len()
    );
    assert!(threads.get_thread(thread).is_some(), "{what}");

    let memory = dump.get_stream::<MinidumpMemoryList>().unwrap();
    let holds = |text: &str| {
        let mut blocks = memory.iter();
        blocks.any(|block| {
            block
                .bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        })
    };
    assert!(holds("record 00042: café"), "{what}: no heap");
    assert!(holds("CompositorCompositor"), "{what}: no stacks");

    let names = dump.get_stream::<MinidumpThreadNames>().unwrap();
    for expected in ["Compositor", "Socket Thread", "StyleThread#0"] {
        let mut all = threads
            .threads
            .iter()
            .filter_map(|one| names.get_name(one.raw.thread_id));
        assert!(
            all.any(|name| name == expected),
            "{what}: no thread {expected}"
        );
    }
    let modules = dump.get_stream::<MinidumpModuleList>().unwrap();
    assert!(
        modules
            .main_module()
            .unwrap()
            .code_file()
            .ends_with("make-crashes"),
        "{what}"
    );
    names.get_name(thread).unwrap().into_owned()
}

/// The annotations are an object of strings, of a realistic size and without an id.
fn check_raw(path: &Path, way: &str, signal: &str) {
    let bytes = fs::read(path).unwrap();
    assert!(
        (1_000..3_000).contains(&bytes.len()),
        "{way}: {} bytes",
        bytes.len()
    );
    let raw: Value = serde_json::from_slice(&bytes).unwrap();
    let raw = raw.as_object().unwrap();
    assert!(raw.values().all(Value::is_string), "{way}: {raw:?}");
    assert!(!raw.contains_key("uuid"));
    assert_eq!(raw["crashing_signal"], signal);
    assert!(raw["Comments"].as_str().unwrap().contains("naïve café 💥"));
    assert!(
        raw["submitted_timestamp"]
            .as_str()
            .unwrap()
            .ends_with("+00:00")
    );
    let environment = raw["TelemetryEnvironment"].as_str().unwrap();
    assert!(
        serde_json::from_str::<Value>(environment)
            .unwrap()
            .is_object()
    );
    assert_eq!(
        raw.contains_key("additional_minidumps"),
        way == "null-pointer"
    );
    if way == "panic" {
        let reason = raw["MozCrashReason"].as_str().unwrap();
        assert!(reason.starts_with("tile 7 is outside of"), "{reason}");
        assert!(
            raw["AbortMessage"]
                .as_str()
                .unwrap()
                .contains("'Renderer' panicked at")
        );
    } else {
        assert!(!raw.contains_key("MozCrashReason"), "{way}");
    }
}
