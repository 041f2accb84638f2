//! Wrong configurations, and the exact lines that are said about them.

use super::*;

fn check(text: &str, lines: &[&str]) {
    let errors = read(text).expect_err(text);
    assert_eq!(errors, lines, "for:\n{text}");
}

const A: &str = "[storage.a]\ntype = \"x\"\n";
const PIPELINE: &str = "[storage.a]\ntype = \"x\"\n[storage.b]\ntype = \"x\"\n[source.s]\ntype = \"x\"\n\
                        [pipeline.p]\n";

#[test]
fn sections() {
    check(
        "[storages.a]\ntype = \"x\"",
        &[
            "a.toml: storages: is no known key; known here: control, limits, pipeline, plugins, redaction, reload, resource, source, storage",
        ],
    );
    check(
        "[metrics]\nsocket = \"/x\"",
        &[
            "a.toml: metrics: is no known key; known here: control, limits, pipeline, plugins, redaction, reload, resource, source, storage",
        ],
    );
    check("limits = 5", &["a.toml: limits: expected a table, found 5"]);
    check(
        "[limits]\ncrash_size = 25\ndumps = \"64\"\njson_depth = 0\nbogus = 1",
        &[
            "a.toml: limits.crash_size: expected a size: a number with a unit of B, KiB, MiB, GiB, TiB, such as \"20MiB\", found 25",
            "a.toml: limits.dumps: expected an integer from 1 to 65536, found \"64\"",
            "a.toml: limits.json_depth: expected an integer from 1 to 1024, found 0",
            "a.toml: limits.bogus: is no known key; known here: crash_size, dumps, json_depth",
        ],
    );
    check(
        "[reload]\ntimeout = \"30\"\ndrain_timeout = \"0s\"",
        &[
            "a.toml: reload.timeout: expected a duration: numbers with units of ms, s, min, h, d, such as \"30s\", found \"30\"",
            "a.toml: reload.drain_timeout: expected a duration of at least 1ms, found \"0s\"",
        ],
    );
    check(
        "[redaction]\nforbidden_keys = [\"a\", \"b..c\"]",
        &[
            "a.toml: redaction.forbidden_keys: item 2: expected a dotted path such as json_dump.sensitive, found \"b..c\"",
        ],
    );
    check(
        "[redaction]\nforbidden_keys = \"url, email\"",
        &[
            "a.toml: redaction.forbidden_keys: expected a list, such as [\"url\", \"json_dump.sensitive\"], found \"url, email\"",
        ],
    );
    check(
        "[plugins]\npath = [\"\"]\nsha256 = { s3 = \"abc\", S3 = \"\" }\nmax_images = -1\nworker_threads = 1025",
        &[
            "a.toml: plugins.path: item 1: expected a string that is not empty",
            "a.toml: plugins.sha256.s3: \"abc\" is not a SHA-256; write the 64 hexadecimal digits that sha256sum prints",
            "a.toml: plugins.sha256.S3: a name is up to 64 small letters, digits and single underscores, a letter first",
            "a.toml: plugins.max_images: expected an integer from 1 to 4096, found -1",
            "a.toml: plugins.worker_threads: expected an integer from 0 to 1024, found 1025",
        ],
    );
}

#[test]
fn instances() {
    check(
        "[storage]\na = \"filesystem\"",
        &["a.toml: storage.a: expected a table, found \"filesystem\""],
    );
    check(
        "[storage.a]\nroot = \"/x\"",
        &["a.toml: storage.a.type: is missing; it is the name of a plugin or composite"],
    );
    check(
        "[storage.a]\ntype = 5",
        &["a.toml: storage.a.type: expected a string, found 5"],
    );
    check(
        "[storage.a]\ntype = \"../evil\"",
        &[
            "a.toml: storage.a.type: \"../evil\" is no name; a name is up to 64 small letters, digits and single underscores, a letter first",
        ],
    );
    for name in ["A", "a__b", "_a", "a_", "1a", "\"\"", "a-b"] {
        check(
            &format!("[source.{name}]\ntype = \"x\""),
            &[&format!(
                "a.toml: source.{name}: a name is up to 64 small letters, digits and single underscores, a letter first"
            )],
        );
    }
    check(
        &format!(
            "{A}start = \"later\"\nretry = \"once\"\ntimeout = 5\nmax_operations = 1.5\nmax_bytes = \"1 apple\""
        ),
        &[
            "a.toml: storage.a.start: expected one of \"required\", \"degraded\", found \"later\"",
            "a.toml: storage.a.retry: expected a table, found \"once\"",
            "a.toml: storage.a.timeout: expected a duration: numbers with units of ms, s, min, h, d, such as \"30s\", found 5",
            "a.toml: storage.a.max_operations: expected an integer from 1 to 1048576, found 1.5",
            "a.toml: storage.a.max_bytes: expected a size: a number with a unit of B, KiB, MiB, GiB, TiB, such as \"20MiB\", found \"1 apple\"",
        ],
    );
    check(
        &format!("{A}retry = {{ policy = \"forever\", delays = [], jitter = true, tries = 3 }}"),
        &[
            "a.toml: storage.a.retry.policy: expected one of \"once\", \"limited_backoff\", \"infinite_backoff\", found \"forever\"",
            "a.toml: storage.a.retry.delays: expected 1 to 64 delays, found 0",
            "a.toml: storage.a.retry.jitter: expected one of \"full\", \"none\", found true",
            "a.toml: storage.a.retry.tries: is no known key; known here: deadline, delays, jitter, policy",
        ],
    );
    check(
        &format!("{A}retry.delays = [\"1s\", \"2d\"]"),
        &["a.toml: storage.a.retry.delays: a delay of 2d is too long; 1d is the longest"],
    );
    check(
        &format!("{A}max_bytes = \"1MiB\""),
        &[
            "a.toml: storage.a.max_bytes: 1MiB is less than one crash may have, limits.crash_size = \"25MiB\"; raise the one or lower the other",
        ],
    );
}

#[test]
fn composites() {
    check(
        "[storage.f]\ntype = \"fanout\"",
        &["a.toml: storage.f.stores: is missing; it is a list of storages, such as [\"a\", \"b\"]"],
    );
    check(
        "[storage.f]\ntype = \"fanout\"\nstores = []",
        &["a.toml: storage.f.stores: expected at least one storage"],
    );
    check(
        &format!("{A}[storage.f]\ntype = \"fanout\"\nstores = [\"a\", \"a\"]"),
        &["a.toml: storage.f.stores: names \"a\" twice"],
    );
    check(
        &format!("{A}[storage.f]\ntype = \"fanout\"\nstores = [\"a\", \"z\"]"),
        &["a.toml: storage.f.stores: there is no storage \"z\"; there are: a, f"],
    );
    check(
        "[storage.f]\ntype = \"fanout\"\nstores = [\"g\"]\n[storage.g]\ntype = \"fanout\"\nstores = [\"f\"]",
        &["a.toml: storage.f.stores: the storage is made of itself: f -> g -> f"],
    );
    check(
        &format!(
            "{A}[storage.f]\ntype = \"fanout\"\nstores = [\"a\"]\nretry.policy = \"once\"\nlibrary = \"/x\"\nroot = \"/\"\ntimeout = \"5s\""
        ),
        &[
            "a.toml: storage.f.retry: a composite does not retry; say it at the storages it is made of",
            "a.toml: storage.f.library: a composite is part of the program and has no library",
            "a.toml: storage.f.root: is no known key of \"f\", which is a fanout; known here: type, stores",
            "a.toml: storage.f.timeout: holds for a backend, not for a composite; say it at the storages it is made of",
        ],
    );
    check(
        "[source.s]\ntype = \"fanout\"\nstores = [\"a\"]",
        &["a.toml: source.s.type: fanout is made of storages and is no source"],
    );
}

#[test]
fn pipelines() {
    check(
        "[pipeline.p]",
        &[
            "a.toml: pipeline.p.source: is missing; it is the name of a source",
            "a.toml: pipeline.p.from: is missing; it is the name of the storage that crashes are read from",
            "a.toml: pipeline.p.to: is missing; it is a list of storages, such as [\"archive\"]",
        ],
    );
    check(
        &format!("{PIPELINE}source = \"t\"\nfrom = \"c\"\nto = [\"d\"]"),
        &[
            "a.toml: pipeline.p.source: there is no source \"t\"; there are: s",
            "a.toml: pipeline.p.from: there is no storage \"c\"; there are: a, b",
            "a.toml: pipeline.p.to: there is no storage \"d\"; there are: a, b",
        ],
    );
    check(
        "[pipeline.p]\nsource = \"s\"\nfrom = \"a\"\nto = [\"b\"]",
        &[
            "a.toml: pipeline.p.source: there is no source \"s\"; there is none",
            "a.toml: pipeline.p.from: there is no storage \"a\"; there is none",
            "a.toml: pipeline.p.to: there is no storage \"b\"; there is none",
        ],
    );
    check(
        &format!(
            "{PIPELINE}source = \"s\"\nfrom = \"a\"\nto = [\"b\", \"b\"]\nafter = \"delete\"\nconcurrency = 0\nwith = 1"
        ),
        &[
            "a.toml: pipeline.p.to: names \"b\" twice",
            "a.toml: pipeline.p.after: expected one of \"ack\", \"ack_and_delete\", found \"delete\"",
            "a.toml: pipeline.p.concurrency: expected an integer from 1 to 65536, found 0",
            "a.toml: pipeline.p.with: is no known key; known here: after, concurrency, from, source, to",
        ],
    );
    check(
        &format!("{PIPELINE}source = \"s\"\nfrom = \"a\"\nto = [\"b\", \"a\"]"),
        &[
            "a.toml: pipeline.p.to: the pipeline would write to \"a\", where it reads (from = \"a\")",
        ],
    );
    check(
        &format!(
            "[storage.f]\ntype = \"fanout\"\nstores = [\"g\"]\n[storage.g]\ntype = \"fanout\"\nstores = [\"a\", \"b\"]\n\
             {PIPELINE}source = \"s\"\nfrom = \"a\"\nto = [\"f\"]"
        ),
        &[
            "a.toml: pipeline.p.to: the pipeline would write to \"a\", where it reads (from = \"a\")",
        ],
    );
    check(
        &format!(
            "[storage.f]\ntype = \"fanout\"\nstores = [\"a\", \"b\"]\n{PIPELINE}source = \"s\"\nfrom = \"f\"\nto = [\"b\"]"
        ),
        &[
            "a.toml: pipeline.p.to: the pipeline would write to \"b\", where it reads (from = \"f\")",
        ],
    );
}

#[test]
fn everything_wrong_comes_at_once() {
    let errors =
        read("bogus = 1\n[limits]\ndumps = 0\n[storage.a]\n[source.B]\n[pipeline.p]\nto = 1")
            .unwrap_err();
    assert_eq!(errors.len(), 7, "{errors:#?}");
}

#[test]
fn one_error_of_the_project_tells_all() {
    let files = Files::new(&[("a.toml", "[limits]\ndumps = 0\nx = 1")]);
    let errors = files
        .layers("a.toml")
        .load()
        .unwrap()
        .configuration()
        .unwrap_err();
    let text = errors.to_string();
    assert_eq!(text.lines().count(), 2);
    let error = crate::Error::from(errors);
    assert_eq!(error.kind(), crate::ErrorKind::InvalidConfig);
    assert_eq!(error.message(), text.replace('\n', "; "));
}
