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
