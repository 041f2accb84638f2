//! The tables that are no instances, and `include`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Cost::{InPlace, Restart};
use super::shape::{Described, count, duration, formatted, list, map, or, path, size};
use crate::config::{DEFAULT_FORBIDDEN_KEYS, ReloadConfig};
use crate::crash::Limits;
use crate::options::{ByteSize, HumanDuration};
use crate::plugin::loader::LoaderOptions;

/// `include`, at the top of a file.
pub(super) fn include() -> Value {
    Described::new("What is at the top of a file, before its tables.")
        .option(
            "include",
            InPlace,
            "Files that come before this one: paths, relative to the directory of this file, with `*`, `?` and \
             `[…]`; a directory means its `*.toml`. What changes in them costs what it costs here.",
            or(list(path()), Vec::<String>::new()),
        )
        .schema()
}

pub(super) fn plugins() -> Value {
    let default = LoaderOptions::default();
    Described::new("Where the libraries of plugins are found, and how they are run.")
        .option(
            "path",
            InPlace,
            "Directories that are searched for `libsocorro_plugin_<type>.so`; the first that has it wins. Empty \
             means `../plugins` beside the directory of the running program. They are searched again at every \
             reload, and a library of other bytes replaces the instances that use it.",
            or(list(path()), default.path),
        )
        .option(
            "stage",
            InPlace,
            "Where the private copies go that libraries are loaded from: a directory that can be written, on a \
             disk that is not mounted `noexec`. Without it `$XDG_RUNTIME_DIR/socorro`, or else a directory of \
             this user's own in the temporary directory.",
            path(),
        )
        .option(
            "sha256",
            InPlace,
            "The SHA-256 that the library of a plugin must have, by the plugin's name. A plugin that is not \
             named here is not checked. Checked at every reload.",
            or(map(formatted("sha256")), BTreeMap::<String, String>::new()),
        )
        .option(
            "max_images",
            InPlace,
            "How many different libraries one process may load in its life. Code is never unloaded, so every \
             new build of a plugin counts; beyond the bound a restart is needed.",
            or(count(1, 4096), default.max_images),
        )
        .option(
            "timeout",
            InPlace,
            "How long a library's constructors and its entry function may take, and how long each making and \
             ending of an instance.",
            or(duration(), default.timeout),
        )
        .option(
            "worker_threads",
            Restart,
            "Threads of the runtime of each library; 0 leaves it to the plugin. Taken when the library's first \
             instance is made.",
            or(count(0, 1024), default.worker_threads),
        )
        .option(
            "blocking_threads",
            Restart,
            "Most threads for blocking work of each library; 0 leaves it to the plugin. Taken when the library's \
             first instance is made.",
            or(count(0, 1024), default.blocking_threads),
        )
        .schema()
}

pub(super) fn limits() -> Value {
    let default = Limits::default();
    Described::new("How large a crash may be.")
        .option(
            "crash_size",
            InPlace,
            "Bytes of the raw crash and all dumps together; also the most a processed crash may have. A document \
             alone never has more than 1 GiB.",
            or(size(), ByteSize(default.crash_size)),
        )
        .option(
            "dumps",
            InPlace,
            "Dumps of one crash.",
            or(count(1, 65_536), default.dumps),
        )
        .option(
            "json_depth",
            InPlace,
            "Levels of nesting in a JSON document.",
            or(count(1, 1024), default.json_depth),
        )
        .schema()
}

pub(super) fn redaction() -> Value {
    Described::new("What readers of processed crashes do not see.")
        .option(
            "forbidden_keys",
            InPlace,
            "Dotted paths of the fields that are left out of a processed crash before it is handed to a reader. \
             They replace the default ones; what is stored stays whole.",
            or(list(formatted("dotted path")), DEFAULT_FORBIDDEN_KEYS),
        )
        .schema()
}

pub(super) fn reload() -> Value {
    let default = ReloadConfig::default();
    Described::new("How long reloads and the end of the program may take.")
        .option(
            "timeout",
            InPlace,
            "How long a whole attempt may take, from reading files to the switch.",
            or(duration(), HumanDuration(default.timeout)),
        )
        .option(
            "drain_timeout",
            InPlace,
            "How long operations on what was replaced or removed may go on.",
            or(duration(), HumanDuration(default.drain_timeout)),
        )
        .option(
            "park_timeout",
            InPlace,
            "How long operations wait at most while a storage or source is exchanged that has to be closed before \
             its successor opens, or works. The first half is for the new one, the second for opening the old \
             one again if that fails.",
            or(duration(), HumanDuration(default.park_timeout)),
        )
        .option(
            "shutdown_timeout",
            InPlace,
            "How long the end of the program waits for operations in flight.",
            or(duration(), HumanDuration(default.shutdown_timeout)),
        )
        .option(
            "keep",
            InPlace,
            "A file that the program keeps the configuration in that it last adopted, for `socorro run \
             --last-good` to start from when the files are broken. Secrets are in it as references. Without it \
             nothing is kept.",
            path(),
        )
        .schema()
}

pub(super) fn control() -> Value {
    Described::new("How a running program is talked to.")
        .option(
            "socket",
            Restart,
            "The control socket, which `socorro status`, `socorro reload` and `socorro config diff --running` \
             talk to; only the user who runs the program may use it. Without it there is none.",
            path(),
        )
        .option(
            "metrics",
            Restart,
            "An IP address and a port where `socorro run` offers `/metrics` for Prometheus, `/healthz` and `/readyz`. \
             Whoever reaches it may read them; there is no secret in them. Without it there is none. An embedding \
             program exports its metrics itself.",
            formatted("address"),
        )
        .schema()
}
