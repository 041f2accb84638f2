//! OpenSearch without security, out of the jars that its runner for tests depends on.
//!
//! They make no installation; a small program, compiled when it is started, makes one node of them.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::certificate::Files;
use super::place::Place;
use super::{Kind, Server, Use, elasticsearch, install, ports};

/// The version that is tested, and that of the runner that brings it.
pub(super) const VERSION: &str = "2.19.1";
pub(super) const RUNNER: &str = "2.19.1.0";

/// Where its jars are.
pub(super) fn jars() -> Result<PathBuf> {
    Ok(install::cache()?.join(format!("opensearch-{VERSION}")))
}

/// Brings the jars to where the server's user reaches them.
pub(super) fn prepare(place: &Place) -> Result<Server> {
    let port = ports::free(2)?;
    install::link_tree(&jars()?, &place.path("jars"))?;
    place.write("Run.java", include_str!("opensearch/Run.java"))?;
    for directory in ["node", "tmp"] {
        place.make_directory(directory)?;
    }
    let mut server = Server::at(Kind::Opensearch, format!("http://127.0.0.1:{port}"));
    VERSION.clone_into(&mut server.version);
    server.ca_file = Some(Files::make(place)?.authority);
    server.port = port;
    Ok(server)
}

/// Starts it.
pub(super) fn start(place: &Place, server: &Server, purpose: Use) -> Result<()> {
    let mut command = place.daemon(install::java_home()?.join("bin/java"));
    command
        .args(["-Xms512m", "-Xmx512m", "-XX:+UseSerialGC"])
        .arg(elasticsearch::compiler(purpose))
        .arg(format!("-Djava.io.tmpdir={}", place.path("tmp").display()))
        .arg("-cp")
        .arg(format!("{}/*", place.path("jars").display()))
        .arg(place.path("Run.java"))
        .arg(place.path("node"))
        .arg(server.port.to_string())
        .arg((server.port + 1).to_string());
    let process = place.spawn("opensearch", &mut command)?;
    place.wait("opensearch", &process, Duration::from_secs(240), || {
        elasticsearch::is_green(server)
    })
}
