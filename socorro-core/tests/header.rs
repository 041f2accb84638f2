//! `include/socorro_plugin.h` says what `plugin::abi` says: every struct, field, offset, size and constant, in
//! C11 and in C++17.
// Helpers of tests fail like tests; clippy's leave for tests ends at the functions marked so.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::mem::{offset_of, size_of};
use std::path::Path;
use std::process::Command;

use socorro_core::error::ErrorKind;
use socorro_core::plugin::abi::{self, kind, metric, op, settlement};
use socorro_core::storage::Capabilities;

const HEADER: &str = include_str!("../include/socorro_plugin.h");

/// Constants by their names in C.
fn constants() -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = Vec::new();
    macro_rules! constants {
        ($prefix:literal $module:ident { $($name:ident)* }) => {
            $(all.push((format!("SOCORRO_{}{}", $prefix, stringify!($name)), $module::$name.into()));)*
        };
    }
    constants!("ABI_" abi { MAJOR MINOR });
    constants!("" abi { LAYOUT_HASH HOST_SAME_IMAGE STATUS_OK STATUS_FAILED });
    constants!("OP_" op {
        SAVE_RAW_CRASH SAVE_PROCESSED_CRASH SAVE_RAW_AND_PROCESSED GET_RAW_CRASH GET_DUMP GET_DUMPS
        GET_DUMPS_AS_FILES GET_PROCESSED_CRASH CATALOG LIST DELETE HEALTH CLOSE RECEIVE SETTLE
    });
    constants!("SETTLEMENT_" settlement { ACK NACK GIVE_BACK });
    constants!("METRIC_" metric { COUNTER GAUGE HISTOGRAM });
    constants!("KIND_" kind { STORAGE SOURCE });
    for error in ErrorKind::ALL {
        let name = serde_json::to_value(error).unwrap();
        let name = name.as_str().unwrap().to_ascii_uppercase();
        all.push((format!("SOCORRO_ERROR_{name}"), error.code().into()));
    }
    for (name, bit) in Capabilities::all().iter_names() {
        all.push((format!("SOCORRO_CAN_{name}"), bit.bits()));
    }
    for (place, level) in ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].iter().zip(1..) {
        all.push((format!("SOCORRO_LOG_{place}"), level));
    }
    for (place, name) in (0..).zip(["APPLIED_NO", "APPLIED_YES", "APPLIED_UNKNOWN"]) {
        all.push((format!("SOCORRO_{name}"), place));
    }
    for (place, name) in (0..).zip(["SCOPE_ITEM", "SCOPE_STORE"]) {
        all.push((format!("SOCORRO_{name}"), place));
    }
    all
}

fn field_size<T, F>(_: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

fn assertions() -> String {
    let mut text = "#include \"socorro_plugin.h\"\n#ifdef __cplusplus\n#define _Static_assert static_assert\n#endif\n".to_owned();
    let mut same = |what: String, value: u64| {
        writeln!(text, "_Static_assert({what} == {value}u, \"{what}\");").unwrap();
    };
    macro_rules! structs {
        ($($type:ident $c:literal { $($field:ident)* })*) => {
            $(
                // Names every field, so that one that is added does not stay out of this test.
                let _ = |value: abi::$type| { let abi::$type { $($field: _),* } = value; };
                same(format!("sizeof({})", $c), size_of::<abi::$type>() as u64);
                $(
                    let c_field = stringify!($field);
                    same(format!("offsetof({}, {c_field})", $c), offset_of!(abi::$type, $field) as u64);
                    same(
                        format!("sizeof((({} *)0)->{c_field})", $c),
                        field_size(|value: &abi::$type| &value.$field) as u64,
                    );
                )*
            )*
        };
    }
    structs! {
        Str "socorro_str" { ptr len }
        Buf "socorro_buf" { ptr len owner release }
        Dump "socorro_dump" { name bytes path }
        Completion "socorro_completion" { ctx complete }
        Operation "socorro_operation" { ctx cancel release }
        Failure "socorro_failure" {
            struct_size kind retryable applied scope reserved retry_after_ms message details
        }
        Answer "socorro_answer" { struct_size status data dumps dumps_len failure }
        Request "socorro_request" {
            struct_size operation timeout_ms trace_parent crash_id name text directory raw_crash
            processed_crash dumps dumps_len token wait_ms count settlement
        }
        LogRecord "socorro_log_record" { struct_size level target message file line reserved }
        Metric "socorro_metric" { struct_size kind name labels value }
        Host "socorro_host" { struct_size abi_major abi_minor flags ctx log_level log metric }
        Create "socorro_create" {
            struct_size kind name options worker_threads blocking_threads timeout_ms
        }
        Instance "socorro_instance" { struct_size reserved ctx capabilities }
        Table "socorro_table" { struct_size reserved resources create submit destroy }
        Plugin "socorro_plugin" {
            struct_size abi_major abi_minor kinds reserved capabilities name version build storage_options
            source_options table
        }
        Note "socorro_note" {
            magic struct_size abi_major abi_minor layout_hash pointer_width byte_order
        }
    }
    for (name, value) in constants() {
        same(name, value);
    }
    // The macros, used as a plugin uses them.
    text.push_str(
        "SOCORRO_PLUGIN_NOTE(example);\n\
         SOCORRO_PLUGIN_ENTRY(example)(const socorro_host *host, socorro_failure *failure) {\n\
           socorro_str text = SOCORRO_STR(\"text\");\n\
           (void)host, (void)failure, (void)text;\n\
           return NULL;\n\
         }\n",
    );
    text
}

fn compiles(compiler: &str, arguments: &[&str], file: &str) {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join(file);
    std::fs::write(&source, assertions()).unwrap();
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let output = Command::new(compiler)
        .args(arguments)
        .args(["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"])
        .arg(include)
        .arg(&source)
        .output()
        .unwrap_or_else(|error| panic!("{compiler} cannot be run: {error}"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn it_agrees_in_c11() {
    compiles("cc", &["-std=c11", "-pedantic"], "check.c");
}

#[test]
fn it_agrees_in_cpp17() {
    compiles("c++", &["-std=c++17"], "check.cpp");
}

#[test]
fn it_defines_no_constant_that_is_not_ours() {
    let ours: BTreeSet<String> = constants().into_iter().map(|(name, _)| name).collect();
    let defined: BTreeSet<String> = HEADER
        .lines()
        .filter_map(|line| line.strip_prefix("#define SOCORRO_"))
        .filter_map(|rest| {
            let (name, value) = rest.split_once(' ')?;
            value
                .trim()
                .starts_with(|c: char| c.is_ascii_digit())
                .then(|| format!("SOCORRO_{name}"))
        })
        .collect();
    assert_eq!(defined, ours);
}

#[test]
fn it_has_every_number_of_the_abi() {
    let source = include_str!("../src/plugin/abi.rs");
    let defined: Vec<String> = constants().into_iter().map(|(name, _)| name).collect();
    for line in source.lines() {
        let Some((name, rest)) = line
            .trim()
            .strip_prefix("pub const ")
            .and_then(|rest| rest.split_once(": "))
        else {
            continue;
        };
        if rest.starts_with("u16") || rest.starts_with("u32") || rest.starts_with("u64") {
            assert!(
                defined.iter().any(|known| known.ends_with(name)),
                "{name} is not in this test, perhaps not in the header"
            );
        }
    }
}
