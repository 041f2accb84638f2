//! The `socorro` command: argument parsing, printing and signals around `socorro-core`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for a terminal"
)]

mod arguments;
mod commands;
mod endpoint;
mod exit;
mod logging;
mod output;
mod render;
mod signals;
mod systemd;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::render::Style;
use crate::signals::Signals;

fn main() -> ExitCode {
    // First of all: until there is a handler for it, SIGHUP ends a program.
    let held = signals::hold();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return Exit::failed(format!("cannot start the asynchronous runtime: {error}"))
                .report(Style::Plain);
        }
    };
    let install = async { held.and_then(|()| Signals::install()) };
    let signals = match runtime.block_on(install) {
        Ok(signals) => signals,
        Err(error) => {
            return Exit::failed(format!("cannot install signal handlers: {error}"))
                .report(Style::Plain);
        }
    };
    let arguments = Arguments::parse();
    logging::start(&arguments);
    let style = Style::of(&arguments);
    let exit = match runtime.block_on(commands::run(arguments, signals)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.report(style),
    };
    // Nothing is left to run; a thread of a library must not keep the program.
    runtime.shutdown_background();
    exit
}
