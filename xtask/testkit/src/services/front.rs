//! TLS in front of servers that speak HTTP in the clear: a thread of the test that accepts, and two for each
//! connection.
//!
//! It lives as long as the test's process: with the certificate that the server's files have, at a port of its
//! own.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::{Kind, Server, ports};

/// Which servers have one in this process, and where.
static FRONTS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// The server with a `tls_url`, for those that need help to have one.
pub(super) fn with_tls(mut server: Server) -> Result<Server> {
    let speaks_http = !matches!(server.kind, Kind::Postgres | Kind::Rabbitmq);
    if let Some(directory) = &server.directory
        && server.tls_url.is_none()
        && speaks_http
    {
        let mut fronts = FRONTS.lock().unwrap_or_else(PoisonError::into_inner);
        let url = match fronts.get(&server.url) {
            Some(url) => url.clone(),
            None => {
                let url = start(directory, server.address()?).context("no TLS in front of it")?;
                fronts.insert(server.url.clone(), url.clone());
                url
            }
        };
        server.tls_url = Some(url);
    }
    Ok(server)
}

fn start(directory: &Path, server: SocketAddr) -> Result<String> {
    let certificates = CertificateDer::pem_file_iter(directory.join("certificate.pem"))?
        .collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(directory.join("key.pem"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    let config = Arc::new(config);
    let port = ports::free(1)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            // A client that is not served sees its connection end.
            if let (Ok(tls), Ok(server)) = (
                ServerConnection::new(config.clone()),
                TcpStream::connect(server),
            ) {
                serve(client, server, tls);
            }
        }
    });
    Ok(format!("https://127.0.0.1:{port}"))
}

/// One connection.
struct Front {
    client: TcpStream,
    server: TcpStream,
    tls: Mutex<ServerConnection>,
}

fn serve(client: TcpStream, server: TcpStream, tls: ServerConnection) {
    for stream in [&client, &server] {
        // Fails on a socket that is closed already, which the threads notice.
        let _ = stream.set_nodelay(true);
    }
    let front = Arc::new(Front {
        client,
        server,
        tls: Mutex::new(tls),
    });
    let other = front.clone();
    thread::spawn(move || {
        // However it ends, the other direction must end as well.
        let _ = other.to_server();
        let _ = other.server.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let _ = front.to_client();
        let _ = front.client.shutdown(Shutdown::Both);
        let _ = front.server.shutdown(Shutdown::Both);
    });
}

impl Front {
    /// Decrypts what the client sends. The socket is read without the lock, so that answers pass meanwhile.
    fn to_server(&self) -> io::Result<()> {
        let mut encrypted = vec![0; 32 << 10];
        let mut clear = Vec::new();
        loop {
            let length = (&self.client).read(&mut encrypted)?;
            let mut rest = encrypted.get(..length).unwrap_or_default();
            if rest.is_empty() {
                return Ok(());
            }
            while !rest.is_empty() {
                let mut tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
                tls.read_tls(&mut rest)?;
                let state = tls.process_new_packets();
                let outcome = state.map(|state| state.plaintext_bytes_to_read());
                // The alert that tells the client of an error, too.
                self.flush(&mut tls)?;
                clear.resize(outcome.map_err(io::Error::other)?, 0);
                tls.reader().read_exact(&mut clear)?;
                drop(tls);
                (&self.server).write_all(&clear)?;
            }
        }
    }

    /// Encrypts what the server answers.
    fn to_client(&self) -> io::Result<()> {
        let mut clear = vec![0; 32 << 10];
        loop {
            let length = (&self.server).read(&mut clear)?;
            let mut tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
            if length == 0 {
                tls.send_close_notify();
                return self.flush(&mut tls);
            }
            tls.writer()
                .write_all(clear.get(..length).unwrap_or_default())?;
            self.flush(&mut tls)?;
        }
    }

    fn flush(&self, tls: &mut ServerConnection) -> io::Result<()> {
        while tls.wants_write() {
            tls.write_tls(&mut &self.client)?;
        }
        Ok(())
    }
}
