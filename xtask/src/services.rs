//! `cargo xtask services`: the real servers that tests run against.

use std::io::IsTerminal;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use socorro_testkit::memory::Files;
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
        /// With their files in memory, where there is a file system with room: tests do not wait for a slow disk then.
        #[arg(long)]
        in_memory: bool,
    },
    /// Stops them all and removes their files, also what a crash left behind.
    Down {
        /// Waits for the end of the input first: how whoever starts servers makes sure that they are stopped,
        /// however it ends itself.
        #[arg(long, hide = true)]
        after_input: bool,
    },
    /// Only installs, builds and fetches what the servers need.
    Fetch {
        /// Only for these.
        #[arg(value_parser = kind)]
        kinds: Vec<Kind>,
    },
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
        Action::Up { kinds, in_memory } => up(or_all(kinds), Files::in_memory(*in_memory)),
        Action::Fetch { kinds } => fetch(or_all(kinds)),
        Action::Down { after_input } => {
            if *after_input {
                std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
            }
            down()
        }
        Action::Status => status(),
    }
}

fn or_all(kinds: &[Kind]) -> &[Kind] {
    if kinds.is_empty() { &Kind::ALL } else { kinds }
}

/// Starts these servers, saying what happens.
pub(crate) fn up(kinds: &[Kind], files: Files) -> Result<()> {
    services::up(kinds, files, &teller())
}

/// Gets what these servers need, saying what happens.
pub(crate) fn fetch(kinds: &[Kind]) -> Result<()> {
    services::fetch(kinds, &teller())
}

fn teller() -> impl Fn(Kind, &str) + Sync {
    let began = Instant::now();
    move |kind, text| {
        let passed = began.elapsed().as_secs_f64();
        println!("{passed:>6.1} s  {kind:<13}  {text}");
    }
}

/// Stops all servers.
fn down() -> Result<()> {
    match services::down()? {
        0 => println!("no server was running"),
        count => println!("servers are stopped; {count} processes were running"),
    }
    Ok(())
}

/// Stops all servers when it is dropped, or when this process ends in any other way: another process waits for
/// that, in a session of its own, where neither Ctrl-C nor the end of the terminal reaches it.
pub(crate) struct StopAtEnd(Child);

impl StopAtEnd {
    pub(crate) fn new() -> Result<Self> {
        let this = std::env::current_exe()?;
        let child = Command::new("setsid")
            .arg(this)
            .args(["services", "down", "--after-input"])
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start what stops the servers in the end")?;
        Ok(Self(child))
    }
}

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        // Its input ends, and it begins.
        drop(self.0.stdin.take());
        match self.0.wait() {
            Ok(status) if status.success() => {}
            outcome => println!("servers may be left; `cargo xtask services down`: {outcome:?}"),
        }
    }
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
