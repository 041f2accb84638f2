use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::crash::{Limits, Redaction};
use crate::options::{ByteSize, HumanDuration};
use crate::plugin::loader::{ImageHash, LoaderOptions};
use crate::transaction::{JitterKind, Policy, PolicyKind, PolicyTable};

fn seconds(seconds: u64) -> HumanDuration {
    HumanDuration(Duration::from_secs(seconds))
}

#[test]
fn nothing_written_is_all_defaults() {
    let configuration = read("").unwrap();
    assert_eq!(configuration.plugins, LoaderOptions::default());
    assert_eq!(configuration.limits, Limits::default());
    assert_eq!(configuration.reload, ReloadConfig::default());
    assert_eq!(
        configuration.redaction,
        Redaction::new(DEFAULT_FORBIDDEN_KEYS).unwrap()
    );
    assert!(configuration.storages.is_empty());
}

#[test]
fn everything_written_is_read() {
    let configuration = read(&format!(
        r#"
        [plugins]
        path = ["/p", "q"]
        stage = "/var/cache"
        max_images = 5
        timeout = "1min"
        worker_threads = 2
        blocking_threads = 3
        sha256.s3 = "{pin}"
        [limits]
        crash_size = "2MiB"
        dumps = 3
        json_depth = 16
        [redaction]
        forbidden_keys = ["url", "a.b"]
        [reload]
        drain_timeout = "1s"
        timeout = "2s"
        shutdown_timeout = "3s"
        [storage.spool]
        type = "filesystem"
        library = "/lib/x.so"
        root = "/spool"
        start = "degraded"
        timeout = "5s"
        max_operations = 7
        max_bytes = "3MiB"
        retry = {{ policy = "limited_backoff", delays = ["1s", "1h30min"], jitter = "none", deadline = "10s" }}
        [storage.both]
        type = "fanout"
        stores = ["archive", "copy"]
        [storage.archive]
        type = "s3"
        [storage.copy]
        type = "s3"
        [source.new]
        type = "filesystem"
        [pipeline.move]
        source = "new"
        from = "spool"
        to = ["both"]
        after = "ack_and_delete"
        concurrency = 9
        "#,
        pin = "AB".repeat(32)
    ))
    .unwrap();
    assert_eq!(
        configuration.plugins,
        LoaderOptions {
            path: vec![PathBuf::from("/p"), PathBuf::from("q")],
            stage: Some(PathBuf::from("/var/cache")),
            sha256: BTreeMap::from([("s3".to_owned(), ImageHash([0xab; 32]))]),
            max_images: 5,
            timeout: seconds(60),
            worker_threads: 2,
            blocking_threads: 3,
        }
    );
    assert_eq!(configuration.limits.crash_size, 2 << 20);
    assert_eq!(
        configuration.redaction.forbidden_keys().collect::<Vec<_>>(),
        ["url", "a.b"]
    );
    assert_eq!(configuration.reload.shutdown_timeout.as_secs(), 3);
    let spool = &configuration.storages["spool"];
    assert_eq!(spool.library, Some(PathBuf::from("/lib/x.so")));
    assert_eq!(spool.options.names().collect::<Vec<_>>(), ["root"]);
    assert_eq!(
        spool.host,
        HostOptions {
            start: Start::Degraded,
            retry: Policy::new(PolicyTable {
                policy: PolicyKind::LimitedBackoff,
                delays: Some([1, 5400].map(seconds).to_vec()),
                jitter: JitterKind::None,
                deadline: Some(seconds(10)),
            })
            .unwrap(),
            timeout: Duration::from_secs(5),
            max_operations: 7,
            max_bytes: ByteSize(3 << 20),
        }
    );
    assert_eq!(configuration.storages["both"].stores, ["archive", "copy"]);
    assert_eq!(
        configuration.pipelines["move"],
        PipelineConfig {
            source: "new".into(),
            from: "spool".into(),
            to: vec!["both".into()],
            after: After::AckAndDelete,
            concurrency: 9,
        }
    );
}

#[test]
fn once_forgets_the_delays_that_an_earlier_layer_said() {
    let configuration = read(
        "[storage.a]\ntype = \"x\"\nretry = { policy = \"once\", delays = [\"1s\"], deadline = \"9s\" }",
    )
    .unwrap();
    assert_eq!(configuration.storages["a"].host.retry, Policy::default());
}

#[test]
fn waits_are_the_same_whether_written_or_left_out() {
    let host = |retry: &str| {
        let text = format!("[storage.a]\ntype = \"x\"\nretry = {{ policy = {retry} }}");
        read(&text).unwrap().storages["a"].host.clone()
    };
    assert_eq!(
        host("\"infinite_backoff\""),
        host(
            "\"infinite_backoff\", delays = [\"10s\", \"30s\", \"1min\", \"2min\", \"5min\"], jitter = \"full\""
        )
    );
}

#[test]
fn no_number_of_threads_leaves_it_to_the_plugin() {
    let configuration = read("[plugins]\nworker_threads = 0\nblocking_threads = 0").unwrap();
    assert_eq!(configuration.plugins, LoaderOptions::default());
}

#[test]
fn configurations_are_equal_whoever_wrote_them() {
    let text = "[storage.a]\ntype = \"x\"\nroot = \"/a\"\nlist = [1, { b = 2 }]";
    let other = "[storage]\na = { list = [1, { b = 2 }], root = \"/a\", type = \"x\" }";
    assert_eq!(read(text).unwrap(), read(other).unwrap());
    assert_ne!(
        read(text).unwrap(),
        read(&other.replace("b = 2", "b = 3")).unwrap()
    );
}

#[test]
fn values_are_not_in_debug_output() {
    let layers = Layers::new().set("storage.a.secret=hush-hush").environment(
        "SOCORRO",
        variables(&[("SOCORRO__STORAGE__A__TYPE", "hush-hush")]),
    );
    let document = layers.load().unwrap();
    let configuration = read("[storage.a]\ntype = \"x\"\nsecret = \"hush-hush\"").unwrap();
    for shown in [
        format!("{layers:?}"),
        format!("{document:?}"),
        format!("{configuration:?}"),
    ] {
        assert!(!shown.contains("hush"), "{shown}");
    }
}
