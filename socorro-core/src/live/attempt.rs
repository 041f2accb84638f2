//! One attempt to adopt a configuration, up to the point where it only has to be committed.
//!
//! Everything here can be dropped at any moment: what was opened retires, and nothing that runs was touched.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use super::admission::Admission;
use super::again;
use super::basis::Basis;
use super::diff::Diff;
use super::environment::{self, Environment, Read};
use super::generation::{Generation, SourceEntry, StorageEntry};
use super::handover::{self, Exchanged, OpenedLate, Order};
use super::instance::{SourceInstance, StorageInstance};
use super::keep::{self, Kept};
use super::open::{self, Opened};
use super::plan::{Change, Part, Plan, Shape};
use super::reason::Reason;
use super::saved::SavedPlan;
use super::wanted::{Kind, Present, Wanted, WantedInstance};
use crate::config::{ConfigErrors, Layers, Look, Recorder, ReloadConfig, Start};
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::Exchange;
use crate::step::{Step, Steps};

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
    /// What could not be shared was exchanged for this; none where all overlaps.
    pub(super) exchanged: Option<Exchanged>,
    pub(super) reload: ReloadConfig,
    /// What the next attempt is compared with.
    pub(super) basis: Arc<Basis>,
    /// What to keep for a start when the files are broken, if that is wanted.
    pub(super) kept: Option<Kept>,
    /// Where the control socket is to be.
    pub(super) control: Option<PathBuf>,
    /// Is there anything to commit? Not when this is what runs already.
    pub(super) commits: bool,
}

impl Candidate {
    /// What runs already.
    fn unchanged(running: &Generation, before: &Before) -> Self {
        Self {
            generation: running.clone(),
            exchanged: None,
            reload: running.settings.reload.clone(),
            basis: before.basis.clone(),
            kept: None,
            control: running.settings.control.socket.clone(),
            commits: false,
        }
    }
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
        environment: &Arc<Environment>,
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
        if let Some(nothing) = again::changes_nothing(environment, layers, before, &shapes).await {
            self.diff = nothing;
            return Ok(Candidate::unchanged(running, before));
        }
        let recorder = Recorder::default();
        let layers = layers.recorded_by(&recorder);
        let aim = Aim::take(environment, &layers, present, &self.steps).await;
        // Before what is wrong is told: it may be wrong because it is half written.
        let files = recorder.take();
        if let Some(look) = &before.look
            && !(look.has_files(&files) && aim.as_ref().map_or(true, |aim| aim.is_of(look)))
        {
            return Err(vec!["the files changed while they were read".into()]);
        }
        let Aim {
            wanted,
            mut basis,
            kept,
        } = aim.map_err(reasons)?;
        basis.files = Some(files);
        let steps = self.steps.clone();
        let plan = async {
            self.diff = Diff::between(&shapes, &before.basis, &basis);
            self.is_expected(before.expected.as_deref())
        };
        steps.take_async(Step::Plan, plan).await?;
        let mut opened = self.open(environment, &wanted).await?;
        let missing = required(running, &wanted, &self.diff.plan);
        if !missing.is_empty() {
            return Err(missing);
        }
        let exchanged = self
            .exchange(environment, running, &wanted, &mut opened)
            .await?;
        let reload = wanted.settings.reload.clone();
        let control = wanted.settings.control.socket.clone();
        let changes_nothing = running.number > 0 && self.diff.plan.changes_nothing_now();
        let generation = assemble(environment, running, wanted, &self.diff.plan, opened);
        if !changes_nothing {
            // Whatever can go wrong does so here; the driver only stores.
            let ready = async { Ok::<_, Vec<Reason>>(()) };
            steps.take_async(Step::Commit, ready).await?;
        }
        Ok(Candidate {
            generation,
            exchanged,
            reload,
            basis: Arc::new(basis),
            kept,
            control,
            commits: !changes_nothing,
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

    /// Opens what the plan adds or replaces, all at once, but for what has to wait until another has ended.
    async fn open(
        &self,
        environment: &Environment,
        wanted: &Wanted,
    ) -> Result<OpenedLate, Vec<Reason>> {
        let new = wanted.instances.iter().filter(|instance| {
            let part = instance.part();
            let change = self.diff.plan.change(&part);
            matches!(change, Change::Add | Change::Replace) && !self.is_late(&part)
        });
        let new: Vec<&WantedInstance> = new.collect();
        let parts: Vec<Part> = new.iter().map(|instance| instance.part()).collect();
        self.room(environment, &parts).await?;
        let outcomes = join_all(
            new.iter()
                .map(|instance| open::open(environment, &wanted.open, instance, &self.steps)),
        )
        .await;
        let (mut opened, mut errors) = (HashMap::new(), Vec::new());
        for (instance, outcome) in new.into_iter().zip(outcomes) {
            let part = instance.part();
            match outcome {
                Ok(open) => {
                    opened.insert(part, open);
                }
                Err(error) => errors.push(Reason::Backend { part, error }),
            }
        }
        if errors.is_empty() {
            Ok(opened)
        } else {
            Err(errors)
        }
    }

    /// Takes what cannot be shared out of service, and opens what waited for that; see
    /// [the protocol](super::handover). None when there is nothing of the kind.
    async fn exchange(
        &self,
        environment: &Arc<Environment>,
        running: &Generation,
        wanted: &Wanted,
        opened: &mut OpenedLate,
    ) -> Result<Option<Exchanged>, Vec<Reason>> {
        let successions = &self.diff.plan.successions;
        let careful = successions
            .iter()
            .filter(|(_, it)| it.mode != Exchange::Overlap);
        let mut ready = OpenedLate::new();
        for (part, _) in careful.clone() {
            ready.extend(opened.remove_entry(part));
        }
        let parts = self.late(wanted).map(WantedInstance::part);
        self.room(environment, &parts.collect::<Vec<_>>()).await?;
        // What an instance of an earlier configuration has still is waited for before anything is closed.
        for (part, open) in &*opened {
            open.alone(wanted.open.timeout).await.map_err(|error| {
                let part = part.clone();
                vec![Reason::Backend { part, error }]
            })?;
        }
        let old: BTreeSet<&Part> = careful.flat_map(|(_, it)| it.predecessors()).collect();
        let old: Vec<Opened> = old
            .into_iter()
            .filter_map(|part| match part {
                Part::Storage(name) => {
                    let entry = running.storages.get(name.as_str())?;
                    Some(Opened::Storage(entry.instance.clone()))
                }
                Part::Source(name) => {
                    let entry = running.sources.get(name.as_str())?;
                    Some(Opened::Source(entry.instance.clone()))
                }
                Part::Pipeline(_) | Part::Settings(_) => None,
            })
            .collect();
        if old.is_empty() {
            return Ok(None);
        }
        let order = Order {
            old,
            ready,
            new: self.late(wanted).cloned().collect(),
            open: wanted.open.clone(),
            steps: self.steps.clone(),
            generation: running.number + 1,
            close: wanted.settings.plugins.timeout.0,
            reload: wanted.settings.reload.clone(),
        };
        let taken = self.steps.enter(Step::Exchange);
        let (done, exchanged) = match handover::exchange(environment, order).await {
            Ok(exchanged) => exchanged,
            Err(reasons) => {
                taken.failed();
                return Err(reasons);
            }
        };
        taken.done();
        // Whatever else goes wrong with this step does so here, where there is the most to go back from.
        let complete = async { Ok::<_, Vec<Reason>>(()) };
        self.steps.take_async(Step::Exchange, complete).await?;
        opened.extend(done);
        Ok(Some(exchanged))
    }

    /// What can be opened only when another has ended.
    fn late<'a>(&'a self, wanted: &'a Wanted) -> impl Iterator<Item = &'a WantedInstance> {
        let instances = wanted.instances.iter();
        instances.filter(|instance| self.is_late(&instance.part()))
    }

    /// Waits until there is room to open these.
    async fn room(&self, environment: &Environment, parts: &[Part]) -> Result<(), Vec<Reason>> {
        let room = async {
            let room = environment.departures.room(parts).await;
            room.map_err(|full| vec![Reason::Other(full)])
        };
        self.steps.take_async(Step::Plan, room).await
    }

    /// Can it be opened only when another has ended?
    fn is_late(&self, part: &Part) -> bool {
        let succession = self.diff.plan.successions.get(part);
        succession.is_some_and(|succession| succession.mode == Exchange::BreakBeforeMake)
    }
}

/// What was reviewed is not what would happen now.
fn unexpected(line: String) -> Reason {
    Reason::Unexpected(format!("not what was expected, make the plan anew: {line}"))
}

/// What is kept, is not there, and has become required.
fn required(running: &Generation, wanted: &Wanted, plan: &Plan) -> Vec<Reason> {
    let absent: BTreeMap<Part, String> = running.absent().into_iter().collect();
    let instances = wanted.instances.iter().filter_map(|instance| {
        let part = instance.part();
        let changed = plan.change(&part) == Change::ChangeInPlace;
        let why = absent.get(&part)?;
        (changed && instance.config.host.start == Start::Required).then(|| Reason::Backend {
            part,
            error: Error::new(
                ErrorKind::Unavailable,
                format!("it is required now, and not there: {why}"),
            ),
        })
    });
    instances.collect()
}

fn reasons(errors: ConfigErrors) -> Vec<Reason> {
    errors.into_iter().map(Reason::Config).collect()
}

/// Puts the generation together: instances that are kept and instances that are new.
fn assemble(
    environment: &Environment,
    running: &Generation,
    wanted: Wanted,
    plan: &Plan,
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
                // What waits while they are exchanged is in flight in the one as in the other.
                let succession = plan.successions.get(&instance.part());
                let waits = succession.is_some_and(|it| it.mode != Exchange::Overlap);
                let before = running.storages.get(&name).filter(|_| waits);
                let entry = storage_entry(environment, &instance, open, before);
                next.storages.insert(name, entry);
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
                    storage_entry(environment, &instance, kept.instance.clone(), Some(kept))
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
    before: Option<&Arc<StorageEntry>>,
) -> Arc<StorageEntry> {
    let host = wanted.config.host.clone();
    let is_composite = !wanted.children.is_empty();
    // A composite's children count what goes through them.
    let (operations, bytes) = if is_composite {
        (u64::MAX, u64::MAX)
    } else {
        (host.max_operations as u64, host.max_bytes.0)
    };
    Arc::new(StorageEntry {
        instance,
        executor: environment.executor(&host),
        admission: match before {
            Some(before) => before.admission.with_bounds(operations, bytes),
            None => Admission::new(operations, bytes),
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
                resources: entry.instance.resources.clone(),
                host: entry.host.clone(),
                waits: None,
            };
            (Part::Storage(name.to_string()), shape)
        });
        let sources = self.sources.iter().map(|(name, entry)| {
            let shape = Shape::Instance {
                identity: entry.instance.identity.clone(),
                resources: entry.instance.resources.clone(),
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
