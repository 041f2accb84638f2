use std::ffi::c_void;

use super::*;
use crate::ErrorKind;

unsafe extern "C" fn create(
    _: *const abi::Create,
    _: *mut abi::Instance,
    _: *mut abi::Failure,
) -> u32 {
    1
}

unsafe extern "C" fn submit(
    _: *mut c_void,
    _: *const abi::Request,
    _: abi::Completion,
    _: *mut abi::Operation,
) {
}

unsafe extern "C" fn destroy(_: *mut c_void, _: u64) -> u32 {
    0
}

/// What reading a plugin gives that was changed so.
fn read(change: impl FnOnce(&mut abi::Plugin, &mut abi::Table)) -> Result<Facts> {
    let mut table = abi::Table {
        struct_size: size_of::<abi::Table>() as u32,
        reserved: 0,
        resources: None,
        create: Some(create),
        submit: Some(submit),
        destroy: Some(destroy),
    };
    let mut plugin = abi::Plugin {
        struct_size: size_of::<abi::Plugin>() as u32,
        abi_major: abi::MAJOR,
        abi_minor: abi::MINOR,
        kinds: abi::kind::STORAGE,
        reserved: 0,
        capabilities: u64::MAX,
        name: abi::Str::of("test_one"),
        version: abi::Str::of("1.2.3"),
        build: abi::Str::EMPTY,
        storage_options: abi::Str::of(r#"{"type": "object"}"#),
        source_options: abi::Str::EMPTY,
        table: std::ptr::null(),
    };
    plugin.table = &raw const table;
    change(&mut plugin, &mut table);
    // SAFETY: both live through the call, and what is wrong in them is found.
    unsafe { Facts::read(&raw const plugin) }
}

#[test]
fn a_sound_plugin_is_read() {
    let facts = read(|_, _| {}).unwrap();
    assert_eq!(
        (&*facts.name, &*facts.version, &*facts.build),
        ("test_one", "1.2.3", "")
    );
    assert_eq!(facts.kinds, [Kind::Storage]);
    assert_eq!(facts.capabilities, Capabilities::all());
    assert!(facts.storage_options.is_some() && facts.source_options.is_none());
}

#[test]
fn a_newer_minor_version_is_read() {
    let facts = read(|plugin, _| plugin.abi_minor = 99).unwrap();
    assert_eq!(facts.abi, (0, 99));
}

#[test]
fn unsound_plugins_are_refused_with_what_is_wrong() {
    type Change = fn(&mut abi::Plugin, &mut abi::Table);
    let cases: &[(&str, Change)] = &[
        ("built for version 7.", |plugin, _| plugin.abi_major = 7),
        ("12 bytes", |plugin, _| plugin.struct_size = 12),
        ("65536 bytes", |_, table| table.struct_size = 65536),
        ("table is a null pointer", |plugin, _| {
            plugin.table = std::ptr::null();
        }),
        ("`create`", |_, table| table.create = None),
        ("`submit`", |_, table| table.submit = None),
        ("`destroy`", |_, table| table.destroy = None),
        ("`create`", |_, table| table.struct_size = 8),
        ("neither", |plugin, _| plugin.kinds = 1 << 9),
        ("name", |plugin, _| plugin.name = abi::Str::EMPTY),
        ("name", |plugin, _| plugin.name = abi::Str::of("Test")),
        ("name", |plugin, _| plugin.name = abi::Str::of("a__b")),
        ("name", |plugin, _| plugin.name = abi::Str::of("../a")),
        ("null pointer", |plugin, _| {
            plugin.version = abi::Str {
                ptr: std::ptr::null(),
                len: 1,
            };
        }),
        ("schema", |plugin, _| {
            plugin.storage_options = abi::Str::EMPTY
        }),
        ("schema", |plugin, _| {
            plugin.storage_options = abi::Str::of("[]");
        }),
        ("as a source", |plugin, _| {
            plugin.kinds |= abi::kind::SOURCE;
        }),
    ];
    for (says, change) in cases {
        let error = read(change).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Plugin);
        assert!(error.message().contains(says), "{error} says not {says:?}");
    }
}
