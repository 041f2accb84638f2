//! `cargo xtask test`: the one test command.

mod fuzz;
mod servers;
mod tee;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use socorro_testkit::plugins::{self, Profile};

use crate::run::{cargo, run};
use crate::{demo, dist};

/// What to test.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Stop after the tier that needs no root, no server and no network.
    #[arg(long)]
    hermetic: bool,
}

/// What ran, and how long it took.
struct Log(Vec<(String, Duration)>);

impl Log {
    fn step(&mut self, name: &str, step: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("\n{}{name}", tee::STEP);
        let started = Instant::now();
        step().with_context(|| format!("failed: {name}"))?;
        self.0.push((name.to_owned(), started.elapsed()));
        Ok(())
    }

    fn cargo(&mut self, name: &str, arguments: &[&str]) -> Result<()> {
        self.step(name, || run(&mut cargo(arguments)))
    }
}

/// Set in the process that runs the steps, whose output this one searches.
const INSIDE: &str = "SOCORRO_XTASK_TEST_INSIDE";

/// Runs everything, stops at the first failure, ends by printing what ran. Fails when any output has a secret in it.
pub(crate) fn run_all(arguments: &Arguments) -> Result<()> {
    if std::env::var_os(INSIDE).is_some() {
        return steps(arguments);
    }
    let this = std::env::current_exe().context("where is this program?")?;
    tee::run(
        Command::new(this)
            .args(std::env::args_os().skip(1))
            .env(INSIDE, "yes"),
    )
}

fn steps(arguments: &Arguments) -> Result<()> {
    let mut log = Log(Vec::new());
    // What takes minutes the first time goes on beside the rest.
    let fetching = (!arguments.hermetic).then(servers::Fetching::begin);
    log.cargo("format", &["fmt", "--all", "--check"])?;
    let tier = servers::Tier::find()?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--quiet"];
    log.cargo(
        "clippy",
        &[
            &clippy[..],
            &["--features", &tier.features],
            &["--", "-D", "warnings"],
        ]
        .concat(),
    )?;
    for features in ["host", "plugin", "host,conformance", "plugin,backoff"] {
        let arguments = [
            "clippy",
            "--package",
            "socorro-core",
            "--no-default-features",
            "--features",
            features,
            "--quiet",
        ];
        log.cargo(
            &format!("clippy of core with {features}"),
            &[&arguments[..], &["--", "-D", "warnings"]].concat(),
        )?;
    }
    log.step("plugins, built apart", || {
        plugins::directory(&plugins::all()?, Profile::Dev).map(drop)
    })?;
    // With what passing tests print, so that it is searched.
    let tests = [
        "test",
        "--workspace",
        "--quiet",
        "--no-fail-fast",
        "--",
        "--show-output",
    ];
    log.cargo("tests in this process", &tests)?;
    if let Some(fetching) = fetching {
        servers::test(&mut log, fetching, &tier)?;
    }
    log.step("documentation without warnings", || {
        let arguments = ["doc", "--workspace", "--no-deps", "--quiet"];
        run(cargo(&arguments).env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    miri(&mut log)?;
    fuzz::run_all(&mut log)?;
    if !arguments.hermetic {
        log.cargo(
            "core is ready to publish",
            &[
                "package",
                "--package",
                "socorro-core",
                "--allow-dirty",
                "--quiet",
            ],
        )?;
        // As it is shipped it takes far longer to build, and differs in nothing that is tested.
        log.step("distribution", || dist::make(Profile::Dev).map(drop))?;
        log.step("demo", || demo::run(&demo::Arguments::short()))?;
    }
    println!("\nwhat ran:");
    for (name, took) in &log.0 {
        println!("  {:>7.1} s  {name}", took.as_secs_f64());
    }
    Ok(())
}

/// The glue of the plugin boundary under Miri, where the toolchain has it.
fn miri(log: &mut Log) -> Result<()> {
    let has_it = cargo(&["+nightly", "miri", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_it {
        println!(
            "\n== miri: this toolchain has none; `rustup component add miri --toolchain nightly` adds it"
        );
        return Ok(());
    }
    let arguments = [
        "+nightly",
        "miri",
        "test",
        "--package",
        "socorro-core",
        "--features",
        "plugin",
        "plugin::wire",
    ];
    log.step("plugin boundary under miri", || {
        run(cargo(&arguments).env("MIRIFLAGS", "-Zmiri-disable-isolation"))
    })
}
