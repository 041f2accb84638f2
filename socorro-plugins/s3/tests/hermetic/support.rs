use std::sync::Arc;

use serde_json::{Value, json};
use socorro_core::conformance::data::{Maker, Sample};
use socorro_core::crash::{CrashDate, Dump, StoredId};
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{CrashStorage, Part};
use socorro_core::{Context, Result};
use socorro_plugin_s3::S3Storage;
use socorro_testkit_s3::{Conditions, Server};

pub(crate) fn day() -> CrashDate {
    "2016-09-18".parse().unwrap()
}

/// A whole crash of [`day`], the same for the same seed.
pub(crate) fn crash(seed: u64) -> Sample {
    Maker::new(seed).sample(day()).unwrap()
}

/// A server that does what S3 does.
pub(crate) async fn server() -> Arc<Server> {
    Arc::new(Server::start().await.unwrap())
}

/// A server that ignores conditions.
pub(crate) async fn careless() -> Arc<Server> {
    Arc::new(Server::start_with(Conditions::Ignored).await.unwrap())
}

/// The options for a server, `more` over them.
pub(crate) fn options(server: &Server, more: &Value) -> Value {
    let mut options = json!({
        "bucket": Server::BUCKET,
        "endpoint_url": server.url(),
        "access_key_id": Server::ACCESS_KEY,
        "secret_access_key": Server::SECRET_KEY,
    });
    let map = options.as_object_mut().unwrap();
    map.extend(more.as_object().unwrap().clone());
    options
}

pub(crate) async fn try_open(options: Value) -> Result<S3Storage> {
    let name = "archive".to_owned();
    let config = serde_json::from_value(options).unwrap();
    S3Storage::open(config, &OpenContext { name }).await
}

pub(crate) async fn open_with(server: &Server, more: &Value) -> S3Storage {
    try_open(options(server, more)).await.unwrap()
}

pub(crate) async fn open(server: &Server) -> S3Storage {
    open_with(server, &json!({})).await
}

pub(crate) async fn save(storage: &S3Storage, sample: &Sample) -> Result<()> {
    let Sample { id, raw, dumps, .. } = sample;
    storage
        .save_raw_crash(&Context::new(), id, raw, dumps)
        .await
}

/// What a reader makes of a crash.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Absent,
    /// The one at this place of those that it may be.
    Whole(usize),
}

/// Reads a crash in every way there is; panics when it is neither absent nor whole.
pub(crate) async fn look(storage: &S3Storage, samples: &[&Sample]) -> Seen {
    let cx = Context::new();
    let id = StoredId::from(samples[0].id);
    let raw = match storage.get_raw_crash(&cx, &id).await {
        Ok(raw) => raw,
        Err(error) => {
            assert!(error.is_not_found(), "{error:?}");
            let dumps = storage.get_dumps(&cx, &id).await;
            assert!(dumps.unwrap_err().is_not_found());
            assert!(storage.catalog(&cx, &id).await.unwrap().is_empty());
            return Seen::Absent;
        }
    };
    let place = samples.iter().position(|sample| sample.raw == raw).unwrap();
    let sample = samples[place];
    let dumps = storage.get_dumps(&cx, &id).await.unwrap();
    assert_eq!(dumps, sample.dumps, "dumps of another set");
    for (name, dump) in sample.dumps.iter() {
        let one = storage.get_dump(&cx, &id, name).await.unwrap();
        assert_eq!(&Dump::Bytes(one), dump, "dump {name} of another set");
    }
    let catalog = storage.catalog(&cx, &id).await.unwrap();
    assert!(catalog.has(&Part::RawCrash));
    assert!(catalog.dump_names().eq(sample.dumps.names()), "{catalog:?}");
    Seen::Whole(place)
}
