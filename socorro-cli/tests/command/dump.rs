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
type = "object_store"
bucket = "crashes"
secret_access_key = { env = "REMOTE_SECRET" }
token = { file = "{}/token" }
password = "canary-7f3a"
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
        assert!(
            text.contains("REMOTE_SECRET") && text.contains("/token"),
            "{text}"
        );
        assert!(text.contains("***") && text.contains("crashes"), "{text}");
    }
    let check = place.run(&["config", "check"]);
    check.fails(
        2,
        &["storage.remote.type: there is no plugin \"object_store\""],
    );
    assert!(!check.err.contains(CANARY), "{}", check.err);
}
