//! A certificate authority for one server, and the server's certificate.

use std::path::PathBuf;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::place::Place;

/// The files, in PEM.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) authority: PathBuf,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Files {
    /// Where they are in `place`.
    pub(super) fn of(place: &Place) -> Self {
        Self {
            authority: place.path("ca.pem"),
            certificate: place.path("certificate.pem"),
            key: place.path("key.pem"),
        }
    }

    /// Makes them, for `localhost` and the loopback addresses.
    pub(super) fn make(place: &Place) -> Result<Self> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority
            .distinguished_name
            .push(DnType::CommonName, format!("tests with {}", place.kind));
        let authority_key = KeyPair::generate()?;
        let authority_certificate = authority.self_signed(&authority_key)?;

        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut server = CertificateParams::new(names)?;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &Issuer::new(authority, authority_key))?;

        place.write("ca.pem", &authority_certificate.pem())?;
        place.write("certificate.pem", &certificate.pem())?;
        place.write("key.pem", &key.serialize_pem())?;
        Ok(Self::of(place))
    }
}
