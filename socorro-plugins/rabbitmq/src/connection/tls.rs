use lapin::tcp::{RustlsConnector, RustlsConnectorConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use socorro_core::error::Result;
use socorro_core::options::Tls;

use crate::config::invalid;

/// How connections are encrypted. Reads files of the local disk.
///
/// `InvalidConfig` when one of them is not what the option says.
pub(super) fn connector(tls: &Tls) -> Result<RustlsConnector> {
    let mut config = RustlsConnectorConfig::default();
    match tls.ca()? {
        Some(pem) => config.add_parsable_certificates(certificates("ca_file", &pem)?),
        None => {
            config = RustlsConnectorConfig::new_with_native_certs().map_err(|error| {
                invalid("the system's certificate authorities cannot be read; give tls.ca_file")
                    .caused_by(&error)
            })?;
        }
    }
    let connector = match tls.identity()? {
        None => config.connector_with_no_client_auth(),
        Some(identity) => {
            let chain = certificates("certificate_file", &identity.certificate)?;
            let key = PrivateKeyDer::from_pem_slice(&identity.key)
                .map_err(|_| invalid("tls.key_file holds no private key in PEM, unencrypted"))?;
            config.connector_with_single_cert(chain, key)
        }
    };
    connector.map_err(|error| invalid("the tls options do not go together").caused_by(&error))
}

fn certificates(option: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: Option<Vec<_>> = CertificateDer::pem_slice_iter(pem)
        .map(|one| one.ok())
        .collect();
    found
        .filter(|found| !found.is_empty())
        .ok_or_else(|| invalid(format!("tls.{option} holds no certificates in PEM")))
}
