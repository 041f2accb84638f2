use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A directory of ours with a file in it, and the way there as it is on disk.
fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    fs::create_dir_all(root.join("plugins")).unwrap();
    fs::write(root.join("plugins/library"), "").unwrap();
    chmod(&root.join("plugins"), 0o755);
    chmod(&root.join("plugins/library"), 0o644);
    (directory, root)
}

fn message(result: Result<()>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    error.to_string()
}

#[test]
fn what_only_we_can_change_is_fine() {
    let (_directory, root) = place();
    let file = root.join("plugins/library");
    check_file(&file, &fs::metadata(&file).unwrap()).unwrap();
    check_directories(&file).unwrap();
}

#[test]
fn a_file_that_everybody_can_write_is_refused() {
    let (_directory, root) = place();
    let file = root.join("plugins/library");
    chmod(&file, 0o646);
    assert_eq!(
        message(check_file(&file, &fs::metadata(&file).unwrap())),
        format!(
            "plugin library {file} can be written by everybody (mode 0646), who could change what this \
             program runs; take that away: chmod o-w {file}",
            file = file.display()
        )
    );
}

#[test]
fn a_directory_that_everybody_can_write_is_refused_sticky_or_not() {
    let (_directory, root) = place();
    for mode in [0o777, 0o1777] {
        chmod(&root.join("plugins"), mode);
        let message = message(check_directories(&root.join("plugins/library")));
        let directory = root.join("plugins").display().to_string();
        assert!(
            message.starts_with(&format!("the directory {directory} ")),
            "{message}"
        );
        assert!(
            message.ends_with(&format!("chmod o-w {directory}")),
            "{message}"
        );
    }
}

#[test]
fn a_directory_above_may_be_sticky() {
    let (_directory, root) = place();
    chmod(&root, 0o1777);
    check_directories(&root.join("plugins/library")).unwrap();
    chmod(&root, 0o777);
    message(check_directories(&root.join("plugins/library")));
}

#[test]
fn every_directory_behind_a_link_counts() {
    let (_directory, root) = place();
    fs::create_dir(root.join("open")).unwrap();
    chmod(&root.join("open"), 0o777);
    symlink("../plugins/library", root.join("open/relative")).unwrap();
    symlink(root.join("open/relative"), root.join("plugins/absolute")).unwrap();
    symlink("plugins", root.join("through")).unwrap();
    for link in ["open/relative", "plugins/absolute", "through/absolute"] {
        let message = message(check_directories(&root.join(link)));
        assert!(message.contains("/open of a plugin library"), "{message}");
    }
    check_directories(&root.join("through/library")).unwrap();
    check_directories(&root.join("open/../through/../plugins/library")).unwrap();
}

#[test]
fn links_in_a_circle_are_refused() {
    let (_directory, root) = place();
    symlink("b", root.join("plugins/a")).unwrap();
    symlink("a", root.join("plugins/b")).unwrap();
    let message = message(check_directories(&root.join("plugins/a")));
    assert!(
        message.ends_with("more than 40 symbolic links"),
        "{message}"
    );
}

#[test]
fn owner_and_group_must_be_ours_or_roots() {
    let path = Path::new("/p");
    check_owner("it", path, 0, 1000).unwrap();
    check_owner("it", path, 1000, 1000).unwrap();
    assert_eq!(
        message(check_owner("it", path, 1001, 1000)),
        "it belongs to user 1001, who could change what this program runs; make it root's or this user's \
         own: chown 1000 /p"
    );
    check_mode("it", path, 0o775, 0, 1000).unwrap();
    check_mode("it", path, 0o775, 1000, 1000).unwrap();
    check_mode("it", path, 0o755, 1001, 1000).unwrap();
    assert!(message(check_mode("it", path, 0o775, 1001, 1000)).ends_with("chmod g-w /p"));
    assert!(message(check_mode("it", path, 0o777, 1001, 1000)).ends_with("chmod go-w /p"));
}
