mod config;
mod config_show;
mod crash;
mod plugin;
mod run;

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;
use crate::signals::Signals;

/// Does what the arguments say; a request to end stops it.
pub(crate) async fn run(arguments: Arguments, mut signals: Signals) -> Result<(), Exit> {
    let layers = arguments.layers();
    match arguments.command {
        Command::Run { once } => run::run(layers, once, signals).await,
        other => {
            let work = async {
                match other {
                    Command::Config(command) => config::run(layers, command).await,
                    Command::Plugin(command) => plugin::run(layers, command).await,
                    Command::Crash(command) => crash::run(layers, command).await,
                    Command::Run { .. } => Ok(()),
                }
            };
            tokio::select! {
                done = work => done,
                () = signals.end() => Err(Exit::failed("interrupted")),
            }
        }
    }
}
