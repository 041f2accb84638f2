//! No configuration, however it is made, takes memory out of proportion to its size, or time without end.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test; an allocator that counts is one"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use socorro_core::config::{Layers, SystemSecrets, to_toml};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn added(size: usize) {
    let live = LIVE.fetch_add(size, Ordering::Relaxed) + size;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        added(layout.size());
        // SAFETY: the caller's promise is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A small file takes this much at most.
const BASE: usize = 1 << 20;

/// Each byte of a file takes this much at most: a value of four bytes is a node with its place and its key, in
/// the layer, in the whole, and in the configuration.
const EACH: usize = 1500;

/// A busy machine is slow, but not this slow.
const LONGEST: Duration = Duration::from_secs(60);

/// Everything that is done with a file; what of it is wrong is said.
fn drive(path: &Path) {
    let errors = match Layers::new().file(path).load() {
        Err(errors) => errors,
        Ok(document) => match document.configuration() {
            Err(errors) => errors,
            Ok(configuration) => {
                let schema = serde_json::json!({ "properties": { "a": { "type": "integer" } } });
                for storage in configuration.storages.values() {
                    drop(storage.options.resolve(&schema, &SystemSecrets::default()));
                }
                drop(to_toml(&configuration, &|_| None));
                return;
            }
        },
    };
    let mut said = String::new();
    for error in errors.iter() {
        writeln!(said, "{error}").unwrap();
    }
    drop(serde_json::to_string(&errors));
    for error in errors.iter().take(50) {
        drop(error.snippet());
    }
}

fn check(what: &str, directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let started = Instant::now();
    drive(&path);
    let took = started.elapsed();
    let peak = PEAK.load(Ordering::Relaxed) - before;
    let most = BASE + EACH * text.len();
    println!("{what}: {} bytes, {peak} at most, {took:?}", text.len());
    assert!(
        peak <= most,
        "{what}: {peak} bytes for {} of text, more than {most}",
        text.len()
    );
    assert!(took < LONGEST, "{what}: {took:?}");
}

fn repeated(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn memory_is_bounded_by_the_size_of_the_input() {
    let place = tempfile::tempdir().unwrap();
    let here = place.path();
    let check = |what, text: &str| check(what, here, "a.toml", text);
    let many = 5000;
    check(
        "options",
        &format!(
            "[storage.a]\ntype = \"x\"\n{}",
            repeated(many, |n| format!("k{n}=1\n"))
        ),
    );
    check("unknown keys", &repeated(many, |n| format!("k{n}=1\n")));
    check(
        "storages",
        &repeated(many, |n| format!("[storage.s{n}]\ntype=\"x\"\n")),
    );
    check(
        "bad names",
        &repeated(many, |n| format!("[storage.S{n}]\n")),
    );
    check(
        "names in a list",
        &format!(
            "[storage.f]\ntype=\"fanout\"\nstores=[{}]",
            repeated(many, |n| format!("\"s{n}\","))
        ),
    );
    let dangling = |n| format!("[storage.s{n}]\ntype=\"fanout\"\nstores=[\"t{n}\",\"u{n}\"]\n");
    check("names that are not there", &repeated(1000, dangling));
    let chain = |n: usize| {
        format!(
            "[storage.s{n}]\ntype=\"fanout\"\nstores=[\"s{}\"]\n",
            (n + 1) % 1000
        )
    };
    check("a long circle", &repeated(1000, chain));
    let pipeline = |n| format!("[pipeline.p{n}]\nsource=\"a\"\nfrom=\"b\"\nto=[\"c\"]\n");
    check("pipelines of nothing", &repeated(1000, pipeline));
    let one = format!("[resource.r]\n{}", repeated(many, |n| format!("k{n}=1\n")));
    let takes = |n| format!("[storage.s{n}]\ntype=\"x\"\nuse=\"resource.r\"\n");
    check(
        "one taken over often",
        &format!("{one}{}", repeated(1000, takes)),
    );
    check("one line", &format!("a = [{}]", "1,".repeat(50_000)));
    check("one string", &format!("a = \"{}\"", "x".repeat(500_000)));
    check("broken lines", &"=\n".repeat(50_000));
    check("brackets", &"[".repeat(100_000));
    check("dots", &format!("{}a = 1", "a.".repeat(100_000)));
    check("quotes", &"\"".repeat(100_000));
    check("escapes", &format!("a = \"{}\"", "\\u0041".repeat(50_000)));
    check("twice", &"a = 1\n".repeat(20_000));
    let json = |what, text: &str| self::check(what, here, "a.json", text);
    json(
        "JSON list",
        &format!("{{\"a\":[{}1]}}", "1,".repeat(50_000)),
    );
    json(
        "JSON twice",
        &format!("{{{}\"a\":1}}", "\"a\":1,".repeat(20_000)),
    );
    json("JSON brackets", &"[".repeat(100_000));
    json(
        "JSON nulls",
        &format!("{{\"a\":[{}null]}}", "null,".repeat(20_000)),
    );
}
