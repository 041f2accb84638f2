//! A bare loop with the client that the plugin uses.

use anyhow::Result;
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use socorro_benches::crashes::Crash;
use socorro_benches::servers::peer::Peer;
use socorro_core::crash::CrashId;
use socorro_testkit::services::Server;

use crate::BUCKET;
use crate::keys::Keys;

const PREFIX: &str = "bare";

pub(crate) struct Bare(Client);

impl Bare {
    /// Makes the bucket too.
    pub(crate) async fn open(server: &Server) -> Result<Self> {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .endpoint_url(&server.url)
            .region(Region::new("us-east-1"))
            .force_path_style(true)
            .credentials_provider(Credentials::new(
                &server.user,
                &server.password,
                None,
                None,
                "benchmark",
            ))
            .retry_config(RetryConfig::disabled())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        let client = Client::from_conf(config);
        if client.head_bucket().bucket(BUCKET).send().await.is_err() {
            client.create_bucket().bucket(BUCKET).send().await?;
        }
        Ok(Self(client))
    }

    async fn get(&self, key: String) -> Result<usize> {
        let object = self.0.get_object().bucket(BUCKET).key(key).send().await?;
        Ok(object.body.collect().await?.into_bytes().len())
    }
}

#[async_trait]
impl Peer for Bare {
    fn title(&self) -> &'static str {
        "aws-sdk-s3, bare loop"
    }

    async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        for (key, content) in Keys::new(PREFIX, id).objects(crash) {
            let put = self.0.put_object().bucket(BUCKET).key(key);
            put.body(content.into()).send().await?;
        }
        Ok(())
    }

    async fn read(&self, id: &CrashId) -> Result<usize> {
        let keys = Keys::new(PREFIX, id);
        Ok(self.get(keys.raw).await? + self.get(keys.dump).await?)
    }

    async fn delete(&self, id: &CrashId) -> Result<()> {
        for key in Keys::new(PREFIX, id).all() {
            let delete = self.0.delete_object().bucket(BUCKET).key(key);
            delete.send().await?;
        }
        Ok(())
    }
}
