use std::path::PathBuf;

use socorro_core::ErrorKind;
use socorro_core::options::Tls;

use super::connector;

struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str, content: &str) -> Option<PathBuf> {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        Some(path)
    }
}

#[test]
fn an_authority_and_an_identity_are_read() {
    let (files, made) = (
        Files::new(),
        rcgen::generate_simple_self_signed(["db.example".to_owned()]).unwrap(),
    );
    let tls = Tls {
        ca_file: files.file("ca.pem", &made.cert.pem()),
        certificate_file: files.file("client.pem", &made.cert.pem()),
        key_file: files.file("client.key", &made.signing_key.serialize_pem()),
    };
    connector(&tls).map(drop).unwrap();
    connector(&Tls::default()).map(drop).unwrap();
}

#[test]
fn what_is_no_certificate_is_told_by_its_option() {
    let files = Files::new();
    let cases = [
        (
            files.file("empty.pem", ""),
            "tls.ca_file holds no certificate",
        ),
        (
            files.file(
                "text.pem",
                "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n",
            ),
            "tls.ca_file",
        ),
        (
            Some("/nowhere/ca.pem".into()),
            "tls.ca_file = /nowhere/ca.pem",
        ),
    ];
    for (ca_file, why) in cases {
        let tls = Tls {
            ca_file,
            ..Tls::default()
        };
        let error = connector(&tls).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(why), "{error}");
    }
}
