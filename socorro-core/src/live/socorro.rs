use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot, watch};

use super::activity::{Activity, Teller};
use super::attempt::Attempt;
use super::control;
use super::diff::Diff;
use super::driver::{Driver, Message};
use super::environment::{Environment, Parts, ending};
use super::handle::StorageHandle;
use super::handover::{Holders, Turns};
use super::history::History;
use super::keep::Keeper;
use super::leaving::{Leaving, Straggler};
use super::reaper::Reaper;
use super::reason::{Reason, Refused};
use super::report::{Outcome, ReloadReport, Trigger};
use super::saved::SavedPlan;
use super::shared::Shared;
use super::starting::{self, LastGood};
use super::status::{Observed, Status};
use super::watch::{self as files, Eyes, Watch};
use crate::config::{ConfigErrors, Layers, SystemSecrets};
use crate::crash::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::{PipelineState, Pipelines, States, Supervisor, Transform};
use crate::plugin::StaticPlugin;
use crate::plugin::loader::{Loader, LoaderOptions};
use crate::step::Failpoints;
use crate::transaction::{Clock, Jitter, Quit, SystemClock, SystemJitter};

/// A running configuration: its storages, its pipelines, and how to exchange it.
///
/// Cheap to clone. When the last clone is dropped, everything ends in the background;
/// [`shutdown`](Self::shutdown) does the same and waits.
#[derive(Clone, Debug)]
pub struct Socorro {
    shared: Arc<Shared>,
    messages: mpsc::UnboundedSender<Message>,
    finished: watch::Receiver<Option<Result<()>>>,
    activity: watch::Receiver<Activity>,
    observed: Observed,
}

/// What a program chooses before it starts; see [`Socorro::builder`].
pub struct Builder {
    layers: Layers,
    loader: Loader,
    parts: Parts,
    pipelines: Pipelines,
    transforms: HashMap<String, Arc<dyn Transform>>,
    clock: Arc<dyn Clock>,
    jitter: Arc<dyn Jitter>,
    control: bool,
    last_good: Option<LastGood>,
    watch: Option<Duration>,
    failpoints: Failpoints,
}

impl Socorro {
    /// Chooses what to run from these layers.
    pub fn builder(layers: Layers) -> Builder {
        Builder {
            layers,
            loader: Loader::new(LoaderOptions::default()),
            parts: Parts::All,
            pipelines: Pipelines::Off,
            transforms: HashMap::new(),
            clock: Arc::new(SystemClock),
            jitter: Arc::new(SystemJitter),
            control: false,
            last_good: None,
            watch: None,
            failpoints: Default::default(),
        }
    }

    /// Opens every storage that these layers configure. See [`Builder::start`].
    pub async fn start(layers: Layers) -> Result<Self> {
        Ok(Self::builder(layers).start().await?)
    }

    /// A handle to the storage with this name, good for the life of the program: no reload can remove the
    /// name while the handle is held. `InvalidConfig` when there is none.
    pub fn storage(&self, name: &str) -> Result<StorageHandle> {
        self.shared.handle(name)
    }

    /// How large a crash may be, as `[limits]` says right now.
    pub fn limits(&self) -> Limits {
        self.shared.pin().limits()
    }

    /// The number of the configuration that runs, counted from 1; 0 after the shutdown.
    pub fn generation(&self) -> u64 {
        self.shared.pin().number()
    }

    /// Reads the layers again and adopts them, all or nothing; returns what came of it. Calls made while an
    /// attempt is under way share one that starts after it.
    ///
    /// Dropping the future does not stop the attempt.
    pub async fn reload(&self) -> ReloadReport {
        let (reply, report) = oneshot::channel();
        let message = Message::Reload {
            trigger: Trigger::Request,
            reply: Some(reply),
        };
        // A message that cannot be sent is dropped here, and with it the way to reply.
        drop(self.messages.send(message));
        self.answer(report).await
    }

    /// Like [`reload`](Self::reload), but only if that does exactly what `plan` says: what was reviewed is what
    /// is applied, or nothing is, and the report says what differs.
    pub async fn reload_expecting(&self, plan: &SavedPlan) -> ReloadReport {
        let (reply, report) = oneshot::channel();
        let plan = Box::new(plan.clone());
        let trigger = Trigger::Request;
        drop(self.messages.send(Message::Expect {
            trigger,
            plan,
            reply,
        }));
        self.answer(report).await
    }

    async fn answer(&self, report: oneshot::Receiver<ReloadReport>) -> ReloadReport {
        report.await.unwrap_or_else(|_| {
            let last = self.last_report();
            let mut report = ReloadReport::new(
                last.attempt,
                Trigger::Request,
                Outcome::Refused,
                self.generation(),
            );
            report.configuration = last.configuration;
            report.errors = vec!["the program is ending".into()];
            report
        })
    }

    /// What a [`reload`](Self::reload) would do now, and why. Reads the layers and checks them as a reload does;
    /// what runs is not touched, and nothing is opened.
    ///
    /// Everything that is wrong in the layers.
    pub async fn diff(&self) -> Result<Diff, ConfigErrors> {
        let (reply, diff) = oneshot::channel();
        drop(self.messages.send(Message::Diff { reply }));
        diff.await.unwrap_or_else(|_| Err(ending()))
    }

    /// Asks for a reload and returns at once; what came of it is logged and kept as the
    /// [last report](Self::last_report). For signal handlers.
    pub fn request_reload(&self, trigger: Trigger) {
        // Refused only after the shutdown, when nothing can be reloaded any more.
        let _ = self.messages.send(Message::Reload {
            trigger,
            reply: None,
        });
    }

    /// Reloads on every SIGHUP from now on, in a task of its own, for as long as the program runs.
    ///
    /// Installs the signal handler, which is why it has to be asked for. `Internal` when it cannot be installed.
    #[cfg(unix)]
    pub fn reload_on_hangup(&self) -> Result<()> {
        let mut hangups = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
            .map_err(|error| {
                Error::new(ErrorKind::Internal, "cannot install the handler for SIGHUP")
                    .caused_by(&error)
            })?;
        let messages = self.messages.downgrade();
        tokio::spawn(async move {
            while hangups.recv().await.is_some() {
                let Some(messages) = messages.upgrade() else {
                    return;
                };
                let _ = messages.send(Message::Reload {
                    trigger: Trigger::Hangup,
                    reply: None,
                });
            }
        });
        Ok(())
    }

    /// What came of the last attempt; of the start, before the first reload.
    pub fn last_report(&self) -> ReloadReport {
        self.observed.history.last()
    }

    /// What came of the last 100 attempts, the youngest last, each with what it let go that did not end cleanly.
    pub fn history(&self) -> Vec<ReloadReport> {
        self.observed.history()
    }

    /// How the program is right now.
    pub fn status(&self) -> Status {
        self.observed.status()
    }

    /// Records the metrics that are only known when somebody looks: operations in flight, what drains, libraries in
    /// memory. For the program to call before it exports its metrics.
    pub fn measure(&self) {
        self.observed.measure();
    }

    /// Where the program is to offer its metrics: `[control] metrics` of the configuration that it started with.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.shared.pin().settings.control.metrics
    }

    /// Every report as it comes, the last one first. Reports that come faster than they are taken are skipped.
    pub fn reports(&self) -> watch::Receiver<ReloadReport> {
        self.observed.history.watch()
    }

    /// What the program is at, as it changes. Changes that come faster than they are taken are skipped. Closed
    /// when the program has ended.
    pub fn activity(&self) -> watch::Receiver<Activity> {
        self.activity.clone()
    }

    /// Instances that did not end cleanly, the youngest last; at most 100.
    pub fn stragglers(&self) -> Vec<Straggler> {
        self.observed.stragglers.borrow().clone()
    }

    /// Instances that earlier generations let go and that have not ended yet, the longest first, with the number
    /// of operations left in each.
    pub fn leaving(&self) -> Vec<Leaving> {
        self.observed.departures.all()
    }

    /// How the pipelines of the current generation fare, by name; none with [`Pipelines::Off`].
    pub fn pipelines(&self) -> BTreeMap<String, PipelineState> {
        self.observed.states.all()
    }

    /// Waits until the pipelines have ended: drained, stopped by a shutdown, or all of them failed, which the first
    /// error tells. A reload after that starts them again. Without pipelines, until the shutdown.
    pub async fn finished(&self) -> Result<()> {
        let mut finished = self.finished.clone();
        match finished.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Ok(())),
            Err(_) => Ok(()),
        }
    }

    /// Ends everything: pipelines take nothing new and see through what they have, waits between retries are
    /// cut short, instances are flushed and destroyed; at most `reload.shutdown_timeout` and a little. What is
    /// under way then is cancelled and given back. Calling it again waits for the same end.
    pub async fn shutdown(&self) {
        let (reply, ended) = oneshot::channel();
        if self
            .messages
            .send(Message::Terminate { reply: Some(reply) })
            .is_ok()
        {
            // An error says that the driver has ended in the meantime.
            let _ = ended.await;
        }
        self.messages.closed().await;
    }
}

impl Builder {
    /// Opens only this storage, and what it is made of. May be given several times.
    #[must_use]
    pub fn only(mut self, storage: &str) -> Self {
        match &mut self.parts {
            Parts::All => self.parts = Parts::Only([storage.to_owned()].into()),
            Parts::Only(names) => {
                names.insert(storage.to_owned());
            }
        }
        self
    }

    /// A plugin that is linked into the program, in place of a library of that name.
    #[must_use]
    pub fn plugin(mut self, name: &str, plugin: StaticPlugin) -> Self {
        self.loader = self.loader.with_static(name, plugin);
        self
    }

    /// Whether pipelines run; [`Pipelines::Off`] unless said otherwise.
    #[must_use]
    pub fn pipelines(mut self, pipelines: Pipelines) -> Self {
        self.pipelines = pipelines;
        self
    }

    /// What happens to each crash of the pipeline with this name; nothing unless said otherwise.
    #[must_use]
    pub fn transform(mut self, pipeline: &str, transform: Arc<dyn Transform>) -> Self {
        self.transforms.insert(pipeline.to_owned(), transform);
        self
    }

    /// The clock and the randomness of retries, for tests.
    #[must_use]
    pub fn time(mut self, clock: Arc<dyn Clock>, jitter: Arc<dyn Jitter>) -> Self {
        (self.clock, self.jitter) = (clock, jitter);
        self
    }

    /// Opens the control socket, if `[control] socket` says where.
    #[must_use]
    pub fn control(mut self) -> Self {
        self.control = true;
        self
    }

    /// When the layers are broken, starts on the configuration that was adopted last: kept at `path`, or else
    /// where the layers say `reload.keep`. The report of the start then says so. A reload reads the layers.
    #[must_use]
    pub fn last_good(mut self, path: Option<PathBuf>) -> Self {
        self.last_good = Some(path.map_or(LastGood::AsConfigured, LastGood::At));
        self
    }

    /// Reloads whenever what the files say has changed: the files of the layers, what they include, and the files
    /// and credentials of the secrets they refer to. They are looked at `every` so often, and a change counts
    /// when two looks in a row saw the same, so it is adopted after one to two times `every`; what is being
    /// written meanwhile is not. A file that was only touched causes nothing. A second is usual; the least is
    /// 10 ms.
    ///
    /// What is refused because of something that may pass, as a backend that is away, is tried again at growing
    /// intervals.
    #[must_use]
    pub fn watch(mut self, every: Duration) -> Self {
        self.watch = Some(every);
        self
    }

    /// Where the steps of this program are made to fail.
    #[cfg(feature = "failpoints")]
    #[must_use]
    pub fn failpoints(mut self, failpoints: Failpoints) -> Self {
        self.failpoints = failpoints;
        self
    }

    /// What every attempt works with.
    pub(super) fn environment(
        self,
    ) -> (
        Arc<Environment>,
        HashMap<String, Arc<dyn Transform>>,
        Reaper,
    ) {
        let reaper = Reaper::start(self.clock.clone(), self.failpoints.clone());
        let environment = Environment {
            layers: self.layers,
            loader: self.loader,
            parts: self.parts,
            pipelines: self.pipelines,
            secrets: SystemSecrets::from_process(),
            clock: self.clock,
            jitter: self.jitter,
            quit: Quit::new(),
            retired: reaper.retired(),
            holders: Holders::new(),
            exchanges: Turns::default(),
            away: Arc::default(),
            meters: Arc::default(),
            failpoints: self.failpoints,
            departures: reaper.departures().clone(),
        };
        (Arc::new(environment), self.transforms, reaper)
    }

    /// Reads the layers, loads the plugins, opens the storages, starts the pipelines. Needs a tokio runtime.
    ///
    /// Every error in the configuration, or every backend that is required and not there. Dropping the future
    /// undoes what was done until then.
    pub async fn start(self) -> Result<Socorro, Refused> {
        let (control, last_good, every) = (self.control, self.last_good.clone(), self.watch);
        let (environment, transforms, reaper) = self.environment();
        // Before anything is read, so that nothing that is written meanwhile is missed.
        let first_look = match every {
            Some(_) => {
                let look = files::look(&environment.layers, &environment.secrets).await;
                Some(look.map_err(|error| unwatched(&error))?)
            }
            None => None,
        };
        let shared = Shared::new();
        let (first, broken) = starting::first(&environment, &shared, last_good).await;
        let steps = first.steps.clone();
        let (mut report, candidate) = first_report(first)?;
        if let Some(broken) = broken {
            report.last_good = Some(broken.kept);
            report.errors = broken.errors;
        }
        let socket = candidate.control.as_deref().filter(|_| control);
        let socket = socket
            .map(control::Socket::open)
            .transpose()
            .map_err(unopened)?;
        let (messages, inbox) = mpsc::unbounded_channel();
        let (generations, _) = watch::channel(0);
        let (finished, has_finished) = watch::channel(None);
        let states = States::default();
        let observed = Observed {
            shared: shared.clone(),
            history: History::new(report),
            stragglers: reaper.departures().watch_stragglers(),
            departures: reaper.departures().clone(),
            states: states.clone(),
            away: environment.away.clone(),
            meters: environment.meters.clone(),
            started: SystemTime::now(),
        };
        let supervisor = (environment.pipelines != Pipelines::Off).then(|| {
            let mode = environment.pipelines;
            let finished = finished.clone();
            Supervisor::new(shared.clone(), transforms, mode, states, finished)
        });
        let access = control::Access {
            messages: messages.downgrade(),
            observed: observed.clone(),
        };
        let control = socket
            .map(|socket| control::Server::start(socket, access))
            .transpose()
            .map_err(unopened)?;
        let watch = every.zip(first_look).map(|(every, first)| {
            let eyes = Eyes {
                layers: environment.layers.clone(),
                secrets: environment.secrets.clone(),
                clock: environment.clock.clone(),
                every,
            };
            Watch::start(eyes, first, messages.downgrade())
        });
        let (teller, activity) = Teller::new();
        let mut driver = Driver {
            environment,
            shared: shared.clone(),
            reaper,
            messages: inbox,
            generations,
            history: observed.history.clone(),
            reload: candidate.reload.clone(),
            supervisor,
            finished,
            basis: candidate.basis.clone(),
            keeper: Keeper::start(),
            control,
            activity: teller,
            watch,
        };
        driver.commit(candidate, &steps);
        observed.history.started();
        tokio::spawn(driver.run());
        Ok(Socorro {
            shared,
            messages,
            finished: has_finished,
            activity,
            observed,
        })
    }
}

/// The files cannot be looked at.
fn unwatched(error: &std::io::Error) -> Refused {
    let why = format!("the files cannot be watched: {error}");
    Refused::new(vec![Reason::Other(why)])
}

/// There is no control socket.
fn unopened(error: Error) -> Refused {
    Refused::new(vec![Reason::Other(error.to_string())])
}

fn first_report(first: Attempt) -> Result<(ReloadReport, super::attempt::Candidate), Refused> {
    let candidate = first.outcome.map_err(Refused::new)?;
    let generation = candidate.generation.number();
    let mut report = ReloadReport::new(0, Trigger::Start, Outcome::Applied, generation);
    report.configuration = candidate.basis.digest.clone();
    report.took = first.started.elapsed();
    report.steps = first.steps.durations();
    report.plan = first.diff.plan;
    // Everything is new, and compared with nothing: there is no why.
    report.degraded = candidate.generation.degraded();
    Ok((report, candidate))
}
