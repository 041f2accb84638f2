use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

#[test]
fn a_file_is_roots_or_ours_and_nobody_elses_to_write() {
    for (mode, owner, fine) in [
        (0o100600, 1000, true),
        (0o100600, 0, true),
        (0o100444, 0, true),
        (0o100644, 1000, true),
        (0o100600, 1001, false),
        (0o100400, 1001, false),
        (0o100620, 1000, false),
        (0o100602, 0, false),
        (0o100666, 0, false),
    ] {
        assert_eq!(file(mode, owner, 1000).is_ok(), fine, "{mode:o} {owner}");
    }
    assert_eq!(
        file(0o100600, 1001, 1000).unwrap_err(),
        "belongs to user 1001, who can change it; chown 1000 it"
    );
    assert_eq!(
        file(0o100662, 0, 1000).unwrap_err(),
        "can be written by others (mode 0662); chmod go-w it"
    );
}

#[test]
fn a_directory_is_nobody_elses_to_write_unless_it_is_sticky() {
    for (mode, owner, fine) in [
        (0o40755, Some(0), true),
        (0o40700, Some(1000), true),
        (0o41777, Some(0), true),
        (0o41777, None, true),
        (0o40755, None, true),
        (0o40755, Some(1001), false),
        (0o41777, Some(1001), false),
        (0o40777, Some(0), false),
        (0o40775, Some(0), false),
        (0o40775, None, false),
        (0o40773, None, false),
    ] {
        assert_eq!(
            directory(mode, owner, 1000).is_ok(),
            fine,
            "{mode:o} {owner:?}"
        );
    }
}

#[test]
fn a_directory_that_was_looked_at_vouches_for_its_files_and_not_for_what_a_link_leads_to() {
    let root = tempfile::tempdir().unwrap();
    let (good, bad) = (root.path().join("good"), root.path().join("bad"));
    for (directory, mode) in [(&good, 0o755), (&bad, 0o777)] {
        fs::create_dir(directory).unwrap();
        fs::write(directory.join("secret"), "secret").unwrap();
        fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
    }
    fs::write(good.join("other"), "secret").unwrap();
    symlink(bad.join("secret"), good.join("link")).unwrap();

    let directories = Directories::default();
    for _ in 0..2 {
        for (path, fine) in [
            (good.join("secret"), true),
            (good.join("link"), false),
            (good.join("other"), true),
            (bad.join("secret"), false),
        ] {
            assert_eq!(
                directories
                    .look_at_those_of(&path, path.ends_with("link"))
                    .is_ok(),
                fine,
                "{path:?}"
            );
        }
    }
    // What was refused is looked at anew.
    fs::set_permissions(&bad, Permissions::from_mode(0o755)).unwrap();
    let link = good.join("link");
    directories.look_at_those_of(&link, true).unwrap();
}
