use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

#[test]
fn a_copy_is_private_and_read_only() {
    let place = tempfile::tempdir().unwrap();
    let stage = Stage::new(Some(&place.path().join("new"))).unwrap();
    let hash = ImageHash::of(b"code");
    let staged = stage.put(hash, b"code").unwrap();
    let copy = staged.path().to_owned();
    staged.keep();
    assert_eq!(fs::read(&copy).unwrap(), b"code");
    assert_eq!(
        copy.file_name().unwrap().to_str().unwrap(),
        format!("{hash}.so")
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!(mode(&copy), 0o400);
    assert_eq!(mode(copy.parent().unwrap()), 0o700);
    assert_eq!(mode(&place.path().join("new")), 0o700);

    // A second copy of the same bytes, also after one that was cut short.
    fs::write(copy.with_extension("partial"), "half").unwrap();
    let staged = stage.put(hash, b"code").unwrap();
    assert_eq!(staged.path(), copy);
    assert_eq!(fs::read_dir(copy.parent().unwrap()).unwrap().count(), 1);
    // It is not loaded after all.
    drop(staged);
    assert_eq!(fs::read_dir(copy.parent().unwrap()).unwrap().count(), 0);
}

#[test]
fn only_what_the_dead_left_is_swept() {
    let place = tempfile::tempdir().unwrap();
    let first = Stage::new(Some(place.path())).unwrap();
    let staged = first.put(ImageHash::of(b"code"), b"code").unwrap();
    let copy = staged.path().to_owned();
    staged.keep();
    let dead = place.path().join("process-1-00");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("library.so"), "old").unwrap();
    fs::create_dir(place.path().join("something")).unwrap();
    fs::write(place.path().join("process-file"), "").unwrap();
    symlink(
        place.path().join("something"),
        place.path().join("process-link"),
    )
    .unwrap();

    let second = Stage::new(Some(place.path())).unwrap();
    assert!(!dead.exists());
    assert!(copy.exists() && second.directory.exists());
    for kept in ["something", "process-file", "process-link"] {
        assert!(place.path().join(kept).exists(), "{kept}");
    }
    // The lock is all that tells a living process: without it the directory goes.
    let directory = first.directory.clone();
    drop(first);
    sweep(place.path());
    assert!(!directory.exists());
}

#[test]
fn a_place_that_will_not_do_is_named_with_the_option() {
    let place = tempfile::tempdir().unwrap();
    let open = place.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    symlink(place.path(), place.path().join("link")).unwrap();
    fs::write(place.path().join("file"), "").unwrap();
    let cases = [
        (
            open.clone(),
            "others can write it (mode 0777); take that away: chmod go-w ",
        ),
        (
            place.path().join("link"),
            "it is a symbolic link; name the directory itself",
        ),
        (place.path().join("file"), "it is not a directory"),
        (place.path().join("file/below"), "it cannot be made: "),
        (place.path().join("no/such"), "it cannot be made: "),
    ];
    for (option, why) in cases {
        let error = Stage::new(Some(&option)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let text = error.to_string();
        assert!(
            text.contains(&format!("{}: {why}", option.display())),
            "{text}"
        );
        assert!(text.contains("plugins.stage"), "{text}");
    }
}

#[test]
fn a_mount_without_execution_is_told() {
    let flags = StatVfsMountFlags::NOSUID;
    assert_eq!(check_mount(flags), Ok(()));
    let why = check_mount(flags | StatVfsMountFlags::NOEXEC).unwrap_err();
    assert!(why.starts_with("it is mounted noexec"), "{why}");
}
