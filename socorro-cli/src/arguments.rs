use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use socorro_core::config::Layers;
use socorro_core::crash::{CrashDate, CrashId, DumpName, StoredId};
use socorro_core::options::HumanDuration;

use crate::logging::check_level;

/// Keeps crash reports in storage that changes over the years.
#[derive(Parser)]
#[command(name = "socorro", version)]
pub(crate) struct Arguments {
    /// Configuration file, or directory of *.toml files; later ones win.
    #[arg(long, global = true, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// One setting, such as storage.archive.bucket=crashes; wins over files and variables.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Directory to find plugins in, instead of plugins.path.
    #[arg(long, global = true, value_name = "DIR")]
    plugin_path: Vec<PathBuf>,
    /// How log lines are written to standard error.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log: LogFormat,
    /// The least severe lines to log; info for `run`, else warn.
    #[arg(long, global = true, value_name = "LEVEL", value_parser = check_level)]
    pub(crate) log_level: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// For a person.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Runs all pipelines until SIGTERM or SIGINT; SIGHUP reads the configuration again.
    Run {
        /// Drain the sources, the present moment included, and end.
        #[arg(long)]
        once: bool,
        /// When the configuration is broken, start on the one that was adopted last: kept in FILE, or else where
        /// reload.keep says.
        #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
        last_good: Option<Option<PathBuf>>,
        /// Read the configuration again whenever it has changed: looks at its files, what they include and the
        /// secret files once in EVERY, a second unless said otherwise.
        #[arg(
            long,
            value_name = "EVERY",
            num_args = 0..=1,
            require_equals = true,
            default_missing_value = "1s",
            conflicts_with = "once"
        )]
        watch: Option<HumanDuration>,
    },
    /// How a running program is, over its control socket.
    Status(Status),
    /// Tells a running program to read its configuration again, over its control socket.
    Reload(Reload),
    /// Looks at the configuration.
    #[command(subcommand)]
    Config(Config),
    /// Looks at plugins.
    #[command(subcommand)]
    Plugin(Plugin),
    /// Looks at one storage's crashes and changes them.
    #[command(subcommand)]
    Crash(Crash),
}

#[derive(Subcommand)]
pub(crate) enum Config {
    /// Checks files, options, plugins and references.
    Check {
        /// Also open every backend and ask for its health.
        #[arg(long)]
        connect: bool,
        /// For machines, errors too.
        #[arg(long)]
        json: bool,
    },
    /// Prints what is in force, as a file that can be used: every option with what it is for, its default
    /// and who set it; secrets as references.
    Dump {
        /// As JSON, without comments, instead of TOML.
        #[arg(long)]
        json: bool,
    },
    /// Tells all there is to know of one option: its value, who set it over whom, what it is for, what a change
    /// costs.
    Explain {
        /// Such as storage.archive.bucket.
        key: String,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Prints the JSON Schema of a configuration file, for editors, with the options of all plugins found.
    Schema,
    /// Tells what a reload would do, and why; ends with 3 if that is anything.
    Diff(Diff),
}

#[derive(Args)]
pub(crate) struct Diff {
    /// What would be read instead of the files given with --config, which are what runs.
    #[arg(
        value_name = "FILE",
        required_unless_present = "running",
        conflicts_with = "running"
    )]
    pub(crate) files: Vec<PathBuf>,
    /// Ask the running program over its control socket what its own files would change now.
    #[arg(long)]
    pub(crate) running: bool,
    /// Keep the plan, for `reload --expect`.
    #[arg(long, value_name = "PLAN")]
    pub(crate) out: Option<PathBuf>,
    /// For machines.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) socket: Socket,
}

/// Where the running program listens.
#[derive(Args)]
pub(crate) struct Socket {
    /// The control socket, instead of the one that control.socket names.
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Status {
    /// What came of the last 100 attempts to adopt a configuration instead, the youngest last.
    #[arg(long)]
    pub(crate) history: bool,
    /// For machines.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) socket: Socket,
}

#[derive(Args)]
pub(crate) struct Reload {
    /// Wait until it is done, and tell what came of it.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Do what this plan of `config diff --out` says, or nothing; waits.
    #[arg(long, value_name = "PLAN")]
    pub(crate) expect: Option<PathBuf>,
    /// How long to wait.
    #[arg(long, value_name = "TIME", default_value = "5min")]
    pub(crate) timeout: HumanDuration,
    /// For machines.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) socket: Socket,
}

#[derive(Subcommand)]
pub(crate) enum Plugin {
    /// What was found, a line each.
    List {
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// One plugin: ABI, version, hash, kinds, capabilities, options.
    Show {
        /// The name that `type` has in the configuration.
        name: String,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum Crash {
    /// Saves one crash and prints its id.
    Put(Put),
    /// Writes all there is of a crash into a directory.
    Get {
        storage: String,
        id: StoredId,
        /// Where to; it is made if need be.
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// Leave in what is configured to be redacted.
        #[arg(long)]
        unredacted: bool,
    },
    /// Writes one part of a crash to standard output.
    Cat {
        storage: String,
        id: StoredId,
        /// `raw`, `processed`, or a dump's name.
        part: String,
        /// Leave in what is configured to be redacted.
        #[arg(long)]
        unredacted: bool,
    },
    /// Lists ids, a line each; today's if no day is given. Days are UTC and included.
    Ls(Ls),
    /// Removes a crash.
    Rm { storage: String, id: StoredId },
    /// Tells what there is of a crash, a part a line with its size.
    Catalog {
        storage: String,
        id: StoredId,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct Put {
    pub(crate) storage: String,
    /// The raw crash, a JSON object; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) raw: PathBuf,
    /// A dump.
    #[arg(long, value_name = "NAME=FILE", value_parser = dump)]
    pub(crate) dump: Vec<(DumpName, PathBuf)>,
    /// The processed crash, a JSON object; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) processed: Option<PathBuf>,
    /// Its id; a new one of today if none is given.
    #[arg(long)]
    pub(crate) id: Option<CrashId>,
}

#[derive(Args)]
pub(crate) struct Ls {
    pub(crate) storage: String,
    /// One day.
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with_all = ["from", "to"])]
    pub(crate) date: Option<CrashDate>,
    /// The first day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) from: Option<CrashDate>,
    /// The last day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) to: Option<CrashDate>,
    /// For machines.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Command {
    /// Whether the output is for machines, and what goes wrong is therefore told to them too.
    pub(crate) fn asks_for_json(&self) -> bool {
        match self {
            Self::Config(
                Config::Check { json, .. }
                | Config::Dump { json }
                | Config::Explain { json, .. }
                | Config::Diff(Diff { json, .. }),
            )
            | Self::Status(Status { json, .. })
            | Self::Reload(Reload { json, .. })
            | Self::Plugin(Plugin::List { json } | Plugin::Show { json, .. })
            | Self::Crash(Crash::Ls(Ls { json, .. }) | Crash::Catalog { json, .. }) => *json,
            _ => false,
        }
    }
}

impl Arguments {
    /// The layers of the command: files, variables, flags; later wins.
    pub(crate) fn layers(&self) -> Layers {
        self.layers_of(&self.config)
    }

    /// The same, with these files.
    pub(crate) fn layers_of(&self, files: &[PathBuf]) -> Layers {
        let mut layers = Layers::new();
        for file in files {
            layers = layers.file(file);
        }
        layers = layers.process_environment();
        if !self.plugin_path.is_empty() {
            let paths: Vec<String> = self
                .plugin_path
                .iter()
                .map(|path| quoted(&path.to_string_lossy()))
                .collect();
            layers = layers.set(format!("plugins.path=[{}]", paths.join(", ")));
        }
        for set in &self.set {
            layers = layers.set(set);
        }
        layers
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    // JSON's escapes are TOML's.
    serde_json::Value::from(text).to_string()
}

fn dump(text: &str) -> Result<(DumpName, PathBuf), String> {
    let (name, file) = text
        .split_once('=')
        .filter(|(name, file)| !name.is_empty() && !file.is_empty())
        .ok_or("write NAME=FILE, as in upload_file_minidump=crash.dmp")?;
    let name = DumpName::try_from(name).map_err(|error| error.to_string())?;
    Ok((name, PathBuf::from(file)))
}
