//! Secrets that were rotated: what is in a file is read again at every reload.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;

use socorro_core::live::{Outcome, Socorro};

use crate::scripted::script;
use crate::support::{File, plan};

/// Writes a secret beside the configuration, by rename as a rotation does.
fn rotate(file: &File, name: &str, secret: &str) {
    let path = file.path().with_file_name(name);
    let new = path.with_extension("new");
    std::fs::write(&new, secret).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(new, path).unwrap();
}

async fn changes(socorro: &Socorro) -> Vec<String> {
    plan(&socorro.reload().await)
}

#[tokio::test]
async fn a_file_with_another_secret_makes_a_new_instance_and_an_unchanged_one_none() {
    let file = File::new("");
    let secret = |name: &str| file.path().with_file_name(name).display().to_string();
    file.edit(&format!(
        "[storage.one]\ntype = \"scripted\"\ntag = \"rotate_one\"\npassword = {{ file = {:?} }}\n\
         [storage.two]\ntype = \"scripted\"\ntag = \"rotate_two\"\npassword = {{ file = {:?} }}",
        secret("one"),
        secret("two"),
    ));
    rotate(&file, "one", "first");
    rotate(&file, "two", "first");
    let socorro = file.start().await;
    let (one, two) = (script("rotate_one"), script("rotate_two"));
    let given = |script: &crate::scripted::Script| script.passwords.lock().unwrap().clone();

    let unchanged = socorro.reload().await;
    assert_eq!(unchanged.outcome, Outcome::Unchanged);
    // Written anew, with a line end, and the same secret all the same.
    rotate(&file, "one", "first\n");
    assert_eq!(socorro.reload().await.outcome, Outcome::Unchanged);

    rotate(&file, "one", "second");
    assert_eq!(
        changes(&socorro).await,
        ["replace storage.one", "keep storage.two"]
    );
    assert_eq!(given(&one), ["first", "second"]);
    assert_eq!(
        (given(&two), two.opened.load(Ordering::SeqCst)),
        (vec!["first".to_owned()], 1)
    );

    // Back to what it was: compared with what runs, not with what was once seen.
    rotate(&file, "one", "first");
    assert_eq!(
        changes(&socorro).await,
        ["replace storage.one", "keep storage.two"]
    );

    // A secret that cannot be had leaves everything as it is.
    std::fs::remove_file(secret("one")).unwrap();
    let refused = socorro.reload().await;
    assert_eq!(refused.outcome, Outcome::Refused);
    rotate(&file, "one", "first");
    assert_eq!(socorro.reload().await.outcome, Outcome::Unchanged);
    assert_eq!(one.opened.load(Ordering::SeqCst), 3);
    socorro.shutdown().await;
    assert_eq!(one.closed.load(Ordering::SeqCst), 3);
}
