//! Garage: one node with a layout of its own making, metadata in SQLite, which takes keys of any length.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::certificate::Files;
use super::place::Place;
use super::{Kind, Server, http, install, ports, secret};

/// The version that is built and tested.
pub(super) const VERSION: &str = "2.5.0";

/// How far from the first port: S3 is the first.
const BETWEEN_NODES: u16 = 1;
const ADMINISTRATION: u16 = 2;

/// The program, where it was installed.
pub(super) fn program() -> Result<PathBuf> {
    Ok(install::cache()?.join(format!("garage-{VERSION}/bin/garage")))
}

/// Writes the configuration and brings the program to where the server's user reaches it.
pub(super) fn prepare(place: &Place) -> Result<Server> {
    let port = ports::free(3)?;
    let token = secret::secret(32)?;
    let configuration = format!(
        "metadata_dir = \"{directory}/meta\"\n\
         data_dir = \"{directory}/objects\"\n\
         db_engine = \"sqlite\"\n\
         replication_factor = 1\n\
         metadata_fsync = false\n\
         data_fsync = false\n\
         compression_level = \"none\"\n\
         rpc_bind_addr = \"127.0.0.1:{nodes}\"\n\
         rpc_public_addr = \"127.0.0.1:{nodes}\"\n\
         rpc_secret = \"{secret}\"\n\
         [s3_api]\n\
         s3_region = \"us-east-1\"\n\
         api_bind_addr = \"127.0.0.1:{port}\"\n\
         root_domain = \".s3.localhost\"\n\
         [admin]\n\
         api_bind_addr = \"127.0.0.1:{administration}\"\n\
         admin_token = \"{token}\"\n",
        directory = place.directory.display(),
        nodes = port + BETWEEN_NODES,
        secret = secret::secret(64)?,
        administration = port + ADMINISTRATION,
    );
    place.write("garage.toml", &configuration)?;
    install::link_tree(&program()?, &place.path("garage"))?;

    let mut server = Server::at(Kind::Garage, format!("http://127.0.0.1:{port}"));
    VERSION.clone_into(&mut server.version);
    server.user = format!("GK{}", secret::hex(12)?);
    server.password = secret::secret(64)?;
    server.ca_file = Some(Files::make(place)?.authority);
    server.management_url = Some(format!("http://127.0.0.1:{}", port + ADMINISTRATION));
    server.management_token = Some(token);
    server.port = port;
    Ok(server)
}

/// Starts the node. Its first start makes the administrator's key, which may create buckets.
pub(super) fn start(place: &Place, server: &Server) -> Result<()> {
    let mut command = place.daemon(place.path("garage"));
    command
        .args(["server", "--single-node", "--default-bucket"])
        .env("GARAGE_CONFIG_FILE", place.path("garage.toml"))
        .env("GARAGE_DEFAULT_ACCESS_KEY", &server.user)
        .env("GARAGE_DEFAULT_SECRET_KEY", &server.password)
        .env("GARAGE_DEFAULT_BUCKET", "default-bucket")
        .env("RUST_LOG", "garage=warn");
    let process = place.spawn("garage", &mut command)?;
    place.wait("garage", &process, Duration::from_secs(60), || {
        let base = server.management_url.as_deref().unwrap_or_default();
        http::send(base, "GET", "/health", http::Credentials::None, None)
            .is_ok_and(|answer| answer.status == 200)
    })?;
    let path = format!("/v2/UpdateKey?id={}", server.user);
    let rights = json!({ "allow": { "createBucket": true } });
    server.request("POST", &path, Some(&rights))?.success()
}

/// Makes the bucket, unless it is there, and a key that may read and write in it and nothing else; returns the
/// access key and the secret key.
///
/// For a server that was not started here, `SOCORRO_TEST_GARAGE_MANAGEMENT_URL` and
/// `SOCORRO_TEST_GARAGE_MANAGEMENT_TOKEN` name its admin API.
pub fn garage_key(server: &Server, bucket: &str) -> Result<(String, String)> {
    server.management_url.as_ref().context(
        "keys of a Garage that was not started here need SOCORRO_TEST_GARAGE_MANAGEMENT_URL",
    )?;
    let found = server.request(
        "GET",
        &format!("/v2/GetBucketInfo?globalAlias={bucket}"),
        None,
    )?;
    let bucket_info = if found.status == 404 {
        let wanted = json!({ "globalAlias": bucket });
        server
            .request("POST", "/v2/CreateBucket", Some(&wanted))?
            .json()?
    } else {
        found.json()?
    };
    let access = format!("GK{}", secret::hex(12)?);
    let secret = secret::secret(64)?;
    let key = json!({
        "accessKeyId": access,
        "secretAccessKey": secret,
        "name": format!("test of {bucket}"),
    });
    server
        .request("POST", "/v2/ImportKey", Some(&key))?
        .success()?;
    let rights = json!({
        "bucketId": text(&bucket_info, "id")?,
        "accessKeyId": access,
        "permissions": { "read": true, "write": true, "owner": false },
    });
    server
        .request("POST", "/v2/AllowBucketKey", Some(&rights))?
        .success()?;
    Ok((access, secret))
}

fn text(value: &Value, name: &str) -> Result<String> {
    let text = value[name].as_str();
    Ok(text
        .with_context(|| format!("Garage told no {name}"))?
        .to_owned())
}
