//! Encrypted connections.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};
use socorro_core::{ErrorKind, Result};

use crate::support::{Site, failed, samples, save, today};

fn require(site: &Site) -> String {
    site.url(&site.app())
        .replace("sslmode=disable", "sslmode=require")
}

fn refused(error: &socorro_core::Error, why: &str) {
    assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
    assert!(error.to_string().contains(why), "{error}");
}

#[tokio::test]
async fn an_authority_of_ones_own() -> Result<()> {
    let site = Site::new().await;
    let ca_file = site.server().ca_file.clone().unwrap();
    let url = format!("{}&application_name=encrypted", require(&site));
    for mode in ["require", "verify-full"] {
        let url = url.replace("sslmode=require", &format!("sslmode={mode}"));
        let options = json!({ "url": url, "tls": { "ca_file": &ca_file } });
        let storage = site.storage(options).await?;
        save(&storage, &samples(1, 1, today())[0]).await?;
        let encrypted = "SELECT bool_and(ssl)::int FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'encrypted'";
        assert_eq!(site.number(encrypted), 1);
    }
    Ok(())
}

#[tokio::test]
async fn another_authority_is_not_trusted() {
    let site = Site::new().await;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("ca.pem");
    std::fs::write(&other, made.cert.pem()).unwrap();
    let prefer = require(&site).replace("sslmode=require", "sslmode=prefer");
    for url in [require(&site), prefer] {
        for tls in [json!({ "ca_file": other }), json!({})] {
            let error = failed(site.storage(json!({ "url": url, "tls": tls })).await);
            refused(&error, "tls.ca_file");
        }
    }
    let missing: Value = json!({ "url": require(&site), "tls": { "ca_file": "/nowhere" } });
    refused(&failed(site.storage(missing).await), "/nowhere");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let site = Site::new().await;
    let ca_file = site.server().ca_file.clone().unwrap();
    // The same server by an address that its certificate does not name.
    let url = require(&site).replace("127.0.0.1", "127.0.0.2");
    let Err(error) = site
        .storage(json!({ "url": url, "tls": { "ca_file": ca_file } }))
        .await
    else {
        panic!("it was accepted");
    };
    // It listens on one address only, or else its certificate is what is wrong.
    assert!(
        matches!(
            error.kind(),
            ErrorKind::InvalidConfig | ErrorKind::Unavailable
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_without_tls_is_told() {
    let site = Site::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).unwrap();
        // Not encrypted, it says.
        stream.write_all(b"N").unwrap();
    });
    let url = format!("postgres://me@{address}/x?sslmode=require");
    let error = failed(site.storage(json!({ "url": url })).await);
    refused(&error, "ssl = on");
    server.join().unwrap();
}
