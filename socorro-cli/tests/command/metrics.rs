//! What is scraped from a program in which everything happened, against the table of metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use regex_lite::Regex;
use socorro_core::telemetry::table::{ALL, MetricKind};
use socorro_testkit::services::free_ports;

use crate::control::with_socket;
use crate::support::{PATIENCE, Place};
use crate::tree;

fn scrape(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body.to_owned()
}

/// Scrapes until this is in it.
fn scrape_for(address: &str, what: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let scraped = scrape(address);
        if scraped.contains(what) {
            return scraped;
        }
        assert!(Instant::now() < deadline, "no {what} in:\n{scraped}");
    }
}

/// The names of the metrics that are there, with the kind and the labels of each.
fn found(scraped: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let label = Regex::new(r#"(\w+)="(?:[^"\\]|\\.)*""#).unwrap();
    let mut found: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    let mut name = String::new();
    for line in scraped.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (of, kind) = kind.split_once(' ').unwrap();
            name = of.to_owned();
            found.insert(name.clone(), (kind.to_owned(), BTreeSet::new()));
        } else if !line.is_empty() && !line.starts_with('#') {
            assert!(line.starts_with(&name), "{line} after {name}");
            let labels = label.captures_iter(line).map(|found| found[1].to_owned());
            let labels = labels.filter(|label| label != "le");
            found.get_mut(&name).unwrap().1.extend(labels);
        }
    }
    found
}

#[test]
fn the_table_and_what_is_scraped_are_the_same() {
    let address = format!("127.0.0.1:{}", free_ports(1).unwrap());
    let configuration = with_socket(&format!(
        "{}\n[storage.away]\ntype = \"filesystem\"\nroot = \"{{}}/nowhere/away\"\nstart = \"degraded\"\n\
         retry = {{ policy = \"limited_backoff\", delays = [\"1ms\"] }}\n",
        tree::mover("away", "ack")
    )) + &format!("metrics = {address:?}\n");
    let place = Place::new(&configuration);
    tree::fill(&place, "spool", 0..1);
    let mut mover = place.start(&["run"]);
    mover.wait_for("metrics and health", PATIENCE).unwrap();
    mover
        .wait_for("not delivered; it stays in spool", PATIENCE)
        .unwrap();
    let delivered = r#"socorro_pipeline_crashes_total{pipeline="mover",outcome="not_delivered"} 1"#;
    let scraped = scrape_for(&address, delivered);

    let found = found(&scraped);
    for metric in ALL {
        let (kind, labels) = found
            .get(metric.name)
            .unwrap_or_else(|| panic!("no {} in:\n{scraped}", metric.name));
        let expected = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        assert_eq!(kind, expected, "{}", metric.name);
        let expected: BTreeSet<String> = metric
            .labels
            .iter()
            .map(|label| label.name.to_owned())
            .collect();
        assert_eq!(*labels, expected, "{}", metric.name);
    }
    for name in found.keys() {
        assert!(
            ALL.iter().any(|metric| metric.name == name),
            "{name} is in no table"
        );
    }

    // What an alert looks for is there before it happens, so that its first time is a rise.
    for zero in [
        "socorro_stragglers_total 0",
        r#"socorro_pipeline_crashes_total{pipeline="mover",outcome="delivered"} 0"#,
        r#"socorro_pipeline_crashes_total{pipeline="mover",outcome="given_back"} 0"#,
        "socorro_left_behind_instances 0",
        r#"socorro_operations_total{storage="spool",operation="get_raw_crash",outcome="overloaded"} 0"#,
    ] {
        assert!(
            scraped.lines().any(|line| line == zero),
            "no {zero} in:\n{scraped}"
        );
    }
    assert!(
        scraped.contains(r#"socorro_degraded{part="storage.away"} 1"#),
        "{scraped}"
    );

    // It comes back, and the same series says so.
    std::fs::create_dir(place.path("nowhere")).unwrap();
    scrape_for(&address, r#"socorro_degraded{part="storage.away"} 0"#);
    mover.signal("TERM").unwrap();
    assert!(mover.wait(PATIENCE).unwrap().success());
}
