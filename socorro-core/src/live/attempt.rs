//! One attempt to adopt a configuration, up to the point where it only has to be committed.
//!
//! Everything here can be dropped at any moment: what was opened retires, and nothing that runs was touched.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::admission::Admission;
use super::environment::Environment;
use super::generation::{Generation, SourceEntry, StorageEntry};
use super::instance::{SourceInstance, StorageInstance};
use super::open::{self, Opened};
use super::plan::{Change, Part, Plan, Shape};
use super::reason::Reason;
use super::report::Step;
use super::wanted::{Kind, Wanted, WantedInstance};
use crate::config::{ConfigErrors, ReloadConfig};
use crate::error::Result;

/// What an attempt came to.
pub(super) struct Attempt {
    pub(super) steps: Vec<(Step, Duration)>,
    pub(super) plan: Plan,
    /// The next generation, or every reason why there is none.
    pub(super) outcome: Result<Candidate, Vec<Reason>>,
}

/// A generation that only has to be committed. Owns everything new: dropping it is the rollback.
pub(super) struct Candidate {
    pub(super) generation: Generation,
    pub(super) degraded: Vec<(String, String)>,
    pub(super) reload: ReloadConfig,
    /// It is what runs already; there is nothing to commit.
    pub(super) changes_nothing: bool,
}

/// Reads, checks, plans and opens, measuring each step.
pub(super) async fn attempt(
    environment: Arc<Environment>,
    running: Arc<Generation>,
    claimed: Vec<String>,
) -> Attempt {
    let mut attempt = Attempt {
        steps: Vec::new(),
        plan: Plan::default(),
        outcome: Err(Vec::new()),
    };
    attempt.outcome = attempt.prepare(&environment, &running, &claimed).await;
    attempt
}

impl Attempt {
    async fn prepare(
        &mut self,
        environment: &Environment,
        running: &Generation,
        claimed: &[String],
    ) -> Result<Candidate, Vec<Reason>> {
        let configuration = {
            let started = Instant::now();
            let read = environment.read().await;
            self.took(Step::Read, started);
            read.map_err(reasons)?
        };
        let wanted = {
            let started = Instant::now();
            let wanted = Wanted::check(environment, configuration, claimed).await;
            self.took(Step::Check, started);
            wanted.map_err(reasons)?
        };
        let started = Instant::now();
        self.plan = Plan::between(&running.shapes(), &wanted.shapes());
        self.took(Step::Plan, started);

        let started = Instant::now();
        let opened = self.open(environment, &wanted).await;
        self.took(Step::Open, started);
        let (opened, degraded) = opened?;
        let reload = wanted.reload.clone();
        let changes_nothing = running.number > 0
            && self.plan.is_empty()
            && wanted.limits == running.limits
            && wanted.redaction == running.redaction;
        let generation = assemble(environment, running, wanted, opened);
        Ok(Candidate {
            generation,
            degraded,
            reload,
            changes_nothing,
        })
    }

    /// Opens what the plan adds or replaces, all at once.
    async fn open(
        &self,
        environment: &Environment,
        wanted: &Wanted,
    ) -> Result<(HashMap<Part, Opened>, Vec<(String, String)>), Vec<Reason>> {
        let new = wanted.instances.iter().filter(|instance| {
            matches!(
                self.plan.change(&instance.part()),
                Change::Add | Change::Replace
            )
        });
        let new: Vec<&WantedInstance> = new.collect();
        let outcomes = join_all(
            new.iter()
                .map(|instance| open::open(environment, wanted, instance)),
        )
        .await;
        let (mut opened, mut degraded, mut errors) = (HashMap::new(), Vec::new(), Vec::new());
        for (instance, outcome) in new.into_iter().zip(outcomes) {
            match outcome {
                Ok((open, why)) => {
                    degraded.extend(why.map(|why| (instance.part().to_string(), why)));
                    opened.insert(instance.part(), open);
                }
                Err(error) => errors.push(Reason::Backend {
                    part: instance.part(),
                    error,
                }),
            }
        }
        if errors.is_empty() {
            Ok((opened, degraded))
        } else {
            Err(errors)
        }
    }

    fn took(&mut self, step: Step, started: Instant) {
        self.steps.push((step, started.elapsed()));
    }
}

fn reasons(errors: ConfigErrors) -> Vec<Reason> {
    errors.into_iter().map(Reason::Config).collect()
}

/// Puts the generation together: instances that are kept and instances that are new.
fn assemble(
    environment: &Environment,
    running: &Generation,
    wanted: Wanted,
    mut opened: HashMap<Part, Opened>,
) -> Generation {
    let mut next = Generation {
        number: running.number + 1,
        limits: wanted.limits,
        redaction: wanted.redaction,
        storages: BTreeMap::new(),
        sources: BTreeMap::new(),
        pipelines: wanted.pipelines,
    };
    for instance in wanted.instances {
        let name: Arc<str> = instance.config.name.as_str().into();
        match (instance.kind, opened.remove(&instance.part())) {
            (Kind::Storage, Some(Opened::Storage(open))) => {
                next.storages
                    .insert(name, storage_entry(environment, &instance, open));
            }
            (Kind::Source, Some(Opened::Source(open))) => {
                next.sources
                    .insert(name, source_entry(environment, &instance, open));
            }
            (Kind::Storage, _) => {
                let Some(kept) = running.storages.get(&name) else {
                    continue;
                };
                let entry =
                    if kept.host == instance.config.host && kept.children == instance.children {
                        kept.clone()
                    } else {
                        storage_entry(environment, &instance, kept.instance.clone())
                    };
                next.storages.insert(name, entry);
            }
            (Kind::Source, _) => {
                let Some(kept) = running.sources.get(&name) else {
                    continue;
                };
                let entry = if kept.host == instance.config.host {
                    kept.clone()
                } else {
                    source_entry(environment, &instance, kept.instance.clone())
                };
                next.sources.insert(name, entry);
            }
        }
    }
    next
}

fn storage_entry(
    environment: &Environment,
    wanted: &WantedInstance,
    instance: Arc<StorageInstance>,
) -> Arc<StorageEntry> {
    let host = wanted.config.host.clone();
    let is_composite = !wanted.children.is_empty();
    Arc::new(StorageEntry {
        instance,
        executor: environment.executor(&host),
        // A composite's children count what goes through them.
        admission: if is_composite {
            Admission::new(u64::MAX, u64::MAX)
        } else {
            Admission::new(host.max_operations as u64, host.max_bytes.0)
        },
        timeout: (!is_composite).then_some(host.timeout),
        children: wanted.children.clone(),
        host,
    })
}

fn source_entry(
    environment: &Environment,
    wanted: &WantedInstance,
    instance: Arc<SourceInstance>,
) -> Arc<SourceEntry> {
    let host = wanted.config.host.clone();
    Arc::new(SourceEntry {
        instance,
        executor: environment.executor(&host),
        patience: environment.patience(),
        host,
    })
}

impl Generation {
    /// What runs, as the plan compares it.
    pub(super) fn shapes(&self) -> BTreeMap<Part, Shape> {
        let storages = self.storages.iter().map(|(name, entry)| {
            let shape = Shape::Instance {
                identity: entry.instance.identity.clone(),
                host: entry.host.clone(),
            };
            (Part::Storage(name.to_string()), shape)
        });
        let sources = self.sources.iter().map(|(name, entry)| {
            let shape = Shape::Instance {
                identity: entry.instance.identity.clone(),
                host: entry.host.clone(),
            };
            (Part::Source(name.to_string()), shape)
        });
        let pipelines = self.pipelines.iter().map(|(name, config)| {
            (
                Part::Pipeline(name.clone()),
                Shape::Pipeline(config.clone()),
            )
        });
        storages.chain(sources).chain(pipelines).collect()
    }
}
