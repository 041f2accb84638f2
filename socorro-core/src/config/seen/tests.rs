use std::fs;

use tempfile::{TempDir, tempdir};

use super::*;

fn layers(directory: &TempDir) -> Layers {
    Layers::new().file(directory.path().join("socorro.toml"))
}

fn look(directory: &TempDir) -> Look {
    Look::take(&layers(directory), &SystemSecrets::default())
}

fn write(directory: &TempDir, name: &str, text: impl AsRef<[u8]>) {
    let path = directory.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A configuration with everything that can be read for it.
fn whole() -> TempDir {
    let directory = tempdir().unwrap();
    let secret = directory.path().join("secret");
    write(&directory, "secret", "first");
    write(&directory, "conf.d/10.toml", "[limits]\ndumps = 3");
    write(&directory, "more.toml", "[limits]\ncrash_size = \"1MiB\"");
    let text = format!(
        "include = [\"conf.d\", \"more.toml\", \"any/*.toml\"]\n\
         [storage.a]\ntype = \"x\"\npassword = {{ file = {secret:?} }}\n"
    );
    write(&directory, "socorro.toml", text);
    directory
}

#[test]
fn sees_every_file_that_a_reload_reads() {
    let directory = whole();
    let before = look(&directory);
    assert_eq!(before, look(&directory));
    type Edit = fn(&TempDir);
    let edits: [Edit; 7] = [
        |directory| write(directory, "more.toml", "[limits]\ncrash_size = \"2MiB\""),
        |directory| write(directory, "conf.d/10.toml", ""),
        |directory| write(directory, "conf.d/20.toml", ""),
        |directory| write(directory, "any/1.toml", ""),
        |directory| write(directory, "secret", "second"),
        |directory| fs::remove_file(directory.path().join("more.toml")).unwrap(),
        |directory| write(directory, "socorro.toml", "[storage"),
    ];
    for edit in edits {
        let directory = whole();
        let before = look(&directory);
        let read = Read::of(&layers(&directory));
        edit(&directory);
        let after = look(&directory);
        assert_ne!(before, after);
        assert_eq!(after, look(&directory));
        // A file that cannot be parsed was never adopted.
        assert!(!read.is_the_same());
    }
}

/// What an attempt read.
struct Read {
    files: Files,
    secrets: Vec<SecretPrint>,
}

impl Read {
    fn of(layers: &Layers) -> Self {
        let recorder = Recorder::default();
        let document = layers.recorded_by(&recorder).load().unwrap();
        let mut references = Vec::new();
        document
            .root()
            .values()
            .for_each(|node| collect(node, &mut references));
        let print = |reference: &SecretRef| SecretPrint {
            key: "storage.a.password".to_owned(),
            reference: reference.clone(),
            origin: super::super::origin::Origin::Together,
            fingerprint: fingerprint_of_text(&SystemSecrets::default().read(reference).unwrap())
                .unwrap(),
        };
        Self {
            secrets: references.iter().map(print).collect(),
            files: recorder.take(),
        }
    }

    fn is_the_same(&self) -> bool {
        let secrets = SystemSecrets::default();
        let prints = self.secrets.iter();
        reads_the_same(&self.files, 1024 * 1024, &secrets, prints)
    }
}

#[test]
fn a_pattern_that_matches_its_own_file_is_always_read_anew() {
    let directory = tempdir().unwrap();
    write(&directory, "socorro.toml", "include = [\"*.toml\"]");
    assert!(!Read::of(&layers(&directory)).is_the_same());
    write(&directory, "socorro.toml", "include = [\"m*.toml\"]");
    assert!(Read::of(&layers(&directory)).is_the_same());
}

#[test]
fn what_does_not_change_what_is_read_is_not_seen() {
    let directory = whole();
    let before = look(&directory);
    let read = Read::of(&layers(&directory));
    for name in ["socorro.toml", "more.toml", "secret"] {
        let path = directory.path().join(name);
        let same = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, same).unwrap();
        let long_ago = std::time::UNIX_EPOCH;
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    write(&directory, "conf.d/.10.toml.swp", "of an editor");
    write(&directory, "conf.d/README", "not read");
    // A line end at the end of a secret does not count for a reload either.
    write(&directory, "secret", "first\n");
    assert_eq!(before, look(&directory));
    assert!(read.is_the_same());
}

#[test]
fn a_reference_in_a_flag_or_a_credential_is_followed_too() {
    let directory = tempdir().unwrap();
    write(&directory, "flag", "first");
    write(&directory, "credential", "first");
    let flag = directory.path().join("flag");
    let layers = Layers::new()
        .set(format!("storage.a.password={{ file = {flag:?} }}"))
        .set("storage.b.password.credential=credential");
    let secrets = SystemSecrets::with_credentials(directory.path());
    for name in ["flag", "credential"] {
        let before = Look::take(&layers, &secrets);
        write(&directory, name, "second");
        assert_ne!(before, Look::take(&layers, &secrets), "{name}");
    }
}

#[test]
fn an_attempt_that_read_something_else_is_told_from_one_that_did_not() {
    let directory = whole();
    let seen = look(&directory);
    let recorder = Recorder::default();
    let layers = layers(&directory).recorded_by(&recorder);
    layers.load().unwrap();
    assert!(seen.has_files(&recorder.take()));
    write(&directory, "conf.d/10.toml", "[limits]\ndumps = 4");
    layers.load().unwrap();
    assert!(!seen.has_files(&recorder.take()));

    let print = |secret| SecretPrint {
        key: "storage.a.password".to_owned(),
        reference: seen.secrets.keys().next().unwrap().clone(),
        origin: super::super::origin::Origin::Together,
        fingerprint: crate::config::fingerprint::fingerprint(&serde_json::json!(secret)).unwrap(),
    };
    assert!(seen.has_secrets([&print("first")].into_iter()));
    assert!(!seen.has_secrets([&print("second")].into_iter()));
    let of_a_variable = SecretPrint {
        reference: SecretRef::Env("X".to_owned()),
        ..print("any")
    };
    assert!(seen.has_secrets([&of_a_variable].into_iter()));
}

#[test]
fn tells_a_file_that_was_emptied() {
    let directory = whole();
    write(&directory, "conf.d/00.toml", "");
    let before = look(&directory);
    assert!(!look(&directory).lost_content_since(&before));
    write(&directory, "conf.d/05.toml", "");
    assert!(!look(&directory).lost_content_since(&before));
    write(&directory, "more.toml", "");
    assert!(look(&directory).lost_content_since(&before));
    fs::remove_file(directory.path().join("more.toml")).unwrap();
    assert!(!look(&directory).lost_content_since(&before));
}

#[test]
fn shows_no_secret() {
    let directory = whole();
    assert!(!format!("{:?}", look(&directory)).contains("first"));
}
