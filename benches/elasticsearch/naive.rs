//! What somebody would write first: a request for each crash, with the client that the plugin uses. The index
//! maps no field, so that the server does no more than for the plugin's.

use anyhow::{Result, ensure};
use async_trait::async_trait;
use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::response::Response;
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use elasticsearch::http::{Method, StatusCode, Url};
use serde_json::{Value, json};
use socorro_benches::crashes::Crash;
use socorro_benches::servers::peer::Peer;
use socorro_core::Bytes;
use socorro_core::crash::CrashId;
use socorro_testkit::services::Server;

const INDEX: &str = "naivebenchmark";

pub(crate) struct Naive(Transport);

impl Naive {
    pub(crate) async fn open(server: &Server) -> Result<Self> {
        let pool = SingleNodeConnectionPool::new(Url::parse(&server.url)?);
        let mut builder = TransportBuilder::new(pool).disable_proxy();
        if !server.user.is_empty() {
            let credentials = Credentials::Basic(server.user.clone(), server.password.clone());
            builder = builder.auth(credentials);
        }
        if let Some(file) = &server.ca_file {
            let authority = Certificate::from_pem(&std::fs::read(file)?)?;
            builder = builder.cert_validation(CertificateValidation::Full(authority));
        }
        let naive = Self(builder.build()?);
        let gone = naive
            .send(Method::Delete, &format!("/{INDEX}"), None)
            .await?;
        let status = gone.status_code();
        ensure!(
            status.is_success() || status == StatusCode::NOT_FOUND,
            "{INDEX} stays: {status}"
        );
        let settings = json!({
            "settings": { "number_of_shards": 1, "number_of_replicas": 0 },
            "mappings": { "dynamic": false },
        });
        let body = Bytes::from(serde_json::to_vec(&settings)?);
        naive
            .send(Method::Put, &format!("/{INDEX}"), Some(body))
            .await?
            .error_for_status_code()?;
        Ok(naive)
    }

    async fn send(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Response> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let sent = self
            .0
            .send(method, path, headers, None::<&Value>, body, None);
        Ok(sent.await?)
    }
}

#[async_trait]
impl Peer for Naive {
    fn title(&self) -> &'static str {
        "elasticsearch, one by one"
    }

    async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        let path = format!("/{INDEX}/_doc/{id}");
        let body = crash.raw.as_bytes().clone();
        self.send(Method::Put, &path, Some(body))
            .await?
            .error_for_status_code()?;
        Ok(())
    }

    async fn read(&self, id: &CrashId) -> Result<usize> {
        let path = format!("/{INDEX}/_source/{id}");
        let response = self.send(Method::Get, &path, None).await?;
        Ok(response.error_for_status_code()?.bytes().await?.len())
    }

    async fn delete(&self, id: &CrashId) -> Result<()> {
        let path = format!("/{INDEX}/_doc/{id}");
        self.send(Method::Delete, &path, None)
            .await?
            .error_for_status_code()?;
        Ok(())
    }

    fn size(&self, crash: &Crash) -> usize {
        crash.raw.as_bytes().len()
    }
}
