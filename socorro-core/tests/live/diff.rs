//! What a reload would do is told before, and is what the reload then does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use socorro_core::config::Layers;
use socorro_core::live::{Builder, Cause, Change, Diff, Outcome, Part, ReloadReport, Socorro};
use socorro_core::pipeline::Pipelines;

use crate::support::{File, plan};

/// A configuration of few names and values, so that two of them have much in common.
#[derive(Clone, Debug)]
struct Configuration {
    storages: BTreeMap<u8, Storage>,
    source: Option<(bool, u8)>,
    pipeline: Option<(u8, u8, u8)>,
    dumps: Option<u8>,
    drain_timeout: Option<u8>,
    threads: Option<u8>,
    /// What the secrets' files have.
    secrets: [u8; 2],
    /// Everything moves down.
    empty_lines: u8,
}

#[derive(Clone, Debug)]
enum Storage {
    Backend {
        other_type: bool,
        revision: Option<u8>,
        /// Said in another way that means the same.
        by_flag: bool,
        password: Option<u8>,
        timeout: Option<u8>,
    },
    /// Takes over what the first storage says.
    Like,
    Both(u8, u8),
}

const NAMES: u8 = 4;

fn storage() -> impl Strategy<Value = Storage> {
    let backend = (
        prop::bool::weighted(0.2),
        prop::option::of(0..2u8),
        any::<bool>(),
        prop::option::of(0..2u8),
        prop::option::of(1..3u8),
    );
    let backend =
        backend.prop_map(
            |(other_type, revision, by_flag, password, timeout)| Storage::Backend {
                other_type,
                revision,
                by_flag,
                password,
                timeout,
            },
        );
    prop_oneof![
        6 => backend,
        1 => Just(Storage::Like),
        2 => (0..NAMES, 0..NAMES).prop_map(|(a, b)| Storage::Both(a, b)),
    ]
}

fn configuration() -> impl Strategy<Value = Configuration> {
    (
        prop::collection::btree_map(0..NAMES, storage(), 1..=4),
        prop::option::of((any::<bool>(), 0..2u8)),
        prop::option::of((0..NAMES, 0..NAMES, 1..3u8)),
        prop::option::of(1..3u8),
        prop::option::of(1..3u8),
        prop::option::weighted(0.2, 1..3u8),
        [0..2u8, 0..2u8],
        0..3u8,
    )
        .prop_map(
            |(storages, source, pipeline, dumps, drain_timeout, threads, secrets, empty_lines)| {
                Configuration {
                    storages,
                    source,
                    pipeline,
                    dumps,
                    drain_timeout,
                    threads,
                    secrets,
                    empty_lines,
                }
            },
        )
}

impl Configuration {
    /// One that can be started.
    fn repaired(mut self) -> Self {
        let plain = Storage::Backend {
            other_type: false,
            revision: None,
            by_flag: false,
            password: None,
            timeout: None,
        };
        let names: Vec<u8> = self.storages.keys().copied().collect();
        let first_is_backend = matches!(self.storages.get(&0), Some(Storage::Backend { .. }));
        for (name, storage) in &mut self.storages {
            let right = match storage {
                Storage::Backend { .. } => true,
                Storage::Like => first_is_backend,
                Storage::Both(a, b) => {
                    a != b
                        && [*a, *b]
                            .iter()
                            .all(|child| child < name && names.contains(child))
                }
            };
            if !right {
                *storage = plain.clone();
            }
        }
        self.pipeline = self.pipeline.filter(|(from, to, _)| {
            let apart = !self
                .places(*from)
                .iter()
                .any(|place| self.places(*to).contains(place));
            self.source.is_some() && apart && names.contains(from) && names.contains(to)
        });
        self
    }

    /// A storage and what it is made of.
    fn places(&self, name: u8) -> Vec<u8> {
        let mut places = vec![name];
        if let Some(Storage::Both(a, b)) = self.storages.get(&name) {
            places.extend(self.places(*a));
            places.extend(self.places(*b));
        }
        places
    }

    fn text(&self, file: &File) -> String {
        let mut text = "\n".repeat(self.empty_lines.into());
        let mut line = |line: String| writeln!(text, "{line}").unwrap();
        for (name, storage) in &self.storages {
            line(format!("[storage.s{name}]"));
            match storage {
                Storage::Backend {
                    other_type,
                    revision,
                    password,
                    timeout,
                    ..
                } => {
                    let type_name = if *other_type { "other" } else { "scripted" };
                    line(format!("type = \"{type_name}\"\ntag = \"diff\""));
                    if let Some(revision) = revision {
                        line(format!("revision = {revision}"));
                    }
                    if let Some(secret) = password {
                        let path = file.beside(&format!("secret{secret}"));
                        line(format!("password = {{ file = {path:?} }}"));
                    }
                    if let Some(seconds) = timeout {
                        line(format!("timeout = \"{seconds}s\""));
                    }
                }
                Storage::Like => line("type = \"scripted\"\nuse = \"storage.s0\"".to_owned()),
                Storage::Both(a, b) => {
                    line(format!("type = \"fanout\"\nstores = [\"s{a}\", \"s{b}\"]"));
                }
            }
        }
        if let Some((other_type, revision)) = self.source {
            let type_name = if other_type { "other" } else { "scripted" };
            line(format!(
                "[source.new]\ntype = \"{type_name}\"\ntag = \"diff_source\"\nrevision = {revision}"
            ));
        }
        if let Some((from, to, concurrency)) = self.pipeline {
            line(format!(
                "[pipeline.mover]\nsource = \"new\"\nfrom = \"s{from}\"\nto = [\"s{to}\"]\nconcurrency = {concurrency}"
            ));
        }
        if let Some(dumps) = self.dumps {
            line(format!("[limits]\ndumps = {dumps}"));
        }
        if let Some(seconds) = self.drain_timeout {
            line(format!("[reload]\ndrain_timeout = \"{seconds}s\""));
        }
        if let Some(threads) = self.threads {
            line(format!("[plugins]\nblocking_threads = {threads}"));
        }
        text
    }

    fn write(&self, file: &File) {
        for (name, secret) in self.secrets.iter().enumerate() {
            std::fs::write(
                file.beside(&format!("secret{name}")),
                format!("canary-{secret}"),
            )
            .unwrap();
        }
        file.edit(&self.text(file));
    }

    /// What is said by flags: the same in the life of a process.
    fn flags(&self) -> Vec<String> {
        let by_flag = self
            .storages
            .iter()
            .filter_map(|(name, storage)| match storage {
                Storage::Backend {
                    by_flag: true,
                    revision: Some(revision),
                    ..
                } => Some(format!("storage.s{name}.revision={revision}")),
                _ => None,
            });
        by_flag.collect()
    }
}

fn builder(layers: Layers) -> Builder {
    Socorro::builder(layers)
        .plugin("scripted", crate::scripted::PLUGIN)
        .plugin("other", crate::scripted::PLUGIN)
        .pipelines(Pipelines::Forever)
}

fn layers(file: &File, flags: &[String]) -> Layers {
    flags
        .iter()
        .fold(Layers::new().file(file.path()), |layers, flag| {
            layers.set(flag)
        })
}

/// Every part that is not kept has a reason, and every reason belongs to such a part.
fn assert_reasoned(diff: &Diff) {
    let said = diff.to_string();
    for (part, change) in &diff.plan.changes {
        let causes = diff.why.parts.get(part).map_or(0, Vec::len);
        assert_eq!(causes > 0, *change != Change::Keep, "{part}: {said}");
    }
    for part in diff.why.parts.keys() {
        assert!(diff.plan.changes.contains_key(part), "{part}: {said}");
    }
    let saved = diff.saved().to_text();
    assert!(
        !said.contains("canary") && !saved.contains("canary"),
        "{said}\n{saved}"
    );
}

/// Starts with `old`, edits it to `new`, and reloads; tells what came of it.
async fn edit_and_reload(
    old: &Configuration,
    new: &Configuration,
    expecting: bool,
) -> &'static str {
    let file = File::new("");
    old.write(&file);
    // Those of the old one stay, whether they fit the new one or not.
    let flags = old.flags();
    let socorro = builder(layers(&file, &flags)).start().await.unwrap();
    let unchanged = socorro.diff().await.unwrap();
    assert!(
        unchanged.is_empty() && unchanged.why == Default::default(),
        "{unchanged}"
    );
    new.write(&file);
    let told = socorro.diff().await;
    let generation = socorro.generation();
    let report = match &told {
        Ok(diff) if expecting => socorro.reload_expecting(&diff.saved()).await,
        _ => socorro.reload().await,
    };
    let came = match told {
        Err(errors) => {
            assert_eq!(report.outcome, Outcome::Refused);
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            let told: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
            assert_eq!(told, errors);
            assert_eq!(socorro.generation(), generation);
            "refused"
        }
        Ok(diff) => {
            assert_ne!(report.outcome, Outcome::Refused, "{report}");
            assert_eq!(diff.plan, report.plan, "{report}");
            assert_eq!(diff.why, report.why, "{report}");
            assert_reasoned(&diff);
            let nothing = diff.plan.changes_nothing_now();
            assert_eq!(report.outcome == Outcome::Unchanged, nothing, "{report}");
            assert_eq!(report.generation == generation, nothing, "{report}");
            assert_eq!(report.configuration, diff.saved().to());

            // What takes a restart is told until there was one; nothing else is left to do.
            let again = socorro.diff().await.unwrap();
            assert!(again.plan.changes_nothing_now(), "{again}");
            assert_reasoned(&again);
            assert_eq!(
                again.plan.needs_restart(),
                diff.plan.needs_restart(),
                "{again}"
            );
            assert_eq!(again.saved().from(), diff.saved().to());
            assert_eq!(socorro.reload().await.outcome, Outcome::Unchanged);

            // Beside the program the same is told, as far as the secrets are those of then.
            if old.secrets == new.secrets {
                let before = File::new("");
                old.write(&before);
                let text = std::fs::read_to_string(before.path()).unwrap();
                let here = |file: &File| file.beside("").display().to_string();
                let text = text.replace(&here(&before), &here(&file));
                std::fs::write(before.path(), text).unwrap();
                let offline = builder(layers(&before, &flags))
                    .diff(&layers(&file, &flags))
                    .await
                    .unwrap();
                assert_eq!(offline.plan, diff.plan);
                assert_eq!(offline.saved().from(), diff.saved().from());
                assert_eq!(offline.saved().to(), diff.saved().to());
            }
            if nothing { "unchanged" } else { "applied" }
        }
    };
    socorro.shutdown().await;
    came
}

#[test]
fn what_is_told_is_what_is_done() {
    let cases = ProptestConfig {
        cases: 400,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    };
    let counts: RefCell<BTreeMap<&str, u32>> = RefCell::default();
    let broken = prop::bool::weighted(0.2);
    let pairs = (configuration(), configuration(), broken, any::<bool>());
    let told = TestRunner::new(cases).run(&pairs, |(old, new, broken, expecting)| {
        let old = old.repaired();
        let new = if broken { new } else { new.repaired() };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let came = runtime.block_on(edit_and_reload(&old, &new, expecting));
        *counts.borrow_mut().entry(came).or_default() += 1;
        Ok(())
    });
    told.unwrap();
    let counts = counts.into_inner();
    let enough = |came: &str, least: u32| {
        assert!(
            counts.get(came).is_some_and(|count| *count >= least),
            "{counts:?}"
        );
    };
    enough("applied", 200);
    enough("refused", 20);
}

fn plan_of(diff: &Diff) -> Vec<String> {
    let changes = diff.plan.changes.iter();
    changes
        .map(|(part, change)| format!("{change} {part}"))
        .collect()
}

fn causes<'a>(diff: &'a Diff, part: &str) -> &'a [Cause] {
    let part: Part = part.parse().unwrap();
    diff.why.parts.get(&part).map_or(&[], Vec::as_slice)
}

#[tokio::test]
async fn a_rotated_secret_replaces_and_is_not_shown() {
    let file = File::new("");
    std::fs::write(file.beside("secret"), "canary-old").unwrap();
    file.edit(&format!(
        "[storage.a]\ntype = \"scripted\"\ntag = \"diff_secret\"\npassword = {{ file = {:?} }}\n\
         [storage.b]\ntype = \"scripted\"\ntag = \"diff_secret\"\n",
        file.beside("secret")
    ));
    let socorro = file.start().await;
    assert!(socorro.diff().await.unwrap().is_empty());
    std::fs::write(file.beside("secret"), "canary-new").unwrap();
    let diff = socorro.diff().await.unwrap();
    assert_eq!(
        diff.plan.change(&Part::Storage("a".into())),
        Change::Replace
    );
    assert_eq!(diff.plan.change(&Part::Storage("b".into())), Change::Keep);
    let [Cause::Secret { key, reference, .. }] = causes(&diff, "storage.a") else {
        panic!("{diff}");
    };
    assert_eq!(key, "storage.a.password");
    assert!(reference.starts_with("{ file = "), "{reference}");
    let shown = format!("{diff}{diff:?}{}{}", diff.to_json(), diff.saved().to_text());
    assert!(!shown.contains("canary"), "{shown}");
    let report = socorro.reload().await;
    assert_eq!(plan(&report), ["replace storage.a", "keep storage.b"]);
    assert!(
        report
            .to_string()
            .contains("storage.a.password: the secret changed"),
        "{report}"
    );
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_diff_touches_nothing() {
    use std::sync::atomic::Ordering;
    let file = File::new("[storage.a]\ntype = \"scripted\"\ntag = \"diff_touch\"");
    let socorro = file.start().await;
    let script = crate::scripted::script("diff_touch");
    let calls = script.calls.load(Ordering::SeqCst);
    file.edit(
        "[storage.a]\ntype = \"scripted\"\ntag = \"diff_touch\"\nrevision = 2\n[storage.b]\ntype = \"scripted\"\ntag = \"diff_touch\"",
    );
    let diff = socorro.diff().await.unwrap();
    assert_eq!(
        diff.to_string()
            .replace(&file.path().display().to_string(), "socorro.toml"),
        "replace  storage.a\n           storage.a.revision: 2 (socorro.toml:4:12), was not set\n\
         add      storage.b\n           storage.b.tag: \"diff_touch\" (socorro.toml:7:7), was not set\n           \
         storage.b.type: \"scripted\" (socorro.toml:6:8), was not set"
    );
    file.edit("[storage.a]\ntype = \"nonsense\"");
    assert!(socorro.diff().await.is_err());
    assert_eq!(
        (
            script.opened.load(Ordering::SeqCst),
            script.closed.load(Ordering::SeqCst),
            script.calls.load(Ordering::SeqCst)
        ),
        (1, 0, calls)
    );
    assert_eq!(
        (socorro.generation(), socorro.last_report().attempt),
        (1, 0)
    );
    socorro.shutdown().await;
    assert!(socorro.diff().await.is_err());
}

#[tokio::test]
async fn an_edit_that_a_flag_hides_is_in_the_report() {
    let file =
        File::new("[storage.a]\ntype = \"scripted\"\ntag = \"diff_hidden\"\ntimeout = \"5s\"");
    let layers = Layers::new().file(file.path()).set("storage.a.timeout=9s");
    let socorro = builder(layers).start().await.unwrap();
    file.edit("[storage.a]\ntype = \"scripted\"\ntag = \"diff_hidden\"\ntimeout = \"6s\"");
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Unchanged);
    let said = report.to_string();
    let expected = "socorro.toml:4:11 now says \"6s\", but \"9s\" (--set storage.a.timeout) holds";
    assert!(said.contains(expected), "{said}");
    // Once is enough.
    assert_eq!(socorro.reload().await.why.shadowed, []);
    socorro.shutdown().await;
}

#[tokio::test]
async fn what_takes_a_restart_is_told_until_there_was_one() {
    let storage = "[storage.a]\ntype = \"scripted\"\ntag = \"diff_restart\"\n";
    let file = File::new(storage);
    let socorro = file.start().await;
    file.edit(&format!(
        "{storage}[plugins]\nworker_threads = 2\nmax_images = 9"
    ));
    let restart = |report: &ReloadReport| {
        assert!(report.plan.needs_restart());
        assert_eq!(plan(report), ["keep storage.a", "restart plugins"]);
        report.to_string()
    };
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Unchanged);
    assert!(restart(&report).contains("plugins.worker_threads: 2 ("));
    for _ in 0..2 {
        let report = socorro.reload().await;
        assert_eq!(report.outcome, Outcome::Unchanged);
        assert!(restart(&report).contains("waits for a restart"));
    }
    file.edit(&format!("{storage}[reload]\ntimeout = \"9s\""));
    let report = socorro.reload().await;
    assert_eq!(report.outcome, Outcome::Applied);
    assert!(!report.plan.needs_restart());
    socorro.shutdown().await;
}

#[tokio::test]
async fn what_is_shared_is_told_where_it_is_taken_over() {
    let text = |revision: u32, unused: u32| {
        format!(
            "[resource.both]\ntag = \"diff_shared\"\nrevision = {revision}\n[resource.nobody]\nx = {unused}\n\
             [storage.a]\ntype = \"scripted\"\nuse = \"resource.both\"\n\
             [storage.b]\ntype = \"scripted\"\nuse = \"resource.both\"\nrevision = 7"
        )
    };
    let file = File::new(&text(1, 1));
    let socorro = file.start().await;
    file.edit(&text(2, 2));
    let diff = socorro.diff().await.unwrap();
    assert_eq!(plan_of(&diff), ["replace storage.a", "keep storage.b"]);
    let [Cause::Key(change)] = causes(&diff, "storage.a") else {
        panic!("{diff}");
    };
    assert_eq!(change.key, "storage.a.revision");
    let no_effect: Vec<&str> = diff
        .why
        .no_effect
        .iter()
        .map(|change| &*change.key)
        .collect();
    assert_eq!(no_effect, ["resource.nobody.x"]);
    // Its own value hides it.
    assert_eq!(diff.why.shadowed.len(), 1, "{diff}");
    assert_eq!(diff.why.shadowed[0].key, "storage.b.revision");
    socorro.shutdown().await;
}
