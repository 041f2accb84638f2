//! The client: who it is, whom it trusts, how long it waits.

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use socorro_core::error::Result;

use crate::body::blocking;
use crate::config::{Checksums, StorageConfig, invalid};

/// Makes a client. Nothing is sent to the server yet.
///
/// Its own retries are off: the host's executor is the one that tries again. Its protection against stalled
/// streams is off too: a request has a time limit as a whole, body included.
pub(crate) async fn connect(config: &StorageConfig) -> Result<Client> {
    let own = config.clone();
    let http = blocking(move || http_client(&own)).await?;
    // Pinned: a newer one may change what is sent.
    let behavior = BehaviorVersion::v2026_01_12();
    let mut loader = aws_config::defaults(behavior)
        .http_client(http)
        .region(Region::new(config.region.clone()));
    if let (Some(id), Some(secret)) = (&config.access_key_id, &config.secret_access_key) {
        let token = config.session_token.as_ref();
        loader = loader.credentials_provider(Credentials::new(
            id.clone(),
            secret.expose().to_owned(),
            token.map(|token| token.expose().to_owned()),
            None,
            "options",
        ));
    }
    let shared = loader.load().await;
    let (request, response) = match config.checksums {
        Checksums::WhenSupported => (
            RequestChecksumCalculation::WhenSupported,
            ResponseChecksumValidation::WhenSupported,
        ),
        Checksums::WhenRequired => (
            RequestChecksumCalculation::WhenRequired,
            ResponseChecksumValidation::WhenRequired,
        ),
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(config.connect_timeout.0)
        .build();
    let mut builder = Builder::from(&shared)
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts)
        .force_path_style(config.path_style())
        .request_checksum_calculation(request)
        .response_checksum_validation(response);
    if let Some(url) = &config.endpoint_url {
        builder = builder.endpoint_url(url);
    }
    Ok(Client::from_conf(builder.build()))
}

/// Trusts the system's authorities, or those of `tls.ca_file` alone. Blocks.
fn http_client(config: &StorageConfig) -> Result<SharedHttpClient> {
    let trust = match config.tls.ca()? {
        // Reading the system's authorities takes a while, and here nobody would be asked about.
        None if is_plain(config) => TrustStore::empty(),
        None => TrustStore::default(),
        Some(pem) => {
            check_authorities(&pem)?;
            TrustStore::empty().with_pem_certificate(pem)
        }
    };
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| invalid("the TLS options cannot be used").caused_by(&error))?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .pool_max_idle_per_host(usize::from(config.max_connections))
        .build_https())
}

/// Whether no connection is encrypted: those to other services of AWS, which have keys to give, would be.
fn is_plain(config: &StorageConfig) -> bool {
    let url = config.endpoint_url.as_deref().unwrap_or_default();
    url.starts_with("http://") && config.access_key_id.is_some()
}

/// The client library panics on certificates that it cannot use, so they are tried first.
fn check_authorities(pem: &[u8]) -> Result<()> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate =
            certificate.map_err(|error| invalid("tls.ca_file is not PEM").caused_by(&error))?;
        store.add(certificate).map_err(|error| {
            invalid("tls.ca_file has a certificate that is no authority's").caused_by(&error)
        })?;
    }
    if store.is_empty() {
        return Err(invalid("tls.ca_file has no certificate in it"));
    }
    Ok(())
}
