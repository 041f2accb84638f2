use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use socorro_testkit::services::{self, Kind, Server};

fn config(server: &Server, trusted: bool) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if trusted {
        let file = server.ca_file.as_ref().unwrap();
        roots
            .add(CertificateDer::from_pem_file(file).unwrap())
            .unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// What is answered over TLS to `GET /`.
fn ask(server: &Server, trusted: bool, name: &str) -> std::io::Result<String> {
    send(server, trusted, name, "GET / HTTP/1.0\r\n", "")
}

fn send(
    server: &Server,
    trusted: bool,
    name: &str,
    head: &str,
    body: &str,
) -> std::io::Result<String> {
    let address = server.tls_url.as_deref().unwrap();
    let address = address.strip_prefix("https://").unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut tls = ClientConnection::new(config(server, trusted), name).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let mut stream = Stream::new(&mut tls, &mut socket);
    let length = body.len();
    write!(
        stream,
        "{head}Host: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn what_has_no_tls_gets_it_in_front() {
    for kind in [
        Kind::Ceph,
        Kind::Garage,
        Kind::Elasticsearch,
        Kind::Opensearch,
    ] {
        let server = services::shared(kind).unwrap();
        for name in ["localhost", "127.0.0.1"] {
            let answer = ask(&server, true, name).unwrap();
            assert!(answer.starts_with("HTTP/1."), "{kind}: {answer}");
        }
        let error = ask(&server, false, "localhost").unwrap_err();
        assert!(
            error.to_string().contains("UnknownIssuer"),
            "{kind}: {error}"
        );
        let error = ask(&server, true, "elsewhere.example").unwrap_err();
        assert!(
            error.to_string().contains("not valid for name"),
            "{kind}: {error}"
        );
        assert_eq!(services::shared(kind).unwrap().tls_url, server.tls_url);
    }
}

#[test]
fn large_requests_and_answers_pass_the_front() {
    let server = services::shared(Kind::Opensearch).unwrap();
    let index = format!("/front-{}", std::process::id());
    let text = "0123456789".repeat(300_000);
    let head = format!("PUT {index}/_doc/1 HTTP/1.0\r\n");
    let body = serde_json::json!({ "text": text }).to_string();
    let answer = send(&server, true, "localhost", &head, &body).unwrap();
    assert!(answer.starts_with("HTTP/1.0 201"), "{answer}");
    let head = format!("GET {index}/_doc/1 HTTP/1.0\r\n");
    let answer = send(&server, true, "localhost", &head, "").unwrap();
    assert!(answer.contains(&text), "{} bytes", answer.len());
    let gone = server.request("DELETE", &index, None).unwrap();
    gone.success().unwrap();
}
