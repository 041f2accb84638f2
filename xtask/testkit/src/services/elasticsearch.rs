//! Elasticsearch with security: accounts, roles and API keys, in the clear on loopback.
//!
//! The archive is the one its makers publish for integration tests. Of the modules it has the transport and
//! security; it has no `reindex` (so no `_delete_by_query`), no Painless, no `analysis-common`, and
//! `GET /` is answered with 405. What security needs of `analysis-common` comes from a plugin of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::certificate::Files;
use super::place::Place;
use super::{Kind, Server, Use, install, ports, secret};

/// The version that is tested.
pub(super) const VERSION: &str = "8.17.4";

/// Where it was unpacked.
pub(super) fn unpacked() -> Result<PathBuf> {
    Ok(install::cache()?.join(format!("elasticsearch-{VERSION}-security")))
}

/// Builds the plugin without which no user, role or API key can be made, into the unpacked archive.
pub(super) fn add_plugin(unpacked: &Path) -> Result<()> {
    let plugin = unpacked.join("plugins/security-analysis");
    let source = plugin.join("SecurityAnalysis.java");
    fs::create_dir_all(&plugin)?;
    fs::write(&source, include_str!("elasticsearch/SecurityAnalysis.java"))?;
    let descriptor = include_str!("elasticsearch/plugin-descriptor.properties");
    fs::write(plugin.join("plugin-descriptor.properties"), descriptor)?;
    let classes = plugin.join("classes");
    let mut compile = Command::new("javac");
    compile.arg("-d").arg(&classes).arg("-cp");
    compile.arg(format!("{}/lib/*", unpacked.display()));
    install::run(compile.arg(&source))?;
    let mut pack = Command::new("jar");
    pack.arg("--create")
        .arg("--file")
        .arg(plugin.join("security-analysis.jar"));
    install::run(pack.arg("-C").arg(&classes).arg("."))?;
    fs::remove_dir_all(classes)?;
    fs::remove_file(source)?;
    Ok(())
}

/// Writes the configuration and brings the program to where the server's user reaches it.
pub(super) fn prepare(place: &Place) -> Result<Server> {
    let port = ports::free(2)?;
    install::link_tree(&unpacked()?, &place.path("program"))?;
    let configuration = place.make_directory("configuration")?;
    for directory in ["data", "tmp"] {
        place.make_directory(directory)?;
    }
    let settings = format!(
        "discovery.type: single-node\n\
         network.host: 127.0.0.1\n\
         http.port: {port}\n\
         transport.port: {transport}\n\
         path.data: {directory}/data\n\
         path.logs: {directory}/log\n\
         cluster.routing.allocation.disk.threshold_enabled: false\n\
         xpack.security.enabled: true\n\
         xpack.security.enrollment.enabled: false\n\
         xpack.security.autoconfiguration.enabled: false\n",
        transport = port + 1,
        directory = place.directory.display(),
    );
    let user = "administrator";
    let password = secret::secret(32)?;
    place.write("configuration/elasticsearch.yml", &settings)?;
    place.write("configuration/jvm.options", "-XX:+UseSerialGC\n")?;
    // The file realm knows no hash by this form, and compares such a password as it is.
    place.write("configuration/users", &format!("{user}:{password}\n"))?;
    place.write("configuration/users_roles", &format!("superuser:{user}\n"))?;
    place.write("configuration/roles.yml", "")?;
    place.write("configuration/role_mapping.yml", "")?;
    let logging = unpacked()?.join("config/log4j2.properties");
    fs::copy(logging, configuration.join("log4j2.properties"))?;
    place.user.give_all(&configuration)?;

    let mut server = Server::at(Kind::Elasticsearch, format!("http://127.0.0.1:{port}"));
    VERSION.clone_into(&mut server.version);
    user.clone_into(&mut server.user);
    server.password = password;
    server.ca_file = Some(Files::make(place)?.authority);
    server.port = port;
    Ok(server)
}

/// Starts it.
pub(super) fn start(place: &Place, server: &Server, purpose: Use) -> Result<()> {
    // Told explicitly: the archive has no Java of its own.
    let java = install::java_home()?;
    let mut command = place.daemon(place.path("program/bin/elasticsearch"));
    command
        .env("ES_JAVA_HOME", java)
        .env("ES_JAVA_OPTS", format!("{HEAP} {}", compiler(purpose)))
        .env("ES_PATH_CONF", place.path("configuration"))
        .env("ES_TMPDIR", place.path("tmp"));
    let process = place.spawn("elasticsearch", &mut command)?;
    place.wait("elasticsearch", &process, Duration::from_secs(240), || {
        is_green(server)
    })
}

/// How much memory, as Java takes it.
const HEAP: &str = "-Xms512m -Xmx512m";

/// How Java compiles: a server that one test kills and starts again never earns the better compiler's time.
pub(super) fn compiler(purpose: Use) -> &'static str {
    match purpose {
        Use::Shared => "-XX:TieredStopAtLevel=4",
        Use::Own => "-XX:TieredStopAtLevel=1",
    }
}

/// Whether the cluster, as it says itself, can be written to.
pub(super) fn is_green(server: &Server) -> bool {
    server
        .request("GET", "/_cluster/health", None)
        .and_then(|answer| answer.json())
        .is_ok_and(|health| health["status"] == "green" || health["status"] == "yellow")
}
