mod config;
mod config_show;
mod control;
mod crash;
mod diff;
mod plugin;
mod reload;
mod run;
mod status;

use socorro_core::live::Socorro;

use crate::arguments::{Arguments, Command, Config};
use crate::exit::Exit;
use crate::signals::Signals;

/// Does what the arguments say; a request to end stops it.
pub(crate) async fn run(arguments: Arguments, mut signals: Signals) -> Result<(), Exit> {
    let layers = arguments.layers();
    let next = match &arguments.command {
        Command::Config(Config::Diff(diff)) => arguments.layers_of(&diff.files),
        _ => layers.clone(),
    };
    match arguments.command {
        Command::Run {
            once,
            last_good,
            watch,
        } => {
            let builder = Socorro::builder(layers.clone());
            let builder = match watch {
                Some(every) => builder.watch(every.into()),
                None => builder,
            };
            run::run(builder, layers, once, last_good, signals).await
        }
        other => {
            let work = async {
                match other {
                    Command::Config(Config::Diff(command)) => {
                        diff::run(layers, next, command).await
                    }
                    Command::Config(command) => config::run(layers, command).await,
                    Command::Status(command) => status::run(layers, command).await,
                    Command::Reload(command) => reload::run(layers, command).await,
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
