//! One attempt to adopt a configuration, up to the point where it only has to be committed.
//!
//! Everything here can be dropped at any moment: what was opened retires, and nothing that runs was touched.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use super::admission::Admission;
use super::basis::Basis;
use super::diff::Diff;
use super::environment::{self, Environment, Read};
use super::generation::{Generation, SourceEntry, StorageEntry};
use super::instance::{SourceInstance, StorageInstance};
use super::keep::{self, Kept};
use super::open::{self, Opened};
use super::plan::{Change, Part, Shape};
use super::reason::Reason;
use super::saved::SavedPlan;
use super::wanted::{Kind, Present, Wanted, WantedInstance};
use crate::config::{ConfigErrors, Layers, Look, Recorder, ReloadConfig};
use crate::error::Result;
use crate::step::{Step, Steps, Taken};

/// What an attempt came to.
pub(super) struct Attempt {
    pub(super) started: Instant,
    /// The record of the steps it took.
    pub(super) steps: Steps,
    /// What it does, as far as it came.
    pub(super) diff: Diff,
    /// The next generation, or every reason why there is none.
    pub(super) outcome: Result<Candidate, Vec<Reason>>,
}

/// A generation that only has to be committed. Owns everything new: dropping it is the rollback.
pub(super) struct Candidate {
    pub(super) generation: Generation,
    pub(super) degraded: Vec<(String, String)>,
    pub(super) reload: ReloadConfig,
    /// What the next attempt is compared with.
    pub(super) basis: Arc<Basis>,
    /// What to keep for a start when the files are broken, if that is wanted.
    pub(super) kept: Option<Kept>,
    /// Where the control socket is to be.
    pub(super) control: Option<PathBuf>,
    /// The step that is left to do. None when this is what runs already, and there is nothing to commit.
    pub(super) committing: Option<Taken>,
}

/// What an attempt starts from.
pub(super) struct Before {
    pub(super) running: Arc<Generation>,
    pub(super) basis: Arc<Basis>,
    /// The storages that the program holds handles to.
    pub(super) claimed: Vec<String>,
    /// What the attempt has to come to, or else it is refused.
    pub(super) expected: Option<Box<SavedPlan>>,
    /// What has to be read, or else the attempt is refused.
    pub(super) look: Option<Arc<Look>>,
    /// Where the attempt notes its steps.
    pub(super) steps: Steps,
}

/// Layers that were read and checked: what a plan is made from, whether it is carried out or only shown.
pub(super) struct Aim {
    pub(super) wanted: Wanted,
    pub(super) basis: Basis,
    pub(super) kept: Option<Kept>,
}

/// Reads these layers, checks, plans and opens, noting each step.
pub(super) async fn attempt(
    environment: Arc<Environment>,
    layers: Layers,
    before: Before,
) -> Attempt {
    let mut attempt = Attempt {
        started: Instant::now(),
        steps: before.steps.clone(),
        diff: Diff::default(),
        outcome: Err(Vec::new()),
    };
    attempt.outcome = attempt.prepare(&environment, &layers, &before).await;
    attempt
}

/// What an attempt with these layers would do; nothing is opened.
///
/// Everything that is wrong.
pub(super) async fn diff(
    environment: &Environment,
    layers: &Layers,
    present: Present<'_>,
) -> Result<Diff, ConfigErrors> {
    let aim = Aim::take(environment, layers, present, &environment.steps()).await?;
    Ok(Diff::between(present.running, present.basis, &aim.basis))
}

impl Aim {
    /// Reads and checks.
    ///
    /// Everything that is wrong.
    pub(super) async fn take(
        environment: &Environment,
        layers: &Layers,
        present: Present<'_>,
        steps: &Steps,
    ) -> Result<Self, ConfigErrors> {
        let Read { document, partly } = environment::read(layers, steps).await?;
        let configuration = partly.configuration.clone();
        let wanted = Wanted::check(environment, partly, present, steps).await?;
        let kept = keep::text(&configuration, &wanted);
        let basis = Basis::new(document, &configuration, &wanted, present.basis);
        Ok(Self {
            wanted,
            basis,
            kept,
        })
    }

    /// Are the secrets those that were seen?
    fn is_of(&self, look: &Look) -> bool {
        look.has_secrets(self.basis.secrets.values().flatten())
    }
}

impl Attempt {
    async fn prepare(
        &mut self,
        environment: &Environment,
        layers: &Layers,
        before: &Before,
    ) -> Result<Candidate, Vec<Reason>> {
        let running = &*before.running;
        let shapes = running.shapes();
        let present = Present {
            claimed: &before.claimed,
            running: &shapes,
            basis: &before.basis,
        };
        let recorder = Recorder::default();
        let layers = layers.recorded_by(&recorder);
        let aim = Aim::take(environment, &layers, present, &self.steps).await;
        // Before what is wrong is told: it may be wrong because it is half written.
        if let Some(look) = &before.look
            && !(look.has_files(&recorder.take())
                && aim.as_ref().map_or(true, |aim| aim.is_of(look)))
        {
            return Err(vec!["the files changed while they were read".into()]);
        }
        let Aim {
            wanted,
            basis,
            kept,
        } = aim.map_err(reasons)?;
        let steps = self.steps.clone();
        let plan = async {
            self.diff = Diff::between(&shapes, &before.basis, &basis);
            self.is_expected(before.expected.as_deref())
        };
        steps.take_async(Step::Plan, plan).await?;
        let (opened, degraded) = self.open(environment, &wanted).await?;
        let reload = wanted.settings.reload.clone();
        let control = wanted.settings.control.socket.clone();
        let changes_nothing = running.number > 0 && self.diff.plan.changes_nothing_now();
        let generation = assemble(environment, running, wanted, opened);
        let mut committing = None;
        if !changes_nothing {
            // Whatever can go wrong does so here; the driver only stores.
            let ready = async { Ok::<_, Vec<Reason>>(()) };
            steps.take_async(Step::Commit, ready).await?;
            committing = Some(steps.enter(Step::Commit));
        }
        Ok(Candidate {
            generation,
            degraded,
            reload,
            basis: Arc::new(basis),
            kept,
            control,
            committing,
        })
    }

    /// What was reviewed is what would happen, if anything was reviewed.
    fn is_expected(&self, expected: Option<&SavedPlan>) -> Result<(), Vec<Reason>> {
        let differs = expected.map(|expected| expected.differs(&self.diff.saved()));
        let differs = differs.unwrap_or_default();
        if differs.is_empty() {
            return Ok(());
        }
        Err(differs.into_iter().map(unexpected).collect())
    }

    /// Opens what the plan adds or replaces, all at once.
    async fn open(
        &self,
        environment: &Environment,
        wanted: &Wanted,
    ) -> Result<(HashMap<Part, Opened>, Vec<(String, String)>), Vec<Reason>> {
        let new = wanted.instances.iter().filter(|instance| {
            matches!(
                self.diff.plan.change(&instance.part()),
                Change::Add | Change::Replace
            )
        });
        let new: Vec<&WantedInstance> = new.collect();
        let parts: Vec<Part> = new.iter().map(|instance| instance.part()).collect();
        let room = async {
            let room = environment.departures.room(&parts).await;
            room.map_err(|full| vec![Reason::Other(full)])
        };
        self.steps.take_async(Step::Plan, room).await?;
        let outcomes = join_all(
            new.iter()
                .map(|instance| open::open(environment, wanted, instance, &self.steps)),
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
}

/// What was reviewed is not what would happen now.
fn unexpected(line: String) -> Reason {
    Reason::Unexpected(format!("not what was expected, make the plan anew: {line}"))
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
        settings: if running.number > 0 {
            running.settings.adopt(wanted.settings)
        } else {
            wanted.settings
        },
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
                let is_same =
                    kept.host == instance.config.host && kept.children == instance.children;
                let entry = if is_same || instance.waits.is_some() {
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
                let entry = if kept.host == instance.config.host || instance.waits.is_some() {
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
        meter: environment.meters.storage(&wanted.config.name),
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
                waits: None,
            };
            (Part::Storage(name.to_string()), shape)
        });
        let sources = self.sources.iter().map(|(name, entry)| {
            let shape = Shape::Instance {
                identity: entry.instance.identity.clone(),
                host: entry.host.clone(),
                waits: None,
            };
            (Part::Source(name.to_string()), shape)
        });
        let pipelines = self.pipelines.iter().map(|(name, config)| {
            (
                Part::Pipeline(name.clone()),
                Shape::Pipeline(config.clone()),
            )
        });
        let settings = (self.number > 0).then(|| self.settings.shapes());
        let settings = settings.into_iter().flatten();
        storages
            .chain(sources)
            .chain(pipelines)
            .chain(settings)
            .collect()
    }
}
