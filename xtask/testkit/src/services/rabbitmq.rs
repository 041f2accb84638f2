//! RabbitMQ: a node of its own with an `epmd` of its own, the management plugin, and a port for TLS.
//!
//! The program in the distribution's `sbin` insists on the user `rabbitmq` and on `/var/lib`; the one below it
//! is told everything by variables and runs as anybody.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::certificate::Files;
use super::place::{Place, list};
use super::{Kind, Server, ports, secret};

/// How far from the first port: AMQP itself is the first.
const MANAGEMENT: u16 = 1;
const DISTRIBUTION: u16 = 2;
const EPMD: u16 = 3;
const TLS: u16 = 4;

/// The start program that does not insist on a user.
pub(super) fn program() -> Option<PathBuf> {
    list(Path::new("/usr/lib/rabbitmq/lib"))
        .into_iter()
        .map(|version| version.join("sbin/rabbitmq-server"))
        .rfind(|program| program.exists())
}

/// Writes the configuration. The administrator is made at the first start, in place of the usual guest.
pub(super) fn prepare(place: &Place) -> Result<Server> {
    let port = ports::free(5)?;
    let files = Files::make(place)?;
    let password = secret::secret(32)?;
    let user = "socorro-administrator";
    let configuration = format!(
        "listeners.tcp.default = 127.0.0.1:{port}\n\
         listeners.ssl.default = 127.0.0.1:{tls}\n\
         ssl_options.cacertfile = {authority}\n\
         ssl_options.certfile = {certificate}\n\
         ssl_options.keyfile = {key}\n\
         ssl_options.verify = verify_none\n\
         ssl_options.fail_if_no_peer_cert = false\n\
         management.tcp.ip = 127.0.0.1\n\
         management.tcp.port = {management}\n\
         default_user = {user}\n\
         default_pass = {password}\n\
         default_user_tags.administrator = true\n\
         disk_free_limit.absolute = 50MB\n\
         vm_memory_high_watermark.absolute = 1GB\n\
         log.console = false\n\
         log.file.level = info\n",
        tls = port + TLS,
        management = port + MANAGEMENT,
        authority = files.authority.display(),
        certificate = files.certificate.display(),
        key = files.key.display(),
    );
    place.write("rabbitmq.conf", &configuration)?;
    place.write("enabled_plugins", "[rabbitmq_management].\n")?;
    place.make_directory("mnesia")?;

    let mut server = Server::at(Kind::Rabbitmq, format!("amqp://127.0.0.1:{port}"));
    user.clone_into(&mut server.user);
    server.password = password;
    server.ca_file = Some(files.authority);
    server.tls_url = Some(format!("amqps://127.0.0.1:{}", port + TLS));
    server.management_url = Some(format!("http://127.0.0.1:{}", port + MANAGEMENT));
    server.port = port;
    Ok(server)
}

/// Whether this broker has written down that a quorum queue of this name exists.
///
/// It does so seconds after the declaration. RabbitMQ 3.10 that is killed before comes back with the queue, but
/// without a leader for it, for ever: whoever consumes from it is never answered.
pub fn rabbitmq_knows(server: &Server, queue: &str) -> bool {
    let Some(directory) = &server.directory else {
        return true;
    };
    let node = format!("socorro{}@localhost", server.port);
    let names = directory
        .join("mnesia")
        .join(&node)
        .join("quorum")
        .join(&node)
        .join("names.dets");
    std::fs::read(names).is_ok_and(|names| {
        names
            .windows(queue.len())
            .any(|window| window == queue.as_bytes())
    })
}

/// Starts `epmd` and the node.
pub(super) fn start(place: &Place, server: &Server) -> Result<()> {
    let program = program().context("RabbitMQ's start program has disappeared")?;
    let port = server.port;
    let epmd = (port + EPMD).to_string();
    let mut names = place.daemon("epmd");
    names.args(["-address", "127.0.0.1", "-port", &epmd]);
    place.spawn("epmd", &mut names)?;

    let mut node = place.daemon(program);
    node.env("RABBITMQ_NODENAME", format!("socorro{port}@localhost"))
        .env("RABBITMQ_MNESIA_BASE", place.path("mnesia"))
        .env("RABBITMQ_LOG_BASE", place.path("log"))
        .env("RABBITMQ_CONFIG_FILE", place.path("rabbitmq.conf"))
        .env(
            "RABBITMQ_ENABLED_PLUGINS_FILE",
            place.path("enabled_plugins"),
        )
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        .env("RABBITMQ_PID_FILE", place.path("pid"))
        .env("RABBITMQ_FEATURE_FLAGS_FILE", place.path("feature_flags"))
        .env("RABBITMQ_GENERATED_CONFIG_DIR", place.path("generated"))
        .env("RABBITMQ_DIST_PORT", (port + DISTRIBUTION).to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", epmd)
        .env(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            // Few schedulers that do not spin: it shares the machine with what it serves.
            "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none",
        );
    let process = place.spawn("rabbitmq", &mut node)?;
    place.wait("rabbitmq", &process, Duration::from_secs(180), || {
        overview(server).is_ok_and(|overview| listens(&overview))
    })?;
    let overview = overview(server)?;
    let version = overview["rabbitmq_version"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    place.state.entry(Kind::Rabbitmq, |entry| {
        if let Some(server) = &mut entry.server {
            server.version = version;
        }
    })
}

fn overview(server: &Server) -> Result<Value> {
    server.request("GET", "/api/overview", None)?.json()
}

/// The management interface is up before the listeners are.
fn listens(overview: &Value) -> bool {
    let listeners = overview["listeners"].as_array();
    ["amqp", "amqp/ssl"].iter().all(|protocol| {
        listeners
            .into_iter()
            .flatten()
            .any(|listener| listener["protocol"] == *protocol)
    })
}
