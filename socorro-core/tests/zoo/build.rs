//! Breeds animals: compiles the C sources beside this file.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The file name of a plugin.
pub(crate) fn library_name(name: &str) -> String {
    format!("{DLL_PREFIX}socorro_plugin_{name}{DLL_SUFFIX}")
}

/// The library from one source in this directory.
pub(crate) fn compiled(source: &str, arguments: &[&str]) -> Vec<u8> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = tempfile::tempdir().unwrap();
    let library = directory.path().join("library");
    let output = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC"])
        .args(["-shared", "-pthread", "-fvisibility=hidden"])
        .args(arguments)
        .arg("-I")
        .arg(manifest.join("include"))
        .arg(manifest.join("tests/zoo").join(source))
        .arg("-o")
        .arg(&library)
        .output()
        .expect("a C compiler is there as cc");
    assert!(
        output.status.success(),
        "{source}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::read(library).unwrap()
}

/// A plugin with nothing wrong.
pub(crate) fn sound() -> Vec<u8> {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    SOUND.get_or_init(|| compiled("sound.c", &[])).clone()
}

/// A plugin with nothing wrong, called `zoo`.
pub(crate) fn healthy() -> Vec<u8> {
    static HEALTHY: OnceLock<Vec<u8>> = OnceLock::new();
    HEALTHY.get_or_init(|| compiled("healthy.c", &[])).clone()
}

/// The animal of this source.
pub(crate) fn animal(source: &'static str) -> impl FnOnce() -> Vec<u8> {
    move || compiled(source, &[])
}

/// The healthy plugin with some of the names in `exports.h` defined otherwise: `NAME=VALUE` each.
pub(crate) fn mutant(definitions: &'static [&'static str]) -> impl FnOnce() -> Vec<u8> {
    move || {
        let arguments: Vec<String> = definitions
            .iter()
            .map(|definition| format!("-D{definition}"))
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        compiled("healthy.c", &arguments)
    }
}

/// The healthy plugin after an accident.
pub(crate) fn hurt(accident: impl FnOnce(&mut Vec<u8>) + 'static) -> impl FnOnce() -> Vec<u8> {
    move || {
        let mut library = healthy();
        accident(&mut library);
        library
    }
}

/// The plugin in `panics/`, built apart from this test, so that their features do not mix.
pub(crate) fn panics() -> Vec<u8> {
    static PANICS: OnceLock<Vec<u8>> = OnceLock::new();
    PANICS.get_or_init(build_panics).clone()
}

fn build_panics() -> Vec<u8> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("zoo");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "socorro-zoo-panics"])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(status.unwrap().success());
    let file = format!("{DLL_PREFIX}socorro_zoo_panics{DLL_SUFFIX}");
    std::fs::read(target.join("debug").join(file)).unwrap()
}
