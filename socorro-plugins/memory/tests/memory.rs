//! What memory promises beyond what every storage does.
#![allow(clippy::unwrap_used, reason = "help for tests")]

use socorro_core::conformance::data::Maker;
use socorro_core::crash::{CrashDate, Dump, DumpName, Dumps, StoredId};
use socorro_core::error::{Applied, Scope};
use socorro_core::options::ByteSize;
use socorro_core::storage::{CrashStorage, ListRequest};
use socorro_core::{Context, ErrorKind};
use socorro_plugin_memory::{MemorySource, MemorySourceConfig, MemoryStorage, MemoryStorageConfig};

fn day() -> CrashDate {
    "2021-03-04".parse().unwrap()
}

fn storage(max_bytes: u64, max_crashes: u64) -> MemoryStorage {
    MemoryStorage::new(MemoryStorageConfig {
        max_bytes: ByteSize(max_bytes),
        max_crashes,
        queue: None,
    })
    .unwrap()
}

#[tokio::test]
async fn payloads_are_shared_and_never_copied() {
    let (cx, storage) = (
        Context::new(),
        MemoryStorage::new(Default::default()).unwrap(),
    );
    let sample = Maker::new(1).sample(day()).unwrap();
    storage
        .save_raw_and_processed(
            &cx,
            &sample.id,
            &sample.raw,
            &sample.dumps,
            &sample.processed,
        )
        .await
        .unwrap();
    let id = StoredId::from(sample.id);
    let raw = storage.get_raw_crash(&cx, &id).await.unwrap();
    assert_eq!(raw.as_bytes().as_ptr(), sample.raw.as_bytes().as_ptr());
    let processed = storage
        .get_unredacted_processed_crash(&cx, &id)
        .await
        .unwrap();
    assert_eq!(
        processed.as_bytes().as_ptr(),
        sample.processed.as_bytes().as_ptr()
    );
    let Some(Dump::Bytes(saved)) = sample.dumps.get(&DumpName::default()) else {
        panic!("the sample has a default dump in memory");
    };
    let dump = storage
        .get_dump(&cx, &id, &DumpName::default())
        .await
        .unwrap();
    assert_eq!(dump.as_ptr(), saved.as_ptr());
}

#[tokio::test]
async fn full_is_unavailable_until_something_is_deleted() {
    let (cx, storage, mut maker) = (Context::new(), storage(1000, 100), Maker::new(2));
    let mut samples = Vec::new();
    for _ in 0..3 {
        let mut sample = maker.sample(day()).unwrap();
        sample.dumps = Dumps::single(maker.bytes(300));
        samples.push(sample);
    }
    let save = async |number: usize| {
        let sample = &samples[number];
        storage
            .save_raw_crash(&cx, &sample.id, &sample.raw, &sample.dumps)
            .await
    };
    save(0).await.unwrap();
    save(1).await.unwrap();
    let error = save(2).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.scope()),
        (ErrorKind::Unavailable, Scope::Store)
    );
    assert!(error.is_retryable() && error.applied() == Applied::No);
    assert!(error.message().contains("max_bytes"), "{error}");
    save(1).await.expect("the same again takes no room");
    storage.delete(&cx, &samples[0].id.into()).await.unwrap();
    save(2).await.unwrap();
}

#[tokio::test]
async fn a_crash_that_never_fits_is_invalid() {
    let (cx, storage, mut maker) = (Context::new(), storage(1000, 100), Maker::new(3));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dump");
    std::fs::write(&file, vec![7; 100_000]).unwrap();
    let sample = maker.sample(day()).unwrap();
    for dump in [Dump::from(maker.bytes(2000)), Dump::File(file)] {
        let dumps = Dumps::single(dump);
        let saved = storage
            .save_raw_crash(&cx, &sample.id, &sample.raw, &dumps)
            .await;
        let error = saved.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_retryable()),
            (ErrorKind::InvalidInput, false)
        );
    }
    assert!(
        storage
            .catalog(&cx, &sample.id.into())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn crashes_are_counted_once_each() {
    let (cx, storage, mut maker) = (Context::new(), storage(1 << 20, 2), Maker::new(4));
    let samples: Vec<_> = (0..3).map(|_| maker.sample(day()).unwrap()).collect();
    let save = async |number: usize| {
        let sample = &samples[number];
        storage
            .save_processed_crash(&cx, &sample.id, &sample.processed)
            .await?;
        storage
            .save_raw_crash(&cx, &sample.id, &sample.raw, &sample.dumps)
            .await
    };
    save(0).await.unwrap();
    save(1).await.unwrap();
    let error = save(2).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("max_crashes"), "{error}");
    storage.delete(&cx, &samples[1].id.into()).await.unwrap();
    storage.delete(&cx, &samples[1].id.into()).await.unwrap();
    save(2).await.unwrap();
}

#[tokio::test]
async fn close_lets_the_memory_go() {
    let (cx, storage) = (Context::new(), storage(1 << 20, 2));
    let sample = Maker::new(5).sample(day()).unwrap();
    let saved = storage
        .save_raw_crash(&cx, &sample.id, &sample.raw, &sample.dumps)
        .await;
    saved.unwrap();
    storage.close(&cx).await.unwrap();
    let page = storage.list(&cx, &ListRequest::day(day())).await.unwrap();
    assert!(page.ids.is_empty());
}

#[test]
fn options_have_defaults_and_refuse_what_they_do_not_know() {
    let config: MemoryStorageConfig = toml::from_str("max_crashes = 5").unwrap();
    assert_eq!(
        (config.max_bytes.to_string(), config.max_crashes),
        ("256MiB".to_owned(), 5)
    );
    assert!(toml::from_str::<MemoryStorageConfig>("max_byte = '1MiB'").is_err());
    assert!(toml::from_str::<MemorySourceConfig>("").is_err());
}

#[test]
fn a_queue_without_a_name_is_a_wrong_configuration() {
    let source = MemorySource::new(&MemorySourceConfig {
        queue: String::new(),
    });
    assert_eq!(
        source.err().map(|error| error.kind()),
        Some(ErrorKind::InvalidConfig)
    );
    let storage = MemoryStorage::new(MemoryStorageConfig {
        queue: Some(String::new()),
        ..Default::default()
    });
    assert_eq!(
        storage.err().map(|error| error.kind()),
        Some(ErrorKind::InvalidConfig)
    );
}
