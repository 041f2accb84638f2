//! Developer commands: `cargo xtask demo`, `test`, `soak`, `dist`, `docs`, `bench`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for a terminal"
)]

mod bench;
mod demo;
mod dist;
mod docs;
mod run;
mod services;
mod soak;
mod test;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Developer commands of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lives through the story of the product on real crashes, and counts.
    Demo(demo::Arguments),
    /// Runs every test there is; what continuous integration calls.
    Test(test::Arguments),
    /// Thousands of reloads under load, with an account of every operation.
    Soak(soak::Arguments),
    /// Starts, stops and shows the real servers that tests run against.
    Services(services::Arguments),
    /// Makes target/dist: the command, the plugins and the header, ready to be copied elsewhere.
    Dist(dist::Arguments),
    /// Brings the tables of options in docs/ up to date.
    Docs(docs::Arguments),
    /// Runs the benchmarks, ours and the peers' side by side.
    Bench(bench::Arguments),
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Test(arguments) => test::run_all(&arguments),
        Command::Soak(arguments) => soak::run(&arguments),
        Command::Services(arguments) => services::run(&arguments),
        Command::Dist(arguments) => {
            dist::run(&arguments).map(|directory| println!("{}", directory.display()))
        }
        Command::Docs(arguments) => docs::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    }
}
