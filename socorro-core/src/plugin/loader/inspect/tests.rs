use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;

/// A real library with the plugins `one` and `two`, made by the C compiler.
fn library() -> &'static [u8] {
    static LIBRARY: OnceLock<Vec<u8>> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        compile(
            &[plugin("one"), plugin("two")].concat(),
            &["-shared", "-fPIC"],
        )
    })
}

fn plugin(name: &str) -> String {
    let note = Note::THIS;
    format!(
        "struct note_{name} {{ char magic[8]; unsigned size; unsigned short major, minor; unsigned long long \
         hash; unsigned width, order; }};\n\
         const struct note_{name} socorro_plugin_note_{name} = {{ {{'S','O','C','O','R','R','O','P'}}, {}, {}, \
         {}, {}ull, {}, {} }};\n\
         const void *socorro_plugin_v0_{name}(const void *host, void *failure) {{ return 0; }}\n",
        note.struct_size,
        note.abi_major,
        note.abi_minor,
        note.layout_hash,
        note.pointer_width,
        note.byte_order,
    )
}

fn compile(source: &str, arguments: &[&str]) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("library");
    let mut compiler = Command::new("cc")
        .args(arguments)
        .args(["-x", "c", "-", "-o"])
        .arg(&output)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = compiler.stdin.take().unwrap();
    input.write_all(source.as_bytes()).unwrap();
    drop(input);
    assert!(compiler.wait().unwrap().success());
    std::fs::read(&output).unwrap()
}

#[test]
fn every_plugin_of_a_library_is_named() {
    let inspection = inspect(library()).unwrap();
    let names: Vec<&str> = inspection.plugins.keys().map(String::as_str).collect();
    assert_eq!(names, ["one", "two"]);
    assert!(inspection.plugins.values().all(|note| *note == Note::THIS));
}

#[test]
fn a_library_cut_anywhere_is_refused() {
    let library = library();
    for end in 0..library.len() {
        let defect = inspect(&library[..end]).unwrap_err();
        let expected = match end {
            0..4 => matches!(defect, Defect::NotALibrary),
            _ => matches!(defect, Defect::Truncated { size, .. } if size == end as u64),
        };
        assert!(expected, "cut at {end} of {}: {defect}", library.len());
    }
}

#[test]
fn what_is_no_library_is_told() {
    for bytes in [&b""[..], b"abc", b"#!/bin/sh\n", b"{\"json\": true}"] {
        assert_eq!(inspect(bytes), Err(Defect::NotALibrary));
    }
    #[cfg(not(target_os = "macos"))]
    assert_eq!(
        inspect(b"\xcf\xfa\xed\xfe............")
            .unwrap_err()
            .to_string(),
        "is a macOS library, this program runs on linux"
    );
}

#[test]
fn a_program_is_no_plugin() {
    let source = plugin("one") + "int main(void) { return 0; }\n";
    for arguments in [["-pie", "-fPIE"], ["-no-pie", "-fno-PIE"]] {
        let defect = inspect(&compile(&source, &arguments)).unwrap_err();
        assert_eq!(defect, Defect::OtherType("a program"));
    }
    let defect = inspect(&compile(&source, &["-c"])).unwrap_err();
    assert_eq!(defect, Defect::OtherType("an object file"));
}

#[test]
fn an_ordinary_library_is_told() {
    let shared = ["-shared", "-fPIC"];
    let defect = inspect(&compile("int answer(void) { return 42; }", &shared)).unwrap_err();
    assert_eq!(
        defect.to_string(),
        "exports no socorro_plugin_v0_* symbol: it is a library, but no plugin"
    );
    let defect = inspect(&compile(
        "void *socorro_plugin_v0_x(void) { return 0; }",
        &shared,
    ));
    assert_eq!(defect, Err(Defect::NoNote("x".to_owned())));
    let defect = inspect(&compile(
        "void *socorro_plugin_v0_X9(void) { return 0; }",
        &shared,
    ));
    assert_eq!(defect, Err(Defect::BadName("X9".to_owned())));
    let defect = inspect(&compile(
        "void *socorro_plugin_v7_x(void) { return 0; }",
        &shared,
    ));
    assert_eq!(defect, Err(Defect::OtherMajor("7_x".to_owned())));
    // A declaration is not enough.
    let source = "void *socorro_plugin_v0_x(void); void *f(void) { return socorro_plugin_v0_x(); }";
    assert_eq!(inspect(&compile(source, &shared)), Err(Defect::NoEntry));
    // A note in memory that is not in the file says nothing.
    let source =
        plugin("one") + "char socorro_plugin_note_two[32]; void socorro_plugin_v0_two(void) {}";
    let defect = inspect(&compile(&source, &shared));
    assert_eq!(defect, Err(Defect::NoteOutside("two".to_owned())));
}

#[test]
fn a_library_for_another_machine_is_told() {
    let cases: [(usize, &[u8], &str); 5] = [
        (18, &[0xb7, 0], "is for aarch64, this program is"),
        (18, &[0xff, 0xee], "is for machine 61183, this program is"),
        (4, &[1], "is a 32-bit library, this program is 64-bit"),
        (5, &[2], "is big-endian, this program is little-endian"),
        (4, &[9], "is damaged: its class"),
    ];
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        for (place, bytes, expected) in cases {
            let mut library = library().to_vec();
            library[place..place + bytes.len()].copy_from_slice(bytes);
            let defect = inspect(&library).unwrap_err().to_string();
            assert!(defect.starts_with(expected), "{defect}");
        }
    }
}

#[test]
fn a_note_that_does_not_fit_says_why() {
    let cases: [(usize, &[u8], &str); 8] = [
        (
            0,
            b"x",
            "has a note that is none: it does not start with \"SOCORROP\"",
        ),
        (
            8,
            &[31],
            "has a note of 31 bytes, too small for one; build the plugin again",
        ),
        (12, &[1], "was built for ABI 1.1, this host speaks 0.1; use"),
        (14, &[0], "was built for ABI 0.0, this host speaks 0.1; use"),
        (14, &[2], "was built for ABI 0.2, this host speaks 0.1; use"),
        (
            16,
            &[abi::LAYOUT_HASH as u8 ^ 1],
            "was built for ABI 0.1 with fields in another order (layout",
        ),
        (
            24,
            &[2],
            "has a note for 16-bit pointers, this program is 64-bit",
        ),
        (
            28,
            &[1, 2, 3, 4],
            "is big-endian, this program is little-endian",
        ),
    ];
    let place = library()
        .windows(8)
        .position(|window| window == abi::MAGIC)
        .unwrap();
    for (offset, bytes, expected) in cases {
        let mut library = library().to_vec();
        library[place + offset..][..bytes.len()].copy_from_slice(bytes);
        let defect = inspect(&library).unwrap_err().to_string();
        assert!(defect.starts_with(expected), "{defect}");
    }
}

#[test]
fn a_library_without_sections_is_told() {
    let mut library = library().to_vec();
    library[40..48].fill(0);
    assert_eq!(inspect(&library), Err(Defect::NoSections));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_bytes_make_it_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..24),
        headers in proptest::collection::vec((0usize..0x400, any::<u8>()), 0..8),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut library = library().to_vec();
        for (place, byte) in changes {
            let place = place.index(library.len());
            library[place] = byte;
        }
        for (place, byte) in headers {
            library[place] = byte;
        }
        if cut {
            library.truncate(end.index(library.len()));
        }
        if let Ok(inspection) = inspect(&library) {
            prop_assert!(!cut);
            prop_assert!(inspection.plugins.keys().all(|name| is_plugin_name(name)));
            prop_assert!(inspection.plugins.values().all(|note| check_note(note).is_ok()));
        }
    }

    #[test]
    fn no_wild_number_makes_it_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            Just(u64::MAX), Just(u64::MAX >> 1), Just(1 << 63), Just(0), any::<u64>(),
        ]), 1..4),
    ) {
        let mut library = library().to_vec();
        for (place, value) in changes {
            let place = place.index(library.len() / 8 - 1) * 8;
            library[place..place + 8].copy_from_slice(&value.to_ne_bytes());
        }
        let _ = inspect(&library);
    }

    #[test]
    fn rubbish_behind_a_magic_number_does_not_make_it_panic(
        magic in prop::sample::select(vec![
            *b"\x7fELF", *b"\xcf\xfa\xed\xfe", *b"\xca\xfe\xba\xbe", *b"\xca\xfe\xba\xbf",
        ]),
        rest in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let bytes = [&magic[..], &rest].concat();
        prop_assert!(inspect(&bytes).is_err());
        prop_assert!(macho::symbols(&bytes).map_or(true, |symbols| judge(&symbols).is_err()));
    }
}

/// The smallest Mach-O library with one plugin, for this processor.
fn macho_library(note: &Note) -> Vec<u8> {
    const HEADER: usize = 32;
    const SEGMENT: usize = 72;
    const SYMTAB: usize = 24;
    let data = HEADER + SEGMENT + SYMTAB;
    let symbols = data + size_of::<Note>();
    let strings = symbols + 2 * 16;
    let names = b"\0_socorro_plugin_note_one\0_socorro_plugin_v0_one\0";
    let cpu: u32 = if cfg!(target_arch = "aarch64") {
        0x0100_000c
    } else {
        0x0100_0007
    };
    let mut library = Vec::new();
    let mut words = |values: &[u32]| {
        for value in values {
            library.extend(value.to_ne_bytes());
        }
    };
    let end = (strings + names.len()) as u32;
    words(&[0xfeed_facf, cpu, 0, 6, 2, (SEGMENT + SYMTAB) as u32, 0, 0]);
    // One segment that maps the whole file at the address 0x1000.
    words(&[0x19, SEGMENT as u32, 0, 0, 0, 0]);
    words(&[0x1000, 0, end, 0, 0, 0, end, 0, 0, 0, 0, 0]);
    words(&[
        2,
        SYMTAB as u32,
        symbols as u32,
        2,
        strings as u32,
        names.len() as u32,
    ]);
    let Note {
        magic,
        struct_size,
        abi_major,
        abi_minor,
        layout_hash,
        pointer_width,
        byte_order,
    } = *note;
    library.extend(magic);
    library.extend(struct_size.to_ne_bytes());
    library.extend(abi_major.to_ne_bytes());
    library.extend(abi_minor.to_ne_bytes());
    library.extend(layout_hash.to_ne_bytes());
    library.extend(pointer_width.to_ne_bytes());
    library.extend(byte_order.to_ne_bytes());
    for (name, address) in [(1u32, 0x1000 + data as u64), (26, 0x1000)] {
        library.extend(name.to_ne_bytes());
        // Defined in section 1, external.
        library.extend([0x0f, 1, 0, 0]);
        library.extend(address.to_ne_bytes());
    }
    library.extend(names);
    library
}

#[cfg(target_endian = "little")]
#[test]
fn a_macos_library_is_read_as_well() {
    let library = macho_library(&Note::THIS);
    let plugins = judge(&macho::symbols(&library).unwrap()).unwrap().plugins;
    assert_eq!(plugins, BTreeMap::from([("one".to_owned(), Note::THIS)]));
    for end in 4..library.len() {
        assert!(macho::symbols(&library[..end]).is_err(), "cut at {end}");
    }
    let newer = macho_library(&Note {
        abi_major: 3,
        ..Note::THIS
    });
    let defect = judge(&macho::symbols(&newer).unwrap());
    assert_eq!(defect, Err(Defect::OtherAbi { major: 3, minor: 1 }));
}
