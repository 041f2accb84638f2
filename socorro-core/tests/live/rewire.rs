//! Reloads of sources and pipelines.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use socorro_core::live::{Outcome, Socorro};
use socorro_core::pipeline::{PipelineState, Pipelines};
use socorro_core::{Error, ErrorKind};

use crate::scripted::{Script, script};
use crate::support::{File, eventually, id, plan, raw};

/// Storages and sources of one test by their names, each with its revision, and pipelines.
struct Text {
    tag: &'static str,
    storages: Vec<(&'static str, u32)>,
    sources: Vec<(&'static str, u32)>,
    /// Name, source, from, to, and the rest of the table.
    pipelines: Vec<(
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
    )>,
    first: &'static str,
}

impl Text {
    fn new(tag: &'static str) -> Self {
        Self {
            tag,
            storages: vec![("from", 0), ("to", 0)],
            sources: vec![("new", 0)],
            pipelines: vec![("mover", "new", "from", "\"to\"", "")],
            first: "",
        }
    }

    fn script(&self, name: &str) -> Arc<Script> {
        script(&format!("{}_{name}", self.tag))
    }

    fn write(&self) -> String {
        let mut text = self.first.to_owned();
        let tables = self.storages.iter().map(|it| ("storage", it));
        for (table, (name, revision)) in tables.chain(self.sources.iter().map(|it| ("source", it)))
        {
            let tag = self.tag;
            writeln!(
                text,
                "[{table}.{name}]\ntype = \"scripted\"\ntag = \"{tag}_{name}\"\nrevision = {revision}"
            )
            .unwrap();
        }
        for (name, source, from, to, rest) in &self.pipelines {
            writeln!(
                text,
                "[pipeline.{name}]\nsource = \"{source}\"\nfrom = \"{from}\"\nto = [{to}]\n{rest}"
            )
            .unwrap();
        }
        text
    }

    fn put(&self, from: &str, source: &str, entropy: u8) {
        let crash = (id(entropy).into(), raw(&entropy.to_string()));
        self.script(from).crashes.lock().unwrap().extend([crash]);
        self.script(source).arrive(id(entropy));
    }

    async fn start(&self, mode: Pipelines) -> (File, Socorro) {
        let file = File::new(&self.write());
        let socorro = file.builder().pipelines(mode).start().await.unwrap();
        (file, socorro)
    }

    /// Edits, reloads, and tells what the reload did.
    async fn adopt(&self, file: &File, socorro: &Socorro) -> Vec<String> {
        file.edit(&self.write());
        let report = socorro.reload().await;
        assert_eq!(report.outcome, Outcome::Applied, "{report}");
        let done = plan(&report).into_iter();
        done.filter(|line| !line.starts_with("keep")).collect()
    }

    async fn acked(&self, source: &str, count: usize) {
        let script = self.script(source);
        eventually("so many are acknowledged", || {
            script.acked.lock().unwrap().len() == count
        })
        .await;
    }

    /// Waits until so many are left in the queue: a receive that was dropped may have taken some, and gives them back.
    async fn queued(&self, source: &str, count: usize) {
        let script = self.script(source);
        eventually("so many are left", || {
            script.queue.lock().unwrap().len() == count
        })
        .await;
    }

    fn saved(&self, name: &str) -> Vec<u8> {
        let script = self.script(name);
        let saved = script.saved.lock().unwrap();
        let mut saved: Vec<u8> = (0..=255)
            .flat_map(|entropy| {
                let times = saved.iter().filter(|one| **one == id(entropy).into());
                vec![entropy; times.count()]
            })
            .collect();
        saved.sort_unstable();
        saved
    }
}

#[tokio::test]
async fn a_source_that_is_replaced_hands_out_nothing_more_and_acknowledges_what_is_out() {
    let mut text = Text::new("replaced");
    let (file, socorro) = text.start(Pipelines::Forever).await;
    let (to, new) = (text.script("to"), text.script("new"));
    to.shut_gate();
    text.put("from", "new", 1);
    to.at_gate.notified().await;

    text.sources[0].1 = 1;
    assert_eq!(text.adopt(&file, &socorro).await, ["replace source.new"]);
    text.put("from", "new", 2);
    to.at_gate.notified().await;
    assert_eq!(
        (
            new.opened.load(Ordering::SeqCst),
            new.closed.load(Ordering::SeqCst)
        ),
        (2, 0)
    );
    to.gate.add_permits(2);
    text.acked("new", 2).await;
    eventually("the old one ends", || {
        new.closed.load(Ordering::SeqCst) == 1
    })
    .await;
    let events = new.events.lock().unwrap().clone();
    let at = |event: &str| events.iter().position(|it| it == event).unwrap();
    assert!(at("receive 1") < at("ack 1") && at("ack 1") < at("close 1"));
    assert!(at("receive 2") < at("ack 2"));
    assert_eq!(events.len(), 5, "{events:?}");
    assert_eq!(text.saved("to"), [1, 2]);
    socorro.shutdown().await;
}

#[tokio::test]
async fn pipelines_are_added_removed_and_rewired() {
    let mut text = Text::new("wired");
    text.storages.extend([("from_too", 0), ("to_too", 0)]);
    text.sources.push(("new_too", 0));
    let (file, socorro) = text.start(Pipelines::Forever).await;
    text.put("from", "new", 1);
    text.acked("new", 1).await;

    text.pipelines[0].3 = "\"to\", \"to_too\"";
    assert_eq!(
        text.adopt(&file, &socorro).await,
        ["replace pipeline.mover"]
    );
    text.put("from", "new", 2);
    text.acked("new", 2).await;

    text.pipelines[0].2 = "from_too";
    assert_eq!(
        text.adopt(&file, &socorro).await,
        ["replace pipeline.mover"]
    );
    text.put("from_too", "new", 3);
    text.acked("new", 3).await;

    text.pipelines[0].1 = "new_too";
    assert_eq!(
        text.adopt(&file, &socorro).await,
        ["replace pipeline.mover"]
    );
    text.put("from_too", "new_too", 4);
    text.acked("new_too", 1).await;

    text.pipelines[0].4 = "after = \"ack_and_delete\"";
    assert_eq!(
        text.adopt(&file, &socorro).await,
        ["replace pipeline.mover"]
    );
    text.put("from_too", "new_too", 5);
    text.acked("new_too", 2).await;
    let from = text.script("from_too");
    assert_eq!([3, 4, 5].map(|one| from.has(id(one))), [true, true, false]);

    text.pipelines[0].4 = "concurrency = 1";
    assert_eq!(
        text.adopt(&file, &socorro).await,
        ["replace pipeline.mover"]
    );
    let to = text.script("to");
    to.shut_gate();
    let before = to.calls.load(Ordering::SeqCst);
    text.put("from_too", "new_too", 6);
    text.put("from_too", "new_too", 7);
    eventually("one is at the gate", || {
        to.calls.load(Ordering::SeqCst) > before
    })
    .await;
    text.queued("new_too", 1).await;
    to.gate.add_permits(1_000);
    text.acked("new_too", 4).await;

    let mover = text.pipelines.pop().unwrap();
    assert_eq!(text.adopt(&file, &socorro).await, ["remove pipeline.mover"]);
    eventually("it has gone", || socorro.pipelines().is_empty()).await;
    text.put("from_too", "new_too", 8);
    let next = ("next", mover.1, mover.2, mover.3, mover.4);
    text.pipelines.push(next);
    text.queued("new_too", 1).await;
    assert_eq!(text.adopt(&file, &socorro).await, ["add pipeline.next"]);
    text.acked("new_too", 5).await;

    assert_eq!(text.saved("to"), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(text.saved("to_too"), [2, 3, 4, 5, 6, 7, 8]);
    for name in ["from", "to", "from_too", "to_too", "new", "new_too"] {
        assert_eq!(text.script(name).opened.load(Ordering::SeqCst), 1, "{name}");
    }
    socorro.shutdown().await;
}

#[tokio::test]
async fn storages_are_exchanged_under_a_pipeline_that_goes_on() {
    let mut text = Text::new("under");
    let (file, socorro) = text.start(Pipelines::Forever).await;
    let (to, new) = (text.script("to"), text.script("new"));
    to.shut_gate();
    text.put("from", "new", 1);
    to.at_gate.notified().await;
    text.storages[0].1 = 1;
    text.storages[1].1 = 1;
    assert_eq!(
        text.adopt(&file, &socorro).await,
        ["replace storage.from", "replace storage.to"]
    );
    text.put("from", "new", 2);
    to.at_gate.notified().await;
    assert_eq!(
        (
            to.opened.load(Ordering::SeqCst),
            to.closed.load(Ordering::SeqCst)
        ),
        (2, 0)
    );
    to.gate.add_permits(2);
    text.acked("new", 2).await;
    eventually("the old one ends", || to.closed.load(Ordering::SeqCst) == 1).await;
    assert_eq!(text.saved("to"), [1, 2]);
    let mut events = new.events.lock().unwrap().clone();
    events.sort_unstable();
    assert_eq!(events, ["ack 1", "ack 1", "receive 1", "receive 1"]);
    socorro.shutdown().await;
}

#[tokio::test]
async fn a_pipeline_that_failed_keeps_no_other_and_is_started_again_by_a_reload() {
    let mut text = Text::new("failed");
    text.sources.push(("other", 0));
    text.pipelines
        .push(("second", "other", "from", "\"to\"", ""));
    let gone = || Some(Error::new(ErrorKind::InvalidConfig, "the queue is gone"));
    *text.script("new").receive_fails.lock().unwrap() = gone();
    let (file, socorro) = text.start(Pipelines::Forever).await;
    let failed = |name: &str| match socorro.pipelines().get(name) {
        Some(PipelineState::Failed(error)) => error.message().contains("queue is gone"),
        _ => false,
    };
    eventually("the first fails", || failed("mover")).await;
    text.put("from", "other", 1);
    text.acked("other", 1).await;
    assert_eq!(socorro.pipelines()["second"], PipelineState::Running);
    assert!(socorro.finished().now_or_never().is_none());

    // Cured without an edit.
    *text.script("new").receive_fails.lock().unwrap() = None;
    assert_eq!(socorro.reload().await.outcome, Outcome::Unchanged);
    text.put("from", "new", 2);
    text.acked("new", 1).await;
    assert_eq!(socorro.pipelines()["mover"], PipelineState::Running);

    // All of them, and cured by an edit.
    for name in ["new", "other"] {
        *text.script(name).receive_fails.lock().unwrap() = gone();
        text.put("from", name, 3);
    }
    let error = socorro.finished().await.unwrap_err();
    assert!(error.to_string().contains("queue is gone"), "{error}");
    for name in ["new", "other"] {
        *text.script(name).receive_fails.lock().unwrap() = None;
    }
    text.sources[0].1 = 1;
    text.adopt(&file, &socorro).await;
    text.put("from", "new", 4);
    eventually("it moves on", || text.saved("to").contains(&4)).await;
    assert!(socorro.finished().now_or_never().is_none());
    socorro.shutdown().await;
    socorro.finished().await.unwrap();
}

#[tokio::test]
async fn what_a_reload_took_away_may_fail() {
    let mut text = Text::new("away_in_time");
    text.first = "[reload]\ndrain_timeout = \"1ms\"\n";
    let (file, socorro) = text.start(Pipelines::Forever).await;
    for revision in 1..=20 {
        text.sources[0].1 = revision;
        text.adopt(&file, &socorro).await;
        text.put("from", "new", revision as u8);
        text.acked("new", revision as usize).await;
    }
    assert!(socorro.finished().now_or_never().is_none());
    assert_eq!(text.saved("to").len(), 20);
    socorro.shutdown().await;
    socorro.finished().await.unwrap();
}

#[tokio::test]
async fn once_drains_what_a_reload_brings() {
    let mut text = Text::new("once_more");
    text.sources.push(("other", 0));
    let to = text.script("to");
    to.shut_gate();
    text.put("from", "new", 1);
    text.put("from", "other", 2);
    text.put("from", "other", 3);
    let (file, socorro) = text.start(Pipelines::Once).await;
    to.at_gate.notified().await;
    // Its source changes under it, and another pipeline comes.
    text.sources[0].1 = 1;
    text.pipelines
        .push(("second", "other", "from", "\"to\"", ""));
    text.adopt(&file, &socorro).await;
    assert!(socorro.finished().now_or_never().is_none());
    to.gate.add_permits(1_000);
    socorro.finished().await.unwrap();
    assert_eq!(text.saved("to"), [1, 2, 3]);
    assert!(
        socorro
            .pipelines()
            .values()
            .all(|state| *state == PipelineState::Drained)
    );
    socorro.shutdown().await;
    assert_eq!(text.script("new").acked.lock().unwrap().len(), 1);
    assert_eq!(text.script("other").acked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn once_a_failure_keeps_no_other_pipeline_from_being_drained() {
    let mut text = Text::new("once_all");
    text.sources.push(("other", 0));
    text.pipelines
        .push(("second", "other", "from", "\"to\"", ""));
    // Not in the storage: it can never be delivered.
    text.script("new").arrive(id(1));
    for entropy in 2..=40 {
        text.put("from", "other", entropy);
    }
    let (_file, socorro) = text.start(Pipelines::Once).await;
    let error = socorro.finished().await.unwrap_err();
    assert!(error.to_string().contains("pipeline.mover"), "{error}");
    assert_eq!(text.saved("to"), (2..=40).collect::<Vec<u8>>());
    socorro.shutdown().await;
}

#[tokio::test]
async fn two_pipelines_on_one_source_share_it() {
    let mut text = Text::new("shared");
    text.storages.push(("to_too", 0));
    text.pipelines[0].4 = "concurrency = 1";
    text.pipelines
        .push(("second", "new", "from", "\"to_too\"", "concurrency = 1"));
    let (file, socorro) = text.start(Pipelines::Forever).await;
    for entropy in 1..=20 {
        text.put("from", "new", entropy);
    }
    text.acked("new", 20).await;
    // One goes in the middle of a crash, the other goes on.
    let to_too = text.script("to_too");
    to_too.shut_gate();
    text.script("to").shut_gate();
    let before = to_too.calls.load(Ordering::SeqCst);
    for entropy in 21..=30 {
        text.put("from", "new", entropy);
    }
    eventually("one is at the gate", || {
        to_too.calls.load(Ordering::SeqCst) > before
    })
    .await;
    text.pipelines.pop();
    text.adopt(&file, &socorro).await;
    text.script("to").gate.add_permits(1_000);
    text.acked("new", 29).await;
    to_too.gate.add_permits(1);
    text.acked("new", 30).await;
    let mut all = text.saved("to");
    all.extend(text.saved("to_too"));
    all.sort_unstable();
    assert_eq!(all, (1..=30).collect::<Vec<u8>>());
    assert_eq!(text.script("new").opened.load(Ordering::SeqCst), 1);
    socorro.shutdown().await;
}
