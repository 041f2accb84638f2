//! Whom to trust and who to be on an encrypted connection.
//!
//! An encrypted connection is always verified: the certificate must come from an authority that is trusted and
//! name the host of the URL. There is no mode that encrypts to whoever answers.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use socorro_core::options::Tls;
use socorro_core::{Error, ErrorKind, Result};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What makes connections encrypted, for a URL that asks for it.
///
/// `InvalidConfig` when a file cannot be read or does not hold what it should.
pub(super) fn connector(tls: &Tls) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("tls cannot be set up", &error))?
        .with_root_certificates(roots(tls)?);
    let config = match tls.identity()? {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = certificates("certificate_file", &identity.certificate)?;
            let key = PrivateKeyDer::from_pem_slice(&identity.key)
                .map_err(|error| wrong("tls.key_file holds no private key in PEM", &error))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                wrong(
                    "tls.certificate_file and tls.key_file cannot be used",
                    &error,
                )
            })?
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(tls: &Tls) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match tls.ca()? {
        Some(pem) => {
            for certificate in certificates("ca_file", &pem)? {
                roots.add(certificate).map_err(|error| {
                    wrong(
                        "tls.ca_file holds a certificate that cannot be used",
                        &error,
                    )
                })?;
            }
        }
        None => {
            // Certificates of a system that cannot be parsed are of no use, and no harm either.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn certificates(option: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(&format!("tls.{option} is not PEM"), &error))?;
    if found.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidConfig,
            format!("tls.{option} holds no certificate; it must be PEM"),
        ));
    }
    Ok(found)
}

fn wrong(what: &str, error: &(dyn std::error::Error + 'static)) -> Error {
    Error::new(ErrorKind::InvalidConfig, what).caused_by(error)
}

#[cfg(test)]
mod tests;
