//! Looking at a configuration without running it.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::attempt::{Aim, diff};
use super::basis::Basis;
use super::diff::Diff;
use super::environment;
use super::open::{self, Opened};
use super::plan::{Part, Shape};
use super::socorro::Builder;
use super::wanted::{Kind, Present, Wanted};
use crate::config::{ConfigErrors, Layers};
use crate::context::Context;
use crate::error::Result;
use crate::plugin::loader::Loader;
use crate::storage::Health;

/// What a configuration that is right consists of, and, if asked for, how its backends are.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked {
    /// How many storages are configured.
    pub storages: usize,
    /// How many sources.
    pub sources: usize,
    /// How many pipelines.
    pub pipelines: usize,
    /// The health of each backend; empty unless it was asked for.
    pub health: Vec<(Part, Result<Health>)>,
}

impl Builder {
    /// Checks layers, plugins, options, secrets and references, and opens nothing. With `connect` it also
    /// opens every backend, asks for its health, and ends it again.
    ///
    /// Everything that is wrong.
    pub async fn check(self, connect: bool) -> Result<Checked, ConfigErrors> {
        let (environment, _, reaper) = self.environment();
        let steps = environment.steps();
        let partly = environment::read(&environment.layers, &steps).await?.partly;
        let timeout = partly.configuration.plugins.timeout.0;
        let nothing = (BTreeMap::new(), Basis::nothing());
        let wanted = Wanted::check(&environment, partly, present(&nothing), &steps).await?;
        let count = |kind| {
            wanted
                .instances
                .iter()
                .filter(|instance| instance.kind == kind)
                .count()
        };
        let mut checked = Checked {
            storages: count(Kind::Storage),
            sources: count(Kind::Source),
            pipelines: wanted.pipelines.len(),
            health: Vec::new(),
        };
        if connect {
            let backends = wanted
                .instances
                .iter()
                .filter(|instance| instance.backend.is_some());
            checked.health = join_all(backends.map(|instance| async {
                let steps = environment.steps();
                let opened = open::open(&environment, &wanted.open, instance, &steps).await;
                let health = match opened {
                    Ok(opened) => match (opened.absent(), opened) {
                        (Some(why), _) => Ok(Health::unreachable(why)),
                        (None, Opened::Storage(storage)) => match storage.live() {
                            Ok(storage) => {
                                let storage = storage.open();
                                storage.health(&Context::new().with_timeout(timeout)).await
                            }
                            Err(_) => Ok(Health::unknown()),
                        },
                        (None, Opened::Source(_)) => Ok(Health::unknown()),
                    },
                    Err(error) => Err(error),
                };
                (instance.part(), health)
            }))
            .await;
        }
        drop((wanted, environment));
        // What was opened ends before the program does.
        let deadline = reaper.departures().clock().now() + timeout;
        reaper.finish(deadline).await;
        Ok(checked)
    }

    /// What a program that runs these layers would do if it read `next` instead, and why. Opens nothing.
    ///
    /// Everything that is wrong in either.
    pub async fn diff(self, next: &Layers) -> Result<Diff, ConfigErrors> {
        let (environment, _, _) = self.environment();
        let nothing = (BTreeMap::new(), Basis::nothing());
        let (layers, steps) = (&environment.layers, environment.steps());
        let aim = Aim::take(&environment, layers, present(&nothing), &steps).await?;
        let running = (aim.wanted.shapes(), aim.basis);
        diff(&environment, next, present(&running)).await
    }

    /// The loader that `[plugins]` describes, to look at plugins themselves.
    ///
    /// Everything that is wrong.
    pub async fn loader(self) -> Result<Loader, ConfigErrors> {
        let (environment, _, _) = self.environment();
        let configuration = environment.read().await?;
        Ok(environment.loader(&configuration))
    }
}

/// A program that runs this, and holds no handles.
fn present(running: &(BTreeMap<Part, Shape>, Basis)) -> Present<'_> {
    Present {
        claimed: &[],
        running: &running.0,
        basis: &running.1,
    }
}
