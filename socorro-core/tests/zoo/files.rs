//! Files that are no library, or not for this process. None of them gets near the linker.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use socorro_core::plugin::loader::resident_images;

use crate::build::{compiled, healthy, hurt, library_name};
use crate::cage::{Cage, Zoo, told};

/// The refusal of the plugin `zoo`, without the place where it is. Nothing was loaded.
async fn refusal(zoo: &Zoo) -> String {
    let error = told(&zoo.refused().await);
    assert!(resident_images().is_empty());
    error.replace(&zoo.library("zoo").display().to_string(), "ZOO")
}

fn of_bytes(bytes: &'static [u8]) -> String {
    Cage::new().plugin("zoo", || bytes.to_vec()).visit(refusal)
}

#[test]
fn text() {
    let expected = "InvalidConfig: plugin library ZOO is not a shared library";
    assert_eq!(of_bytes(b"this is no library\n"), expected);
}

#[test]
fn an_empty_file() {
    let expected = "InvalidConfig: plugin library ZOO is not a shared library";
    assert_eq!(of_bytes(b""), expected);
}

#[test]
fn a_directory() {
    let said = Cage::new().visit(async |zoo| {
        fs::create_dir_all(zoo.library("zoo")).unwrap();
        refusal(zoo).await
    });
    assert_eq!(
        said,
        "InvalidConfig: plugin library ZOO cannot be read: it is a directory"
    );
}

#[test]
fn a_named_pipe() {
    let said = Cage::new().visit(async |zoo| {
        fs::create_dir_all(zoo.directory.join("plugins")).unwrap();
        let pipe = Command::new("mkfifo").arg(zoo.library("zoo")).status();
        assert!(pipe.unwrap().success());
        refusal(zoo).await
    });
    let expected = "InvalidConfig: plugin library ZOO cannot be read: it is not a regular file";
    assert_eq!(said, expected);
}

#[test]
fn nothing() {
    let said = Cage::new().visit(async |zoo| {
        fs::create_dir_all(zoo.directory.join("plugins")).unwrap();
        let by_path = zoo.library("zoo");
        let error = zoo.loader().load("zoo", Some(&by_path)).await.unwrap_err();
        let by_path = told(&error).replace(&by_path.display().to_string(), "ZOO");
        let plugins = zoo.directory.join("plugins").display().to_string();
        format!(
            "{by_path}\n{}",
            refusal(zoo).await.replace(&plugins, "PLUGINS")
        )
    });
    let file = library_name("zoo");
    assert_eq!(
        said,
        format!(
            "InvalidConfig: plugin library ZOO cannot be read: there is no such file\n\
             InvalidConfig: there is no plugin \"zoo\": no {file} in PLUGINS; plugins that are there: none. The \
             directories are the option plugins.path; a library elsewhere is given with library = \"...\""
        )
    );
}

#[test]
fn a_file_that_is_too_large() {
    let said = Cage::new().plugin("zoo", healthy).visit(async |zoo| {
        // Sparse: it takes no room.
        let file = fs::File::options()
            .write(true)
            .open(zoo.library("zoo"))
            .unwrap();
        file.set_len((512 << 20) + 1).unwrap();
        refusal(zoo).await
    });
    assert_eq!(
        said,
        "InvalidConfig: plugin library ZOO cannot be read: it has 536870913 bytes, more than the 536870912 \
         that a plugin may have"
    );
}

#[test]
fn a_library_that_was_cut() {
    for part in 0..64 {
        let cut = hurt(move |library| library.truncate(library.len() * part / 64));
        let said = Cage::new().plugin("zoo", cut).visit(refusal);
        let expected = match part {
            0 => "InvalidConfig: plugin library ZOO is not a shared library",
            _ => "InvalidConfig: plugin library ZOO is truncated: ",
        };
        assert!(said.starts_with(expected), "{part}/64: {said}");
    }
}

#[cfg(all(
    target_os = "linux",
    target_pointer_width = "64",
    target_endian = "little"
))]
#[test]
fn a_library_for_another_machine() {
    const CASES: [(usize, &[u8], &str); 3] = [
        (18, &[0x15, 0], "is for powerpc64, this program is "),
        (4, &[1], "is a 32-bit library, this program is 64-bit"),
        (5, &[2], "is big-endian, this program is little-endian"),
    ];
    for (place, bytes, expected) in CASES {
        let foreign = hurt(move |library| library[place..][..bytes.len()].copy_from_slice(bytes));
        let said = Cage::new().plugin("zoo", foreign).visit(refusal);
        let expected = format!("InvalidConfig: plugin library ZOO {expected}");
        assert!(said.starts_with(&expected), "{said}");
    }
}

#[test]
fn a_program() {
    let program = || fs::read(std::env::current_exe().unwrap()).unwrap();
    let said = Cage::new().plugin("zoo", program).visit(refusal);
    assert_eq!(
        said,
        "InvalidConfig: plugin library ZOO is a program, not a shared library"
    );
}

#[test]
fn an_ordinary_library() {
    let ordinary = || compiled("healthy.c", &["-DNO_ENTRY", "-DNO_NOTE"]);
    let said = Cage::new().plugin("zoo", ordinary).visit(refusal);
    assert_eq!(
        said,
        "InvalidConfig: plugin library ZOO exports no socorro_plugin_v0_* symbol: it is a library, but no \
         plugin"
    );
}

#[test]
fn a_library_that_others_can_write() {
    let said = Cage::new().plugin("zoo", healthy).visit(async |zoo| {
        fs::set_permissions(zoo.library("zoo"), Permissions::from_mode(0o666)).unwrap();
        refusal(zoo).await
    });
    assert_eq!(
        said,
        "InvalidConfig: plugin library ZOO can be written by everybody (mode 0666), who could change what \
         this program runs; take that away: chmod o-w ZOO"
    );
}

#[test]
fn a_library_in_a_directory_that_others_can_write() {
    let said = Cage::new().plugin("zoo", healthy).visit(async |zoo| {
        let plugins = zoo.directory.join("plugins");
        fs::set_permissions(&plugins, Permissions::from_mode(0o777)).unwrap();
        refusal(zoo)
            .await
            .replace(&plugins.display().to_string(), "PLUGINS")
    });
    assert_eq!(
        said,
        "InvalidConfig: the directory PLUGINS of a plugin library can be written by everybody (mode 0777), \
         who could change what this program runs; take that away: chmod o-w PLUGINS"
    );
}
