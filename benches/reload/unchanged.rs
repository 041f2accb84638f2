use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Result, ensure};
use socorro_benches::options::Options;
use socorro_benches::statistics::{median, per_mille};
use socorro_benches::target;
use socorro_core::config::Layers;
use socorro_core::live::{Outcome, Socorro};

/// Reloads of a round.
const RELOADS: usize = 200;
/// Rounds unless the command line says otherwise.
const ROUNDS: usize = 10;
const STORAGES: usize = 64;
/// Of a reload, in microseconds.
const TARGET: f64 = 1_000.0;

/// What was found: microseconds of a reload, without secrets and with.
pub(crate) struct Unchanged([f64; 2]);

/// Reloads what has not changed: 64 storages of the five real plugins, whose servers need not be there.
pub(crate) async fn measure(options: &Options, place: &Path, plugins: &Path) -> Result<Unchanged> {
    println!("a reload that changes nothing, {STORAGES} storages of five plugins; microseconds");
    println!("{:<40} {:>10} {:>10}", "", "median", "p99");
    let mut medians = [0.0; 2];
    for (secrets, to) in [false, true].into_iter().zip(&mut medians) {
        let file = place.join("unchanged.toml");
        fs::write(&file, text(place, plugins, secrets)?)?;
        let socorro = Socorro::start(Layers::new().file(&file)).await?;
        let mut took = Vec::new();
        for _ in 0..options.rounds.unwrap_or(ROUNDS) * RELOADS {
            let report = socorro.reload().await;
            ensure!(report.outcome == Outcome::Unchanged, "{report}");
            took.push(report.took.as_secs_f64() * 1e6);
        }
        let what = if secrets {
            "a secret in a file for each of 51"
        } else {
            "without secrets"
        };
        println!(
            "{what:<40} {:>10.0} {:>10.0}",
            median(&took),
            per_mille(&took, 990)
        );
        let steps = socorro.last_report().steps;
        let steps: Vec<String> = steps
            .iter()
            .map(|(step, took)| format!("{step} {:.0}", took.as_secs_f64() * 1e6))
            .collect();
        println!(
            "  steps of the last one, first begin to last end: {}",
            steps.join(", ")
        );
        socorro.shutdown().await;
        *to = median(&took);
    }
    println!();
    Ok(Unchanged(medians))
}

/// The file. Nothing listens where the servers are said to be: the storages join as unavailable.
fn text(place: &Path, plugins: &Path, secrets: bool) -> Result<String> {
    let mut text = format!(
        "[plugins]\npath = [{plugins:?}]\nstage = {:?}\n",
        place.join("stage")
    );
    for number in 0..STORAGES {
        let secret = place.join(format!("secret-{number}"));
        fs::write(&secret, "secret")?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
        let (options, key) = match number % 5 {
            0 => (
                format!(
                    "type = \"filesystem\"\nroot = {:?}",
                    place.join(format!("root-{number}"))
                ),
                None,
            ),
            1 => (
                format!(
                    "type = \"s3\"\nbucket = \"crashes\"\nprefix = \"at-{number}\"\nendpoint_url = \
                     \"http://127.0.0.1:9\"{}",
                    if secrets {
                        "\naccess_key_id = \"key\""
                    } else {
                        ""
                    }
                ),
                Some("secret_access_key"),
            ),
            2 => (
                format!(
                    "type = \"postgres\"\nurl = \"postgres://socorro@127.0.0.1:9/socorro\"\nschema = \"at_{number}\""
                ),
                Some("password"),
            ),
            3 => (
                format!(
                    "type = \"elasticsearch\"\nurls = [\"http://127.0.0.1:9\"]\nindex = \"at-{number}-%Y%W\"{}",
                    if secrets {
                        "\nusername = \"socorro\""
                    } else {
                        ""
                    }
                ),
                Some("password"),
            ),
            _ => (
                format!(
                    "type = \"rabbitmq\"\nurl = \"amqp://socorro@127.0.0.1:9/\"\nqueues = {{ standard = \"s{number}\", \
                     priority = \"p{number}\", reprocessing = \"r{number}\" }}"
                ),
                Some("password"),
            ),
        };
        text += &format!("[storage.at_{number}]\nstart = \"degraded\"\n{options}\n");
        if let Some(key) = key.filter(|_| secrets) {
            text += &format!("{key} = {{ file = {secret:?} }}\n");
        }
    }
    Ok(text)
}

impl Unchanged {
    pub(crate) fn report(&self) {
        for (what, took) in ["", ", with a secret file for each"].iter().zip(self.0) {
            target::report(
                took < TARGET,
                &format!("a reload that changes nothing under 1 ms{what}"),
                &format!("{:.2} ms", took / 1000.0),
            );
        }
    }
}
