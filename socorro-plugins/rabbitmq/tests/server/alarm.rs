//! A broker that is short of memory.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use socorro_core::error::ErrorKind;
use socorro_core::storage::{Check, CrashStorage};
use socorro_testkit::services::{self, Kind, Server};

use crate::support::{PATIENCE, Vhost, ack, cx, ids, receive, save, save_within, source, storage};

fn set_watermark(server: &Server, bytes: &str) {
    let lib = Path::new("/usr/lib/rabbitmq/lib");
    let version = std::fs::read_dir(lib)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let status = Command::new(version.join("sbin/rabbitmqctl"))
        .args([
            "--quiet",
            "--node",
            &format!("socorro{}@localhost", server.port),
        ])
        .args(["set_vm_memory_high_watermark", "absolute", bytes])
        .env("HOME", server.directory.as_ref().unwrap())
        .env("ERL_EPMD_PORT", (server.port + 3).to_string())
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        .status()
        .unwrap();
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saves_fail_in_time_and_recover() {
    let own = services::own(Kind::Rabbitmq).unwrap();
    let vhost = Vhost::bare(own.server().clone());
    let options = vhost.options("socorro-setup", &json!({}));
    let storage = storage(&options).await.unwrap();
    let source = source(&options).await.unwrap();
    let ids = ids(60, 10);
    save(&storage, &ids[0]).await.unwrap();

    set_watermark(own.server(), "1MB");
    let limit = Duration::from_secs(2);
    // The broker may take a message or two before it blocks those who publish.
    let mut kinds = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while kinds.len() < 3 {
        assert!(Instant::now() < deadline, "the alarm blocks nothing");
        let started = Instant::now();
        if let Err(error) = save_within(&storage, &ids[1], limit).await {
            assert!(error.is_retryable(), "{error:?}");
            assert!(started.elapsed() < limit * 2, "{:?}", started.elapsed());
            kinds.push(error.kind());
        }
    }
    assert_eq!(kinds.last(), Some(&ErrorKind::Throttled), "{kinds:?}");
    let health = storage.health(&cx()).await.unwrap();
    assert!(
        matches!(health.writable, Check::Failed(ref why) if why.contains("short of memory")),
        "{health:?}"
    );
    // Consumers go on.
    let came = receive(&source, 1, PATIENCE).await;
    ack(&source, &came[0]).await;

    set_watermark(own.server(), "1GB");
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = save(&storage, &ids[2]).await {
        assert!(
            error.is_retryable() && Instant::now() < deadline,
            "{error:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
