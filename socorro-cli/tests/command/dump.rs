//! `config dump`: what is in force, and no secret.

use crate::support::{Done, Place, finish};
use crate::tree;

const CANARY: &str = "canary-7f3a";

#[test]
fn a_dump_loads_back_to_the_same_configuration() {
    let mut place = Place::new(&format!(
        "{}[redaction]\nforbidden_keys = [\"email\"]\n",
        tree::mover("a", "ack_and_delete")
    ));
    place
        .variables
        .push(("SOCORRO__LIMITS__DUMPS".to_owned(), "5".to_owned()));
    let set = [
        "--set",
        "storage.a.retry.policy=limited_backoff",
        "--set",
        "storage.a.retry.delays=[\"1s\"]",
    ];
    let toml = place.run(&[&set[..], &["config", "dump"]].concat());
    let json = place.run(&[&set[..], &["config", "dump", "--json"]].concat());
    assert!(toml.text().contains("dumps = 5"), "{}", toml.text());
    for (name, dump) in [("dumped.toml", &toml), ("dumped.json", &json)] {
        place.variables.clear();
        let file = place.write(name, dump.bytes());
        let again = |command: &[&str]| {
            let mut socorro = std::process::Command::new(env!("CARGO_BIN_EXE_socorro"));
            finish(socorro.arg("--config").arg(&file).args(command), b"")
        };
        // The same values, said by another file.
        let values = |dump: &Done| -> Vec<String> {
            let lines = dump.lines().into_iter();
            lines
                .filter(|line| !line.starts_with('#'))
                .map(str::to_owned)
                .collect()
        };
        if name == "dumped.toml" {
            assert_eq!(values(&again(&["config", "dump"])), values(&toml));
        }
        assert_eq!(again(&["config", "dump", "--json"]).bytes(), json.bytes());
        assert_eq!(
            again(&["config", "check"]).lines(),
            ["ok: 3 storages, 1 sources, 1 pipelines"]
        );
    }
}

#[test]
fn secrets_are_shown_as_references() {
    let mut place = Place::new(
        r#"
[storage.remote]
type = "s3"
bucket = "crashes"
access_key_id = "remote"
secret_access_key = { env = "REMOTE_SECRET" }
session_token = { file = "{}/token" }
"#,
    );
    place.write("token", CANARY);
    place
        .variables
        .push(("REMOTE_SECRET".to_owned(), CANARY.to_owned()));
    for arguments in [&["config", "dump"][..], &["config", "dump", "--json"]] {
        let dump = place.run(arguments);
        let text = String::from_utf8(dump.bytes().to_vec()).unwrap();
        assert!(!text.contains(CANARY), "{text}");
        for part in ["REMOTE_SECRET", "/token", "crashes"] {
            assert!(text.contains(part), "no {part:?} in: {text}");
        }
    }
}

#[test]
fn what_is_wrong_is_told_instead_of_shown() {
    let place = Place::new(
        r#"
[storage.remote]
type = "object_store"
password = "canary-7f3a"

[storage.disk]
type = "filesystem"
root = "/srv/crashes"
pw = "canary-7f3a"
"#,
    );
    for command in ["check", "dump"] {
        let done = place.run(&["config", command]);
        done.fails(
            2,
            &[
                "storage.remote.type: there is no plugin \"object_store\"",
                "storage.disk.pw: is no known option",
            ],
        );
        assert!(!done.err.contains(CANARY), "{}", done.err);
    }
    for key in ["storage.remote.password", "storage.disk.pw"] {
        let told = place.run(&["config", "explain", key]);
        assert!(
            told.text().contains("***") && !told.text().contains(CANARY),
            "{}",
            told.text()
        );
    }
}
