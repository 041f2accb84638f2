//! `[pipeline.NAME]`.

use super::composite::distinct;
use super::read::{Section, choice, count, list, string};
use super::{After, PipelineConfig};

pub(crate) fn read(mut section: Section<'_>) -> Option<PipelineConfig> {
    let source = section.require("source", "the name of a source", string);
    let from = section.require(
        "from",
        "the name of the storage that crashes are read from",
        string,
    );
    let to = section.require("to", "a list of storages, such as [\"archive\"]", |node| {
        distinct(&list("[\"archive\"]", string)(node)?)
    });
    let after = section.get(
        "after",
        choice(&[("ack", After::Ack), ("ack_and_delete", After::AckAndDelete)]),
    );
    let concurrency = section.get("concurrency", count(1..=65_536));
    section.finish();
    Some(PipelineConfig {
        source: source?,
        from: from?,
        to: to?,
        after: after.unwrap_or_default(),
        concurrency: concurrency.unwrap_or(8),
    })
}
