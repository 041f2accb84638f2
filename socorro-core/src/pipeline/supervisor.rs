//! Keeps the pipelines of the current generation running, and no others.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Pipelines;
use super::runner::{End, Runner};
use super::transform::Transform;
use crate::config::PipelineConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::live::{Generation, Shared, SourceEntry};
use crate::transaction::Quit;

/// Transforms by the name of their pipeline.
pub(crate) type Transforms = HashMap<String, Arc<dyn Transform>>;

/// Starts, exchanges and stops pipelines as generations come.
pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    transforms: Transforms,
    mode: Pipelines,
    /// The runner of each pipeline of the current generation.
    running: BTreeMap<String, Running>,
    /// Those runners, and older ones that still see through what they have.
    runners: JoinSet<Result<End>>,
}

struct Running {
    config: PipelineConfig,
    source: Arc<SourceEntry>,
    stop: CancellationToken,
    task: Id,
}

impl Supervisor {
    pub(crate) fn new(shared: Arc<Shared>, transforms: Transforms, mode: Pipelines) -> Self {
        Self {
            shared,
            transforms,
            mode,
            running: BTreeMap::new(),
            runners: JoinSet::new(),
        }
    }

    /// Runs until `quit`, until every pipeline has drained its source, or until one fails; then stops the
    /// others, sees through what is under way, and tells the first failure.
    pub(crate) async fn run(
        mut self,
        mut generations: watch::Receiver<u64>,
        quit: Quit,
    ) -> Result<()> {
        self.adopt();
        let mut outcome = Ok(());
        while outcome.is_ok() && !(self.mode == Pipelines::Once && self.runners.is_empty()) {
            tokio::select! {
                biased;
                () = quit.requested() => break,
                Ok(()) = generations.changed() => self.adopt(),
                Some(ended) = self.runners.join_next_with_id() => outcome = self.ended(ended),
                else => break,
            }
        }
        for running in self.running.values() {
            running.stop.cancel();
        }
        while let Some(ended) = self.runners.join_next_with_id().await {
            let ended = self.ended(ended);
            outcome = outcome.and(ended);
        }
        outcome
    }

    fn ended(&mut self, ended: Result<(Id, Result<End>), JoinError>) -> Result<()> {
        let (task, end) =
            ended.map_err(|_| Error::new(ErrorKind::Internal, "a pipeline panicked"))?;
        if end? == End::Superseded
            && self
                .running
                .values()
                .any(|running| running.task == task && !running.stop.is_cancelled())
        {
            // It noticed a reload before the supervisor was told of it.
            self.running.retain(|_, running| running.task != task);
            self.adopt();
        }
        Ok(())
    }

    /// Starts what is new, stops what is gone, and exchanges what changed: the one before takes nothing new
    /// and sees through what it has.
    fn adopt(&mut self) {
        let generation = self.shared.pin();
        self.running.retain(|name, running| {
            let stays = running.is_current(name, &generation);
            if !stays {
                running.stop.cancel();
            }
            stays
        });
        for (name, config) in generation.pipelines() {
            // The configuration was checked: a pipeline's source is there.
            if let (false, Ok(source)) = (
                self.running.contains_key(name),
                generation.source(&config.source),
            ) {
                self.start(name, config, source);
            }
        }
    }

    fn start(&mut self, name: &str, config: &PipelineConfig, source: &Arc<SourceEntry>) {
        let stop = CancellationToken::new();
        let runner = Runner {
            name: name.to_owned(),
            config: config.clone(),
            source: source.clone(),
            shared: self.shared.clone(),
            transform: self.transforms.get(name).cloned(),
            mode: self.mode,
            stop: stop.clone(),
        };
        let task = self.runners.spawn(runner.run()).id();
        let running = Running {
            config: config.clone(),
            source: source.clone(),
            stop,
            task,
        };
        self.running.insert(name.to_owned(), running);
    }
}

impl Running {
    fn is_current(&self, name: &str, generation: &Generation) -> bool {
        generation.pipelines().get(name) == Some(&self.config)
            && generation
                .source(&self.config.source)
                .is_ok_and(|source| source.is_same(&self.source))
    }
}
