use super::*;

fn file(path: &std::path::Path) -> Result<String, String> {
    SystemSecrets::default()
        .read(&SecretRef::File(path.to_owned()))
        .map(|secret| secret.to_string())
        .map_err(|wrong| wrong.message)
}

#[cfg(unix)]
fn chmod(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn one_line_end_is_taken_off_a_file() {
    for (text, secret) in [
        ("hush", "hush"),
        ("hush\n", "hush"),
        ("hush\r\n", "hush"),
        ("hush\n\n", "hush\n"),
        (" hush ", " hush "),
    ] {
        let files = Files::new(&[("s", text)]);
        #[cfg(unix)]
        chmod(&files.path("s"), 0o600);
        assert_eq!(file(&files.path("s")).unwrap(), secret);
    }
}

#[test]
fn a_file_is_read_again_each_time() {
    let files = Files::new(&[("s", "one")]);
    #[cfg(unix)]
    chmod(&files.path("s"), 0o600);
    assert_eq!(file(&files.path("s")).unwrap(), "one");
    files.write("s", "two");
    assert_eq!(file(&files.path("s")).unwrap(), "two");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_write_is_refused_and_one_they_can_read_is_not() {
    let files = Files::new(&[("s", "hush")]);
    let path = files.path("s");
    for (mode, good) in [
        (0o600, true),
        (0o640, true),
        (0o644, true),
        (0o620, false),
        (0o602, false),
    ] {
        chmod(&path, mode);
        let read = file(&path);
        assert_eq!(read.is_ok(), good, "{mode:o}");
        if !good {
            assert_eq!(
                read.unwrap_err(),
                format!(
                    "the secret file {} can be written by others (mode {mode:04o}); chmod go-w it",
                    path.display()
                )
            );
        }
    }
}

#[test]
fn what_is_no_secret_file_is_refused() {
    let files = Files::new(&[("empty", "\n"), ("large", &"x".repeat(70_000))]);
    files.write("binary", [0xff, 0xfe]);
    for (name, why) in [
        ("empty", "is empty"),
        ("large", "has more than 65536 bytes, which is the limit"),
        ("binary", "is not UTF-8"),
        ("", "is not a regular file"),
        (
            "missing",
            "cannot be read: No such file or directory (os error 2)",
        ),
    ] {
        let path = files.path(name);
        if path.is_file() {
            #[cfg(unix)]
            chmod(&path, 0o600);
        }
        assert_eq!(
            file(&path).unwrap_err(),
            format!("the secret file {} {why}", path.display())
        );
    }
}

#[test]
fn credentials_are_files_of_their_directory() {
    let files = Files::new(&[("db", "hush"), ("sub/db", "other")]);
    #[cfg(unix)]
    chmod(&files.path("db"), 0o600);
    let secrets = SystemSecrets::with_credentials(files.path(""));
    let read = |name: &str| {
        secrets
            .read(&SecretRef::Credential(name.to_owned()))
            .map(|secret| secret.to_string())
            .map_err(|wrong| wrong.message)
    };
    assert_eq!(read("db").unwrap(), "hush");
    for name in ["sub/db", "../x", "..", ".", "", "/etc/hostname"] {
        assert_eq!(
            read(name).unwrap_err(),
            format!("{name:?} is no name of a credential")
        );
    }
    let none = SystemSecrets::default().read(&SecretRef::Credential("db".to_owned()));
    assert_eq!(
        none.unwrap_err().message,
        "there is no credentials directory; set LoadCredential= in the systemd unit"
    );
}

#[test]
fn variables_are_read_from_the_process() {
    let read = |name: &str| {
        SystemSecrets::default()
            .read(&SecretRef::Env(name.to_owned()))
            .map(|secret| secret.to_string())
            .map_err(|wrong| wrong.message)
    };
    assert_eq!(read("PATH").unwrap(), std::env::var("PATH").unwrap());
    assert_eq!(
        read("SOCORRO_TEST_NEVER_SET").unwrap_err(),
        "the environment variable SOCORRO_TEST_NEVER_SET is not set"
    );
    for name in ["", "A=B", "A\0B"] {
        assert_eq!(
            read(name).unwrap_err(),
            format!("{name:?} is no name of a variable")
        );
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_warned_about() {
    let files = Files::new(&[("s", "hush")]);
    for (mode, warnings) in [(0o640, 0), (0o644, 1)] {
        chmod(&files.path("s"), mode);
        let warned = warned(|| drop(file(&files.path("s")).unwrap()));
        assert_eq!(warned.len(), warnings, "{warned:?}");
        assert!(!warned.concat().contains("hush"));
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_replace_is_refused() {
    let files = Files::new(&[("d/s", "hush")]);
    let (path, directory) = (files.path("d/s"), files.path("d"));
    chmod(&path, 0o600);
    for (mode, good) in [
        (0o755, true),
        (0o1777, true),
        (0o777, false),
        (0o775, false),
        (0o757, false),
    ] {
        chmod(&directory, mode);
        let read = file(&path);
        assert_eq!(read.is_ok(), good, "{mode:o}");
        if !good {
            assert_eq!(
                read.unwrap_err(),
                format!(
                    "the secret file {} can be replaced: the directory {} can be written by others (mode \
                     {mode:04o}); chmod go-w it",
                    path.display(),
                    directory.canonicalize().unwrap().display()
                )
            );
        }
    }
}

/// As Kubernetes mounts them: the name is a link into what a link leads to, which is swapped.
#[cfg(unix)]
#[test]
fn links_are_followed_and_what_they_lead_to_is_checked() {
    use std::os::unix::fs::symlink;
    let files = Files::new(&[("mount/..1/db", "one"), ("mount/..2/db", "two")]);
    for version in ["mount/..1", "mount/..2"] {
        chmod(&files.path(version), 0o755);
        chmod(&files.path(&format!("{version}/db")), 0o600);
    }
    let mount = files.path("mount");
    chmod(&mount, 0o1777);
    symlink("..1", mount.join("..data")).unwrap();
    symlink("..data/db", mount.join("db")).unwrap();
    assert_eq!(file(&mount.join("db")).unwrap(), "one");
    symlink("..2", mount.join("..new")).unwrap();
    std::fs::rename(mount.join("..new"), mount.join("..data")).unwrap();
    assert_eq!(file(&mount.join("db")).unwrap(), "two");

    chmod(&mount.join("..2/db"), 0o666);
    assert!(file(&mount.join("db")).unwrap_err().contains("mode 0666"));
    chmod(&mount.join("..2/db"), 0o600);
    chmod(&mount.join("..2"), 0o777);
    assert!(
        file(&mount.join("db"))
            .unwrap_err()
            .contains("..2 can be written")
    );
    chmod(&mount.join("..2"), 0o755);
    chmod(&mount, 0o777);
    assert!(
        file(&mount.join("db"))
            .unwrap_err()
            .contains("mount can be written")
    );
}
