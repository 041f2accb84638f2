//! Ceph's S3 gateway over a cluster of one monitor and one store, without a manager.
//!
//! The monitor's answers are made quick (`paxos ...`), which makes the difference between one second and
//! thirteen. Authentication stays on: without it the gateway asks for a key for ever. The shared cluster keeps
//! objects in memory; one of a test's own keeps them in a file, since the test may kill it.

use std::fmt::Write;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::certificate::Files;
use super::place::Place;
use super::{Kind, Server, Use, http, ports, secret};

/// How far from the first port: the gateway is the first.
const MONITOR: u16 = 1;
const STORE: u16 = 3;
/// The store takes two ports each for clients, other stores, and heartbeats between them.
const PORTS: u16 = 20;

const PATIENCE: Duration = Duration::from_secs(120);

/// Makes keys, the monitor's map, and an identity for the store.
pub(super) fn prepare(place: &Place, purpose: Use) -> Result<Server> {
    let port = ports::free(PORTS)?;
    let cluster = uuid()?;
    place.write("ceph.conf", &configuration(place, &cluster, port, purpose)?)?;
    for directory in ["mon.a", "osd.0", "rgw", "run"] {
        place.make_directory(directory)?;
    }
    let keyring = place.path("keyring");
    let mut create = place.tool("ceph-authtool");
    place.run(create.arg("--create-keyring").arg(&keyring))?;
    let everything: &[(&str, &str)] = &[("mon", "allow *"), ("osd", "allow *"), ("mgr", "allow *")];
    for (name, rights) in [
        ("mon.", &[("mon", "allow *")][..]),
        ("client.admin", everything),
        ("client.rgw", everything),
        (
            "osd.0",
            &[
                ("mon", "allow profile osd"),
                ("mgr", "allow profile osd"),
                ("osd", "allow *"),
            ],
        ),
    ] {
        let mut tool = place.tool("ceph-authtool");
        tool.arg(&keyring).args(["--gen-key", "-n", name]);
        for (service, right) in rights {
            tool.args(["--cap", service, right]);
        }
        place.run(&mut tool)?;
    }
    let map = place.path("monmap");
    let address = format!(
        "[v2:127.0.0.1:{},v1:127.0.0.1:{}]",
        port + MONITOR,
        port + MONITOR + 1
    );
    let mut tool = place.tool("monmaptool");
    tool.args(["--create", "--addv", "a", &address, "--fsid", &cluster]);
    place.run(tool.arg(&map))?;
    let mut monitor = program(place, "ceph-mon");
    monitor.args(["--mkfs", "-i", "a", "--monmap"]).arg(&map);
    place.run(monitor.arg("--keyring").arg(&keyring))?;
    place.write("store", &uuid()?)?;

    let version = place.run(place.tool("radosgw").arg("--version"))?;
    let mut server = Server::at(Kind::Ceph, format!("http://127.0.0.1:{port}"));
    version
        .split_whitespace()
        .nth(2)
        .unwrap_or_default()
        .clone_into(&mut server.version);
    server.user = format!("ADMIN{}", secret::hex(8)?.to_uppercase());
    server.password = secret::secret(40)?;
    server.ca_file = Some(Files::make(place)?.authority);
    server.port = port;
    Ok(server)
}

/// Starts monitor, store and gateway, one after the other.
pub(super) fn start(place: &Place, server: &Server) -> Result<()> {
    let first = !place.path("osd.0/keyring").exists() && !place.path("osd.0/whoami").exists();
    let monitor = place.spawn("mon", daemon(place, "ceph-mon").args(["-i", "a", "-f"]))?;
    place.wait("mon", &monitor, PATIENCE, || {
        ask(place, &["mon", "stat"]).is_ok()
    })?;
    if first {
        let identity = std::fs::read_to_string(place.path("store"))?;
        ask(place, &["osd", "create", &identity])?;
        let mut store = program(place, "ceph-osd");
        place.run(store.args(["-i", "0", "--mkfs", "--osd-uuid", &identity]))?;
    }
    let store = place.spawn("osd", daemon(place, "ceph-osd").args(["-i", "0", "-f"]))?;
    place.wait("osd", &store, PATIENCE, || {
        ask(place, &["osd", "stat"]).is_ok_and(|answer| answer.contains("1 up"))
    })?;
    let gateway = place.spawn(
        "rgw",
        daemon(place, "radosgw").args(["-n", "client.rgw", "-f"]),
    )?;
    place.wait("rgw", &gateway, PATIENCE, || {
        http::send(&server.url, "GET", "/", http::Credentials::None, None)
            .is_ok_and(|answer| answer.status == 200)
    })?;
    if first {
        let keys = [
            "--access-key",
            &server.user,
            "--secret-key",
            &server.password,
        ];
        let mut admin = administration(place.tool("radosgw-admin"), place.path("ceph.conf"));
        admin.args([
            "user",
            "create",
            "--uid=administrator",
            "--display-name=administrator",
        ]);
        admin.args(["--caps", "users=*;buckets=*"]).args(keys);
        place.run(&mut admin)?;
    }
    Ok(())
}

/// Makes another user of a Ceph server, who owns nothing yet, and returns its access key and secret key.
///
/// For a server that was not started here, `SOCORRO_TEST_CEPH_ADMIN` is the command that runs
/// `radosgw-admin` there, split at spaces.
pub fn ceph_user(server: &Server, name: &str) -> Result<(String, String)> {
    let access = format!("USER{}", secret::hex(8)?.to_uppercase());
    let secret = secret::secret(40)?;
    let mut command = match &server.directory {
        Some(directory) => {
            administration(Command::new("radosgw-admin"), directory.join("ceph.conf"))
        }
        None => given_administration()?,
    };
    command.args(["user", "create", "--uid", name, "--display-name", name]);
    command.args(["--access-key", &access, "--secret-key", &secret]);
    let output = command.output().context("cannot run radosgw-admin")?;
    anyhow::ensure!(
        output.status.success(),
        "radosgw-admin cannot create the user {name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok((access, secret))
}

fn given_administration() -> Result<Command> {
    let words = std::env::var("SOCORRO_TEST_CEPH_ADMIN").context(
        "users of a Ceph that was not started here are made with the command in SOCORRO_TEST_CEPH_ADMIN, \
         for example `docker compose exec -T ceph radosgw-admin`; it is not set",
    )?;
    let mut words = words.split_whitespace();
    let mut command = Command::new(words.next().context("SOCORRO_TEST_CEPH_ADMIN is empty")?);
    command.args(words);
    Ok(command)
}

fn administration(mut command: Command, configuration: std::path::PathBuf) -> Command {
    command
        .env("CEPH_CONF", configuration)
        .args(["-n", "client.rgw"]);
    command
}

fn program(place: &Place, name: &str) -> Command {
    let mut command = place.tool(name);
    command.env("CEPH_CONF", place.path("ceph.conf"));
    command
}

fn daemon(place: &Place, name: &str) -> Command {
    let mut command = place.daemon(name);
    command.env("CEPH_CONF", place.path("ceph.conf"));
    command
}

fn ask(place: &Place, words: &[&str]) -> Result<String> {
    place.run(
        program(place, "ceph")
            .args(["--connect-timeout", "20"])
            .args(words),
    )
}

fn uuid() -> Result<String> {
    let uuid = std::fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    Ok(uuid.trim_end().to_owned())
}

fn configuration(place: &Place, cluster: &str, port: u16, purpose: Use) -> Result<String> {
    let directory = place.directory.display();
    let monitor = port + MONITOR;
    let store = match purpose {
        Use::Shared => "memstore",
        Use::Own => "bluestore",
    };
    let mut text = format!(
        "[global]\n\
         fsid = {cluster}\n\
         mon host = [v2:127.0.0.1:{monitor},v1:127.0.0.1:{next}]\n\
         ms bind port min = {first}\n\
         ms bind port max = {last}\n\
         osd objectstore = {store}\n\
         run dir = {directory}/run\n\
         pid file = {directory}/run/$name.pid\n\
         crash dir = {directory}/run\n\
         log file = {directory}/log/$name.log\n\
         keyring = {directory}/keyring\n\
         mon data = {directory}/mon.a\n\
         osd data = {directory}/osd.0\n",
        next = monitor + 1,
        first = port + STORE,
        last = port + PORTS - 1,
    );
    text.push_str(include_str!("ceph/global.conf"));
    write!(
        text,
        "\n[client.rgw]\n\
         rgw frontends = beast endpoint=127.0.0.1:{port}\n\
         rgw data = {directory}/rgw\n\
         rgw thread pool size = 64\n\
         rgw crypt require ssl = false\n"
    )?;
    Ok(text)
}
