use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, RequestChecksumCalculation};
use serde_json::{Value, json};
use socorro_core::conformance::data::{Maker, Sample};
use socorro_core::crash::{CrashDate, CrashId, Dump, StoredId};
use socorro_core::plugin::{OpenOptions, PluginStorage};
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, Result};
use socorro_testkit::services::{self, Kind, Server};

use crate::library::library;

/// How long what has to come may take: disks stall for half a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A bucket of a test's own, and the least-privileged account that may use it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) url: String,
    pub(crate) bucket: String,
    pub(crate) access: String,
    pub(crate) secret: String,
    tls_url: Option<String>,
    ca_file: Option<PathBuf>,
    administrator: (String, String),
}

/// A name that nothing else has.
pub(crate) fn unique(what: &str) -> String {
    let random = CrashId::random(CrashDate::FIRST).unwrap();
    format!("{what}-{}", &random.as_str()[..13])
}

pub(crate) fn shared(kind: Kind) -> Server {
    services::shared(kind).unwrap_or_else(|error| panic!("{error:#}"))
}

impl Account {
    /// One on the shared server.
    pub(crate) async fn on(kind: Kind) -> Self {
        Self::of(&shared(kind), &unique("crashes")).await
    }

    /// One on a server, with this bucket.
    pub(crate) async fn of(server: &Server, bucket: &str) -> Self {
        let mut account = Self {
            url: server.url.clone(),
            bucket: bucket.to_owned(),
            access: server.user.clone(),
            secret: server.password.clone(),
            tls_url: server.tls_url.clone(),
            ca_file: server.ca_file.clone(),
            administrator: (server.user.clone(), server.password.clone()),
        };
        let keys = match server.kind {
            Kind::Ceph => {
                let name = unique("socorro");
                let keys = services::ceph_user(server, &name).unwrap();
                account.grant(&name).await;
                keys
            }
            Kind::Garage => {
                let keys = services::garage_key(server, bucket).unwrap();
                // Its administrators have no right in the buckets of others.
                account.administrator = keys.clone();
                keys
            }
            other => panic!("{other:?} is no S3 server"),
        };
        (account.access, account.secret) = keys;
        account
    }

    /// Makes the bucket and gives a user the rights that the docs list.
    async fn grant(&self, user: &str) {
        let client = self.administrator();
        client
            .create_bucket()
            .bucket(&self.bucket)
            .send()
            .await
            .unwrap();
        let mut policy = documented_policy(&self.bucket);
        for statement in policy["Statement"].as_array_mut().unwrap() {
            statement["Principal"] = json!({ "AWS": [format!("arn:aws:iam:::user/{user}")] });
        }
        client
            .put_bucket_policy()
            .bucket(&self.bucket)
            .policy(policy.to_string())
            .send()
            .await
            .unwrap();
    }

    /// A client that may read everything, past the plugin.
    pub(crate) fn administrator(&self) -> Client {
        let (access, secret) = &self.administrator;
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(access, secret, None, None, "test"))
            .endpoint_url(&self.url)
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .build();
        Client::from_conf(config)
    }

    /// The plugin's options, `more` over them.
    pub(crate) fn options(&self, more: &Value) -> Value {
        let mut options = json!({
            "bucket": self.bucket,
            "endpoint_url": self.url,
            "access_key_id": self.access,
            "secret_access_key": self.secret,
        });
        let map = options.as_object_mut().unwrap();
        map.extend(more.as_object().unwrap().clone());
        options
    }

    /// Options for https, with the authority to trust.
    pub(crate) fn encrypted(&self, more: &Value) -> Value {
        let mut options = self.options(&json!({
            "endpoint_url": self.tls_url.as_ref().expect("the server has no https"),
            "tls": { "ca_file": self.ca_file.as_ref().expect("the server has no authority") },
        }));
        let map = options.as_object_mut().unwrap();
        map.extend(more.as_object().unwrap().clone());
        options
    }

    pub(crate) async fn open(&self, more: &Value) -> PluginStorage {
        open(&self.options(more)).await.unwrap()
    }

    /// The keys with a prefix, seen past the plugin.
    pub(crate) async fn keys(&self, prefix: &str) -> Vec<String> {
        let client = self.administrator();
        let request = client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let answer = request.send().await.unwrap();
        let contents = answer.contents.unwrap_or_default();
        contents
            .into_iter()
            .filter_map(|object| object.key)
            .collect()
    }
}

/// The policy of docs/s3.md, for a bucket.
pub(crate) fn documented_policy(bucket: &str) -> Value {
    let page = include_str!("../../../../docs/s3.md");
    let (_, after) = page
        .split_once("<!-- The tests read this policy. -->")
        .unwrap();
    let (_, fenced) = after.split_once("```json").unwrap();
    let (policy, _) = fenced.split_once("```").unwrap();
    serde_json::from_str(&policy.replace("BUCKET", bucket)).unwrap()
}

/// A storage of the loaded library.
pub(crate) async fn open(options: &Value) -> Result<PluginStorage> {
    let library = library().await;
    library.open_storage("archive", options, &patiently()).await
}

/// How a storage is opened.
pub(crate) fn patiently() -> OpenOptions {
    OpenOptions {
        timeout: PATIENCE,
        ..OpenOptions::default()
    }
}

pub(crate) fn day() -> CrashDate {
    "2016-09-18".parse().unwrap()
}

/// A whole crash, the same for the same seed.
pub(crate) fn crash(seed: u64) -> Sample {
    Maker::new(seed).sample(day()).unwrap()
}

pub(crate) async fn save(storage: &dyn CrashStorage, sample: &Sample) -> Result<()> {
    let Sample { id, raw, dumps, .. } = sample;
    storage
        .save_raw_crash(&Context::new(), id, raw, dumps)
        .await
}

/// Whether a crash is there; panics when it is there but not whole.
pub(crate) async fn is_whole(storage: &dyn CrashStorage, sample: &Sample) -> bool {
    let (cx, id) = (Context::new(), StoredId::from(sample.id));
    let raw = match storage.get_raw_crash(&cx, &id).await {
        Ok(raw) => raw,
        Err(error) => {
            assert!(error.is_not_found(), "{error:?}");
            return false;
        }
    };
    assert!(raw == sample.raw, "{id}: another raw crash");
    let dumps = storage.get_dumps(&cx, &id).await.unwrap();
    assert!(dumps.names().eq(sample.dumps.names()), "{id}: {dumps:?}");
    for (name, dump) in sample.dumps.iter() {
        let expected = dump.read().unwrap();
        let Some(Dump::Bytes(seen)) = dumps.get(name) else {
            panic!("{id}: {dumps:?}");
        };
        assert!(*seen == expected, "{id}: another dump {name}");
    }
    true
}
