//! PostgreSQL: passwords with SCRAM, TLS at the same port.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::certificate::Files;
use super::place::{Place, in_path, list};
use super::{Kind, Server, Use, ports, secret};

/// Where the programs are: Debian keeps them apart by version.
pub(super) fn programs() -> Option<PathBuf> {
    let versions = list(Path::new("/usr/lib/postgresql"));
    versions
        .into_iter()
        .map(|version| version.join("bin"))
        .filter(|programs| programs.join("initdb").exists())
        .max_by_key(|programs| version_of(programs))
        .or_else(|| Some(in_path("initdb")?.canonicalize().ok()?.parent()?.to_owned()))
}

fn version_of(programs: &Path) -> u32 {
    programs
        .parent()
        .and_then(Path::file_name)
        .and_then(|version| version.to_str()?.parse().ok())
        .unwrap_or(0)
}

fn find() -> Result<PathBuf> {
    programs().context("PostgreSQL's programs have disappeared")
}

/// Makes a cluster.
pub(super) fn prepare(place: &Place) -> Result<Server> {
    let programs = find()?;
    let password = secret::secret(32)?;
    let file = place.write("password", &password)?;
    let mut initdb = place.tool(programs.join("initdb"));
    initdb.arg("--pgdata").arg(place.path("data"));
    initdb.args([
        "--username=postgres",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
    ]);
    initdb.args(["--locale=C", "--no-sync", "--no-instructions"]);
    initdb.arg("--pwfile").arg(&file);
    place.run(&mut initdb)?;
    std::fs::remove_file(file)?;

    let port = ports::free(1)?;
    let version = place.run(place.tool(programs.join("postgres")).arg("--version"))?;
    let url = format!("postgres://127.0.0.1:{port}/postgres");
    let mut server = Server::at(Kind::Postgres, url.clone());
    version
        .split_whitespace()
        .nth(2)
        .unwrap_or_default()
        .clone_into(&mut server.version);
    server.user = "postgres".to_owned();
    server.password = password;
    server.ca_file = Some(Files::make(place)?.authority);
    server.tls_url = Some(url);
    server.port = port;
    Ok(server)
}

/// Starts it on its cluster.
pub(super) fn start(place: &Place, server: &Server, purpose: Use) -> Result<()> {
    let programs = find()?;
    let files = Files::of(place);
    let mut command = place.daemon(programs.join("postgres"));
    command.arg("-D").arg(place.path("data"));
    set(&mut command, "port", &server.port.to_string());
    set(&mut command, "listen_addresses", "127.0.0.1");
    set(&mut command, "unix_socket_directories", "");
    set(&mut command, "max_connections", "300");
    set(&mut command, "shared_buffers", "64MB");
    // In its directory, so that one that is killed leaves nothing elsewhere in memory.
    set(&mut command, "dynamic_shared_memory_type", "mmap");
    set(&mut command, "ssl", "on");
    set(
        &mut command,
        "ssl_cert_file",
        &files.certificate.display().to_string(),
    );
    set(
        &mut command,
        "ssl_key_file",
        &files.key.display().to_string(),
    );
    if purpose == Use::Shared {
        // Nobody kills this one. One of a test's own keeps what it has promised.
        for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
            set(&mut command, setting, "off");
        }
    }
    let process = place.spawn("postgres", &mut command)?;
    let port = server.port.to_string();
    place.wait("postgres", &process, Duration::from_secs(60), || {
        place
            .tool(programs.join("pg_isready"))
            .args(["-q", "-h", "127.0.0.1", "-p", &port])
            .status()
            .is_ok_and(|status| status.success())
    })
}

fn set(command: &mut Command, name: &str, value: &str) {
    command.arg("-c").arg(format!("{name}={value}"));
}
