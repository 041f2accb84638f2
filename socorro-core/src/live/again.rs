//! Telling at little cost that a reload would change nothing: whatever it would read is what it was.
//!
//! 1. Nothing waits for a restart, no plan is expected, and no watch has seen an edit: what says more than "nothing"
//!    takes the whole way.
//! 2. The files that were read, the directories and patterns that led to them, and the secrets say what they said.
//! 3. The plugins' libraries have the content that runs, where they would be looked for now.
//!
//! *Anything else*, an error among it, takes the whole way, which reads everything anew and tells what it finds.

use std::collections::BTreeMap;

use super::attempt::Before;
use super::diff::Diff;
use super::environment::Environment;
use super::libraries::{Code, Libraries};
use super::plan::{Part, Shape};
use crate::config::{Layers, reads_the_same};
use crate::step::{Step, apart};

/// What the attempt comes to, if it would read what the last one read; none when it has to look.
pub(super) async fn changes_nothing(
    environment: &Environment,
    layers: &Layers,
    before: &Before,
    running: &BTreeMap<Part, Shape>,
) -> Option<Diff> {
    if before.expected.is_some() || before.look.is_some() || before.basis.files.is_none() {
        return None;
    }
    let diff = Diff::of_the_same(running, &before.basis)?;
    let reading = before.steps.enter(Step::Read);
    let (basis, secrets) = (before.basis.clone(), environment.secrets.clone());
    let size_limit = layers.size_limit();
    let read = apart(move || {
        let prints = basis.secrets.values().flatten();
        basis
            .files
            .as_ref()
            .is_some_and(|files| reads_the_same(files, size_limit, &secrets, prints))
    });
    let is_same = read.await.unwrap_or_default();
    reading.done();
    (is_same && runs_the_same(environment, before, running).await).then_some(diff)
}

/// Is the code that would be loaded now the code that runs?
async fn runs_the_same(
    environment: &Environment,
    before: &Before,
    running: &BTreeMap<Part, Shape>,
) -> bool {
    let options = before.basis.document.plugins();
    let loader = environment.loader.with_options(options);
    let configs = || before.basis.configs.values();
    let libraries = Libraries::load(loader.within(&before.steps), configs()).await;
    before.basis.configs.iter().all(|(part, config)| {
        let Some(Shape::Instance { identity, .. }) = running.get(part) else {
            return false;
        };
        // A composite has no code.
        !config.stores.is_empty()
            || matches!(
                libraries.code(config, None),
                Ok(Code::Plugin(plugin)) if plugin.image().sha256 == identity.image
            )
    })
}
