//! Secrets that are where they belong, in a program that starts, reloads and fails.

use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use socorro_core::config::Layers;
use socorro_core::live::{Builder, Outcome, Socorro};
use socorro_core::transaction::{ManualClock, NoJitter};
use socorro_testkit::canary;
use tempfile::TempDir;

use crate::guarded::{OPENED, PLUGIN};
use crate::heard::{assert_heard, assert_silent, listen};
use crate::told::{Names, shown, told};

/// A configuration whose secrets are in files beside it.
struct Place {
    directory: TempDir,
    secrets: Vec<String>,
}

const PLACES: usize = 8;

impl Place {
    fn new() -> Self {
        listen();
        let mut place = Self {
            directory: tempfile::tempdir().unwrap(),
            secrets: Vec::new(),
        };
        for number in 0..PLACES {
            place.rotate(number);
        }
        place
    }

    /// Another secret in a file.
    fn rotate(&mut self, number: usize) {
        // With what text quotes in other ways.
        let secret = format!("{}\"\\{number}", canary::secret(24).unwrap());
        let path = self.directory.path().join(number.to_string());
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        std::io::Write::write_all(&mut options.open(&path).unwrap(), secret.as_bytes()).unwrap();
        self.secrets.push(secret);
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("socorro.toml")
    }

    fn secret(&self, number: usize) -> String {
        let path = self.directory.path().join(number.to_string());
        format!("{{ file = {:?} }}", path.display().to_string())
    }

    /// Every secret option has its own secret; more options come last.
    fn edit(&self, more: &str) {
        let secret = |number| self.secret(number);
        let text = format!(
            "[resource.shared]\ndsn = {}\n[storage.a]\ntype = \"guarded\"\nuse = \"resource.shared\"\n\
             password = {}\nlogin = {{ user = \"me\", phrase = {} }}\nchain = [{}, {}]\n\
             doors = {{ front = {}, back = {} }}\ngate = {{ kind = \"locked\", phrase = {} }}\n{more}\n",
            secret(0),
            secret(1),
            secret(2),
            secret(3),
            secret(4),
            secret(5),
            secret(6),
            secret(7),
        );
        std::fs::write(self.file(), text).unwrap();
    }

    fn builder(&self) -> Builder {
        Socorro::builder(self.layers()).plugin("guarded", PLUGIN)
    }

    fn layers(&self) -> Layers {
        Layers::new().file(self.file())
    }

    /// Whether the plugin got every secret there is now.
    fn arrived(&self) -> bool {
        let opened = OPENED.lock().unwrap();
        self.secrets.iter().all(|secret| opened.contains(secret))
    }
}

#[tokio::test]
async fn a_program_that_runs_and_reloads_says_no_secret() {
    let mut place = Place::new();
    place.edit("");
    let mut said = told(&place.layers(), Names::Tell);
    said += &place.builder().dump(false).await.unwrap();
    said += &place.builder().dump(true).await.unwrap();
    said += &format!("{:?}", place.builder().check(true).await.unwrap());
    let socorro = place.builder().start().await.unwrap();
    assert!(place.arrived());
    said += &format!("{socorro:?} {:?}", socorro.storage("a").unwrap());
    for number in 0..PLACES {
        place.rotate(number);
        let report = socorro.reload().await;
        assert_eq!(report.outcome, Outcome::Applied);
        shown(&mut said, &report);
        let unchanged = socorro.reload().await;
        assert_eq!(unchanged.outcome, Outcome::Unchanged);
        shown(&mut said, &unchanged);
    }
    assert!(place.arrived());
    for wrong in [
        "pin = { file = \"/nowhere\" }",
        "act = \"nonsense\"",
        "timeout = 5",
        "act = \"fail\"",
        "act = \"resources\"",
        "act = \"away\"",
        "act = \"unhealthy\"",
        "act = \"panic\"",
    ] {
        place.edit(wrong);
        let report = socorro.reload().await;
        assert_eq!(report.outcome, Outcome::Refused, "{wrong}");
        shown(&mut said, &report);
        match place.builder().start().await {
            Err(error) => shown(&mut said, &error),
            Ok(_) => panic!("started: {wrong}"),
        }
        match place.builder().check(true).await {
            Err(error) => shown(&mut said, &error),
            Ok(checked) => said += &format!("{checked:?}"),
        }
    }
    socorro.shutdown().await;
    assert!(
        said.contains("cannot use") && said.contains("***"),
        "{said}"
    );
    assert_silent(&said);
}

#[tokio::test]
async fn a_parser_that_shows_what_it_could_not_parse() {
    let place = Place::new();
    place.edit(&format!("pin = {}", place.secret(0)));
    let mut said = String::new();
    shown(&mut said, &place.builder().start().await.unwrap_err());
    assert!(
        said.contains("invalid value") && said.contains("four digits"),
        "{said}"
    );
    assert_silent(&said);
}

#[tokio::test]
async fn a_backend_that_is_away_is_probed_without_a_word_of_its_secrets() {
    let place = Place::new();
    place.edit("act = \"away\"\nstart = \"degraded\"");
    let clock = Arc::new(ManualClock::new());
    let builder = place.builder().time(clock.clone(), Arc::new(NoJitter));
    let socorro = builder.start().await.unwrap();
    let mut said = String::new();
    shown(&mut said, &socorro.last_report());
    while !said.contains("probed") {
        clock.advance(std::time::Duration::from_secs(60));
        tokio::task::yield_now().await;
        let health = socorro.storage("a").unwrap().health().await;
        said += &format!("probed {health:?}");
    }
    socorro.shutdown().await;
    assert!(said.contains("cannot use"), "{said}");
    assert_silent(&said);
}

#[tokio::test]
async fn a_secret_file_that_is_refused_is_not_said() {
    let place = Place::new();
    place.edit("");
    let path = place.directory.path().join("1");
    let mut said = String::new();
    for mode in [0o666, 0o644] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        match place.builder().start().await {
            Err(error) => shown(&mut said, &error),
            Ok(socorro) => socorro.shutdown().await,
        }
    }
    assert_heard("others can read this secret file");
    std::fs::write(&path, [canary::TOKEN.as_bytes(), &[0xff]].concat()).unwrap();
    shown(&mut said, &place.builder().start().await.unwrap_err());
    std::fs::write(&path, canary::TOKEN.repeat(7000)).unwrap();
    shown(&mut said, &place.builder().start().await.unwrap_err());
    assert!(
        said.contains("mode 0666") && said.contains("65536 bytes"),
        "{said}"
    );
    assert_silent(&said);
}
