//! The layout hash finds what no size does: a plugin built with a header whose fields are in another order.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use socorro_core::plugin::abi;

use crate::build::{compiled, library_name};
use crate::cage::{Cage, told};

/// Every type of version 0.1 with its fields, in the order in which they are hashed.
const TYPES: [(&str, &str); 16] = [
    ("str", "ptr len"),
    ("buf", "ptr len owner release"),
    ("dump", "name bytes path"),
    ("completion", "ctx complete"),
    ("operation", "ctx cancel release"),
    (
        "failure",
        "struct_size kind retryable applied scope reserved retry_after_ms message details",
    ),
    ("answer", "struct_size status data dumps dumps_len failure"),
    (
        "request",
        "struct_size operation timeout_ms trace_parent crash_id name text directory raw_crash processed_crash \
         dumps dumps_len token wait_ms count settlement",
    ),
    (
        "log_record",
        "struct_size level target message file line reserved",
    ),
    ("metric", "struct_size kind name labels value"),
    (
        "host",
        "struct_size abi_major abi_minor flags ctx log_level log metric",
    ),
    (
        "create",
        "struct_size kind name options worker_threads blocking_threads timeout_ms",
    ),
    ("instance", "struct_size reserved ctx capabilities"),
    (
        "table",
        "struct_size reserved resources create submit destroy",
    ),
    (
        "plugin",
        "struct_size abi_major abi_minor kinds reserved capabilities name version build storage_options \
         source_options table",
    ),
    (
        "note",
        "magic struct_size abi_major abi_minor layout_hash pointer_width byte_order",
    ),
];

/// The hash of what a C compiler makes of the header in this directory.
fn hash_of(include: &Path) -> u64 {
    let mut program = "#include \"socorro_plugin.h\"\n#include <stdio.h>\n\
                       static unsigned long long hash = 0xcbf29ce484222325u;\n\
                       static void mix(size_t value) { hash = (hash ^ value) * 0x100000001b3u; }\n\
                       int main(void) {\n"
        .to_owned();
    for (kind, fields) in TYPES {
        writeln!(program, "mix(sizeof(socorro_{kind}));").unwrap();
        for field in fields.split_whitespace() {
            writeln!(program, "mix(offsetof(socorro_{kind}, {field}));").unwrap();
        }
    }
    program += "printf(\"%016llx\", hash);\nreturn 0; }\n";
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("hash.c");
    fs::write(&source, program).unwrap();
    let binary = directory.path().join("hash");
    let compiler = Command::new("cc")
        .arg("-I")
        .args([include, &source])
        .arg("-o")
        .arg(&binary)
        .status();
    assert!(compiler.unwrap().success());
    let output = Command::new(&binary).output().unwrap();
    u64::from_str_radix(std::str::from_utf8(&output.stdout).unwrap(), 16).unwrap()
}

fn include() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/include"))
}

#[test]
fn the_header_has_the_hash_of_its_own_types() {
    assert_eq!(hash_of(include()), abi::LAYOUT_HASH);
}

#[test]
fn two_fields_that_changed_places() {
    let swapped = tempfile::tempdir().unwrap();
    let header = fs::read_to_string(include().join("socorro_plugin.h")).unwrap();
    // Both 16 bytes, one after the other.
    let (first, second) = (
        "  socorro_str crash_id;",
        "  socorro_str name;          /* a dump's",
    );
    assert_eq!(
        (
            header.matches(first).count(),
            header.matches(second).count()
        ),
        (1, 1)
    );
    let header = header
        .replace(first, "  socorro_str SECOND;")
        .replace(second, "  socorro_str crash_id; /* a dump's")
        .replace("  socorro_str SECOND;", "  socorro_str name;");
    fs::write(swapped.path().join("socorro_plugin.h"), header).unwrap();
    let hash = hash_of(swapped.path());
    assert_ne!(hash, abi::LAYOUT_HASH);

    let swapped = swapped.path().to_str().unwrap().to_owned();
    let breed = move || {
        compiled(
            "healthy.c",
            &["-I", &swapped, &format!("-DLAYOUT_HASH=0x{hash:x}u")],
        )
    };
    let said = Cage::new().plugin("zoo", breed).visit(async |zoo| {
        let library = zoo.directory.join("plugins").join(library_name("zoo"));
        told(&zoo.refused().await).replace(&library.display().to_string(), "ZOO")
    });
    assert_eq!(
        said,
        format!(
            "InvalidConfig: plugin library ZOO was built for ABI 0.1 with fields in another order (layout hash \
             {hash:016x}, this host's is {:016x}); build the plugin with the socorro_plugin.h or socorro-core of \
             this version",
            abi::LAYOUT_HASH
        )
    );
}
