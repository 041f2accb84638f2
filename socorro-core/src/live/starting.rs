//! The first attempt; on what was adopted last, when the files are broken and that is wanted.

use std::path::PathBuf;
use std::sync::Arc;

use super::attempt::{Attempt, Before, attempt};
use super::basis::Basis;
use super::environment::Environment;
use super::reason::Reason;
use super::shared::Shared;
use crate::config::Layers;
use crate::step::Step;

/// Where the configuration is that was adopted last.
#[derive(Clone, Debug)]
pub(super) enum LastGood {
    /// Where the layers say `reload.keep`, as far as they can be read.
    AsConfigured,
    /// Here.
    At(PathBuf),
}

/// The layers were not used.
pub(super) struct Broken {
    /// What was used instead.
    pub(super) kept: PathBuf,
    /// What is wrong with the layers.
    pub(super) errors: Vec<Reason>,
}

/// Attempts to start with the layers, or else with what was adopted last.
pub(super) async fn first(
    environment: &Arc<Environment>,
    shared: &Shared,
    last_good: Option<LastGood>,
) -> (Attempt, Option<Broken>) {
    let try_with = |layers: Layers| {
        let before = Before {
            running: shared.pin(),
            basis: Arc::new(Basis::nothing()),
            claimed: Vec::new(),
            expected: None,
            look: None,
            steps: environment.steps(),
        };
        attempt(environment.clone(), layers, before)
    };
    let mut first = try_with(environment.layers.clone()).await;
    let is_broken = !first.steps.reached(Step::Construct);
    let (Err(errors), Some(last_good), true) = (&mut first.outcome, last_good, is_broken) else {
        return (first, None);
    };
    let kept = match last_good {
        LastGood::At(path) => Some(path),
        LastGood::AsConfigured => glimpse(environment).await,
    };
    let Some(kept) = kept else {
        errors.push(
            "there is no last good configuration to start from: no layer that can be read says reload.keep"
                .into(),
        );
        return (first, None);
    };
    let mut second = try_with(Layers::new().file(&kept)).await;
    match &mut second.outcome {
        Ok(candidate) => {
            // It is there already.
            candidate.kept = None;
            // The next attempt reads the layers, which are not what was read here.
            if let Some(basis) = Arc::get_mut(&mut candidate.basis) {
                basis.files = None;
            }
            let errors = std::mem::take(errors);
            (second, Some(Broken { kept, errors }))
        }
        Err(wrong) => {
            let of_kept = wrong.iter().map(|wrong| {
                format!("the last good configuration cannot be used either: {wrong}").into()
            });
            errors.extend(of_kept);
            (first, None)
        }
    }
}

async fn glimpse(environment: &Environment) -> Option<PathBuf> {
    let layers = environment.layers.clone();
    let found = tokio::task::spawn_blocking(move || layers.glimpse("reload.keep")).await;
    found.ok().flatten().map(PathBuf::from)
}
