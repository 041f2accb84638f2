//! `cargo xtask services`: the real servers that tests run against.

use std::io::IsTerminal;
use std::time::Instant;

use anyhow::{Context, Result};
use socorro_testkit::services::{self, Kind};

/// What to do with them.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Starts servers, installing what is missing where that can be done. Those that are up are left alone.
    Up {
        /// Only these: postgres, rabbitmq, ceph, garage, elasticsearch, opensearch.
        #[arg(value_parser = kind)]
        kinds: Vec<Kind>,
    },
    /// Stops them all and removes their files, also what a crash left behind.
    Down,
    /// Shows which are up, and where.
    Status,
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::from_name(name).ok_or_else(|| {
        let names = Kind::ALL.map(Kind::name).join(", ");
        format!("there are {names}")
    })
}

/// Does it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.action {
        Action::Up { kinds } if kinds.is_empty() => up(&Kind::ALL),
        Action::Up { kinds } => up(kinds),
        Action::Down => down(),
        Action::Status => status(),
    }
}

/// Starts these servers, saying what happens.
pub(crate) fn up(kinds: &[Kind]) -> Result<()> {
    let began = Instant::now();
    services::up(kinds, &|kind, text| {
        println!(
            "{:>6.1} s  {kind:<13}  {text}",
            began.elapsed().as_secs_f64()
        );
    })
}

/// Stops all servers.
pub(crate) fn down() -> Result<()> {
    match services::down()? {
        0 => println!("no server was running"),
        count => println!("stopped; {count} processes were running"),
    }
    Ok(())
}

fn status() -> Result<()> {
    let (good, bad, off) = if std::io::stdout().is_terminal() {
        ("\x1b[32m", "\x1b[31m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    println!(
        "{:<13}  {:<9}  {:<40}  {:>8}  healthy",
        "kind", "version", "url", "pid"
    );
    for status in services::status().context("cannot tell how the servers are")? {
        let (version, url) = status
            .server
            .as_ref()
            .map_or(("-", "-"), |server| (&*server.version, &*server.url));
        let pid = match status.pid {
            Some(pid) => pid.to_string(),
            None if status.given => "given".to_owned(),
            None => "-".to_owned(),
        };
        let healthy = if status.healthy {
            format!("{good}yes{off}")
        } else {
            format!("{bad}no{off}")
        };
        println!(
            "{:<13}  {version:<9}  {url:<40}  {pid:>8}  {healthy}",
            status.kind
        );
    }
    println!("\nstate: {}", services::state_file().display());
    Ok(())
}
