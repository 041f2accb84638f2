//! Keeps the pipelines of the current generation running, and no others.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::runner::{End, Runner};
use super::transform::Transform;
use super::{PipelineState, Pipelines, States};
use crate::config::PipelineConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::live::{Generation, Shared, SourceEntry};
use crate::transaction::{Drain, Quit};

/// Transforms by the name of their pipeline.
pub(crate) type Transforms = HashMap<String, Arc<dyn Transform>>;

/// Starts, exchanges and stops pipelines as generations come.
pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    transforms: Transforms,
    mode: Pipelines,
    /// The runner of each pipeline of the current generation that has not failed.
    running: BTreeMap<String, Running>,
    /// Those runners, and older ones that still see through what they have.
    runners: JoinSet<Result<End>>,
    /// Pipelines of the current generation that failed, in this order.
    failed: Vec<(String, Error)>,
    /// In [`Pipelines::Once`]: the first failure from before the last reload.
    lost: Option<Error>,
    states: States,
    finished: watch::Sender<Option<Result<()>>>,
}

struct Running {
    config: PipelineConfig,
    source: Arc<SourceEntry>,
    stop: CancellationToken,
    drain: Drain,
    task: Id,
}

impl Supervisor {
    /// `finished` is told an error while no pipeline runs because all that there are have failed.
    pub(crate) fn new(
        shared: Arc<Shared>,
        transforms: Transforms,
        mode: Pipelines,
        states: States,
        finished: watch::Sender<Option<Result<()>>>,
    ) -> Self {
        Self {
            shared,
            transforms,
            mode,
            running: BTreeMap::new(),
            runners: JoinSet::new(),
            failed: Vec::new(),
            lost: None,
            states,
            finished,
        }
    }

    /// Runs until `quit`, or in [`Pipelines::Once`] until every pipeline has drained its source or failed; then
    /// stops what still runs, sees through what is under way, and tells the first failure.
    ///
    /// One that fails keeps no other from going on.
    pub(crate) async fn run(
        mut self,
        mut generations: watch::Receiver<u64>,
        quit: Quit,
    ) -> Result<()> {
        self.adopt();
        loop {
            // A reload that was committed may have brought new ones, of which nobody has told yet.
            let is_drained = self.mode == Pipelines::Once
                && self.runners.is_empty()
                && !generations.has_changed().unwrap_or(false);
            if is_drained {
                break;
            }
            tokio::select! {
                biased;
                () = quit.requested() => break,
                Ok(()) = generations.changed() => self.adopt(),
                Some(ended) = self.runners.join_next_with_id() => self.ended(ended),
                else => break,
            }
        }
        for running in self.running.values() {
            running.stop.cancel();
        }
        while let Some(ended) = self.runners.join_next_with_id().await {
            self.ended(ended);
        }
        self.outcome()
    }

    /// The first failure, if there is one.
    fn outcome(&self) -> Result<()> {
        let failed = self.failed.first().map(|(_, error)| error);
        self.lost.as_ref().or(failed).cloned().map_or(Ok(()), Err)
    }

    fn ended(&mut self, ended: Result<(Id, Result<End>), JoinError>) {
        let (task, end) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let panicked = Error::new(ErrorKind::Internal, "a pipeline panicked");
                (error.id(), Err(panicked))
            }
        };
        let current = self.running.iter().find(|(_, one)| one.task == task);
        let current = current.map(|(name, one)| (name.clone(), one.stop.is_cancelled()));
        match (current, end) {
            (Some((name, _)), Err(error)) => self.failed(&name, error),
            (Some((name, _)), Ok(End::Drained)) => self.states.set(&name, PipelineState::Drained),
            (Some((name, false)), Ok(End::Superseded)) => {
                // It noticed a reload before the supervisor was told of it.
                self.running.remove(&name);
                self.adopt();
            }
            (Some((_, true)) | None, Ok(_)) => {}
            (None, Err(error)) if self.mode == Pipelines::Once => {
                self.lost.get_or_insert(error);
            }
            (None, Err(error)) => {
                tracing::warn!(%error, "a pipeline that a reload took away did not end well");
            }
        }
    }

    fn failed(&mut self, name: &str, error: Error) {
        tracing::error!(pipeline = name, %error, "the pipeline failed; a reload starts it again");
        self.running.remove(name);
        self.states.set(name, PipelineState::Failed(error.clone()));
        self.failed.push((name.to_owned(), error));
        if self.mode == Pipelines::Forever && self.running.is_empty() {
            self.finished.send_replace(Some(self.outcome()));
        }
    }

    /// Starts what is new or had failed, stops what is gone, and exchanges what changed: the one before takes
    /// nothing new and sees through what it has, until the drain deadline.
    fn adopt(&mut self) {
        let generation = self.shared.pin();
        self.running.retain(|name, running| {
            let stays = running.is_current(name, &generation);
            if !stays {
                running.supersede(&generation);
            }
            stays
        });
        match self.mode {
            // Whether it was delivered after all, nobody knows: the source may hand it out again, or not.
            Pipelines::Once => self.lost = self.outcome().err(),
            Pipelines::Off | Pipelines::Forever => {}
        }
        self.failed.clear();
        self.states
            .retain(|name| generation.pipelines().contains_key(name));
        for (name, config) in generation.pipelines() {
            // The configuration was checked: a pipeline's source is there.
            if let (false, Ok(source)) = (
                self.running.contains_key(name),
                generation.source(&config.source),
            ) {
                self.start(name, config, source);
            }
        }
        if self.mode == Pipelines::Forever {
            self.finished.send_if_modified(|finished| {
                let had_failed = finished.is_some();
                *finished = None;
                had_failed
            });
        }
    }

    fn start(&mut self, name: &str, config: &PipelineConfig, source: &Arc<SourceEntry>) {
        let (stop, drain) = (CancellationToken::new(), Drain::new());
        let runner = Runner {
            name: name.to_owned(),
            config: config.clone(),
            source: source.clone(),
            shared: self.shared.clone(),
            transform: self.transforms.get(name).cloned(),
            mode: self.mode,
            stop: stop.clone(),
            drain: drain.clone(),
        };
        let task = self.runners.spawn(runner.run()).id();
        let running = Running {
            config: config.clone(),
            source: source.clone(),
            stop,
            drain,
            task,
        };
        self.running.insert(name.to_owned(), running);
        self.states.set(name, PipelineState::Running);
    }
}

impl Running {
    fn is_current(&self, name: &str, generation: &Generation) -> bool {
        generation.pipelines().get(name) == Some(&self.config)
            && generation
                .source(&self.config.source)
                .is_ok_and(|source| source.is_same(&self.source))
    }

    fn supersede(&self, generation: &Generation) {
        self.stop.cancel();
        let now = self.source.executor().clock().now();
        self.drain.start(now + generation.drain_timeout());
    }
}
