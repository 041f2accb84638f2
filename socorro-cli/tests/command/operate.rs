//! The page for who is called at night, docs/operate.md, followed from its beginning to its end against one running
//! program: each file is written and checked, each command is run and says what is shown.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Instant;

use regex_lite::Regex;
use serde_json::{Value, json};
use socorro_core::ErrorKind;
use socorro_core::live::Step;
use socorro_core::telemetry::table::{ALL, MetricKind};
use socorro_testkit::program::Program;
use socorro_testkit::services::free_ports;

use crate::page::{Block, Moved, blocks};
use crate::support::{Done, PATIENCE, finish, plugins};

const PAGE: &str = include_str!("../../../docs/operate.md");

/// How the page asks the program how it is.
const STATUS: &str = "socorro --config /etc/socorro status";

/// Where the page has its endpoint, and its plugins.
const ENDPOINT: &str = "127.0.0.1:9464";
const PLUGINS: &str = "/usr/lib/socorro/plugins";

/// Does what the page does with `curl -s URL`, so that the test needs none.
const CURL: &str = r#"#!/bin/bash
url=${2#http://}
address=${url%%/*}
exec 3<>"/dev/tcp/${address%:*}/${address#*:}"
printf 'GET /%s HTTP/1.1\r\nhost: x\r\n\r\n' "${url#*/}" >&3
sed '1,/^\r$/d' <&3
"#;

struct Reader {
    moved: Moved,
    endpoint: String,
    program: Option<Program>,
}

impl Reader {
    fn new() -> Self {
        let moved = Moved::new();
        let curl = moved.directory().join("curl");
        std::fs::write(&curl, CURL).unwrap();
        std::fs::set_permissions(&curl, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            moved,
            endpoint: format!("127.0.0.1:{}", free_ports(1).unwrap()),
            program: None,
        }
    }

    /// The text of the page as it holds here.
    fn real(&self, text: &str) -> String {
        self.moved.text(text).replace(ENDPOINT, &self.endpoint)
    }

    fn command(&self, line: &str) -> Command {
        let binary = std::path::Path::new(env!("CARGO_BIN_EXE_socorro"));
        let path = format!(
            "{}:{}:{}",
            self.moved.directory().display(),
            binary.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("exec 2>&1; {}", self.real(line)))
            .env("PATH", path)
            .env(
                "SOCORRO__PLUGINS__PATH",
                format!("[{:?}]", plugins().display().to_string()),
            );
        command
    }

    fn run(&self, line: &str) -> Done {
        finish(&mut self.command(line), b"")
    }

    /// Writes a file, and checks it with those that are there.
    fn file(&self, block: &Block) {
        let path = self.moved.path(&block.file().unwrap());
        std::fs::write(path, self.real(block.text)).unwrap();
        let done = self.run("socorro --config /etc/socorro config check");
        let code = if block.language == "toml" { 0 } else { 2 };
        assert_eq!(done.code, Some(code), "{}\n{done:?}", block.text);
    }

    /// An instance that was replaced takes a moment to end, and the page is about what is after that.
    fn has_ended_what_leaves(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let done = self.run(&format!("{STATUS} --json"));
            let status: Value = serde_json::from_str(done.text()).unwrap();
            if status["leaving"] == json!([]) {
                return;
            }
            assert!(Instant::now() < deadline, "{status:#}");
        }
    }

    fn session(&mut self, block: &Block) {
        for (line, answer) in block.commands() {
            if line.ends_with(" run") {
                let line = format!("exec {line}");
                let mut program = Program::start(&mut self.command(&line)).unwrap();
                program.wait_for("metrics and health", PATIENCE).unwrap();
                self.program = Some(program);
                continue;
            }
            // That one runs already; `control.rs` starts it so.
            if line.ends_with(" run --last-good") {
                continue;
            }
            if line == STATUS {
                self.has_ended_what_leaves();
            }
            let done = self.run(line);
            let said = self.moved.back(done.text());
            let said = said.replace(&plugins().display().to_string(), PLUGINS);
            assert_eq!(plain(said.trim_end()), plain(answer.trim_end()), "{line}");
            // It was only asked, and the next command looks at what came of it.
            if line.ends_with(" reload") {
                let program = self.program.as_mut().unwrap();
                program.wait_for("nothing changed", PATIENCE).unwrap();
            }
        }
    }
}

/// Without what is another each time: moments, times, hashes, numbers of processes, and which steps took how long.
fn plain(text: &str) -> String {
    let changes = [
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "MOMENT"),
        (r"process \d+", "process N"),
        (r"\b([0-9a-f]{64}|[0-9a-f]{12})\b", "HASH"),
        (r"\(read [^)]*\)", "(STEPS)"),
        (r" *\d+\.\d+ ms", " N ms"),
        (r#""milliseconds": [\d.]+"#, "milliseconds"),
        (r#""phases": \{[^}]*\}"#, "phases"),
    ];
    changes.iter().fold(text.to_owned(), |text, (what, by)| {
        let what = Regex::new(what).unwrap();
        what.replace_all(&text, *by).into_owned()
    })
}

#[test]
fn every_example_of_the_page_is_true() {
    let mut reader = Reader::new();
    let blocks = blocks(PAGE);
    assert!(blocks.len() > 15);
    for block in &blocks {
        match block.language {
            "toml" | "toml,wrong" => reader.file(block),
            "console" => reader.session(block),
            // The alerts, below.
            "yaml" => {}
            other => panic!("nobody checks {other:?}"),
        }
    }
    let mut program = reader.program.take().unwrap();
    program.signal("TERM").unwrap();
    assert!(program.wait(PATIENCE).unwrap().success());
}

/// What is between these on the page.
fn between(from: &str, to: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(from).expect("the page has it");
    rest.split_once(to).expect("the page has it").0
}

/// The names in the first column of the tables there.
fn first_column(part: &str) -> BTreeSet<&str> {
    part.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect()
}

#[test]
fn every_key_of_a_report_is_explained() {
    let part = between("## What came of a reload", "\n## ");
    let json = between("reload --wait --json\n", "\n```");
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let keys: BTreeSet<&str> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(first_column(part), keys);
    for step in Step::ALL {
        assert!(part.contains(&format!("`{step}`")), "no step {step}");
    }
    for step in json["phases"].as_object().unwrap().keys() {
        assert!(Step::ALL.iter().any(|known| known.word() == step), "{step}");
    }
}

#[test]
fn alerts_are_about_metrics_labels_and_values_that_there_are() {
    let alerts = between("```yaml\n", "\n```");
    let known: BTreeSet<String> = ALL
        .iter()
        .flat_map(|metric| match metric.kind {
            MetricKind::Histogram => ["_bucket", "_sum", "_count"]
                .map(|suffix| format!("{}{suffix}", metric.name))
                .to_vec(),
            _ => vec![metric.name.to_owned()],
        })
        .collect();
    let find = |what: &str| -> BTreeSet<String> {
        let what = Regex::new(what).unwrap();
        let found = what.captures_iter(alerts);
        found.map(|found| found[1].to_owned()).collect()
    };
    let names = find(r"\b(socorro_\w+)");
    assert!(names.len() > 8);
    assert_eq!(names.difference(&known).next(), None);

    let labels = ALL.iter().flat_map(|metric| metric.labels);
    let mut labels: BTreeSet<&str> = labels.map(|label| label.name).collect();
    // What Prometheus adds.
    labels.extend(["instance", "job", "le"]);
    let mut used = find(r"\$labels\.(\w+)");
    used.extend(find(r"(\w+)!?[=~]+\x22"));
    for list in find(r"(?:by|on) \(([^)]*)\)") {
        used.extend(list.split(", ").map(str::to_owned));
    }
    for label in &used {
        assert!(labels.contains(&**label), "no label {label}");
    }

    let mut outcomes: BTreeSet<String> = ErrorKind::ALL
        .iter()
        .map(|kind| {
            serde_json::to_value(kind)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    outcomes
        .extend(["ok", "dropped", "delivered", "not_delivered", "given_back"].map(String::from));
    for values in find(r"outcome!?[=~]+\x22([^\x22]*)") {
        for value in values.split('|') {
            assert!(outcomes.contains(value), "no outcome {value}");
        }
    }
}
