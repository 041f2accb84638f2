//! Carries out what the [coordinator](super::coordinator) decides: the one task that commits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{Id, JoinError, JoinSet};

use super::attempt::{Attempt, Before, Candidate, attempt, diff};
use super::basis::Basis;
use super::control::Server;
use super::coordinator::{Coordinator, Effect, Event, Phase};
use super::diff::Diff;
use super::environment::{Environment, unread};
use super::generation::Generation;
use super::keep::Keeper;
use super::reaper::Reaper;
use super::report::{Outcome, ReloadReport, Step, Trigger};
use super::saved::SavedPlan;
use super::shared::Shared;
use super::wanted::still_in_use;
use crate::config::{ConfigErrors, ReloadConfig};
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::Supervisor;

/// What the outside tells the driver.
pub(super) enum Message {
    /// Read the configuration again; whoever waits gets the report of the attempt that has seen it.
    Reload {
        trigger: Trigger,
        reply: Option<oneshot::Sender<ReloadReport>>,
    },
    /// Read the configuration again, and adopt it if it comes to exactly this.
    Expect {
        plan: Box<SavedPlan>,
        reply: oneshot::Sender<ReloadReport>,
    },
    /// Tell what a reload would do.
    Diff {
        reply: oneshot::Sender<std::result::Result<Diff, ConfigErrors>>,
    },
    /// End; whoever waits is told when everything has ended.
    Terminate { reply: Option<oneshot::Sender<()>> },
}

pub(super) struct Driver {
    pub(super) environment: Arc<Environment>,
    pub(super) shared: Arc<Shared>,
    pub(super) reaper: Reaper,
    pub(super) messages: mpsc::UnboundedReceiver<Message>,
    pub(super) generations: watch::Sender<u64>,
    pub(super) reports: watch::Sender<ReloadReport>,
    /// Of the generation that runs.
    pub(super) reload: ReloadConfig,
    /// The pipelines, if any run; the outcome goes to `finished`.
    pub(super) supervisor: Option<Supervisor>,
    pub(super) finished: watch::Sender<Option<Result<()>>>,
    /// What the next attempt is compared with.
    pub(super) basis: Arc<Basis>,
    pub(super) keeper: Keeper,
    /// The control socket, if there is one.
    pub(super) control: Option<Server>,
}

/// Most reloads that may wait, each expecting something of its own.
const EXPECTING: usize = 16;

/// The attempt under way.
struct UnderWay {
    attempt: u64,
    trigger: Trigger,
    task: Id,
    deadline: tokio::time::Instant,
    started: Instant,
}

impl Driver {
    /// Runs until the end: after [`Message::Terminate`], or when nobody can send one any more.
    pub(super) async fn run(mut self) {
        let mut coordinator = Coordinator::default();
        let mut attempts: JoinSet<Attempt> = JoinSet::new();
        let mut under_way: Option<UnderWay> = None;
        // Who waits for which attempt, and why the next attempt is made.
        let mut waiting: Vec<(u64, oneshot::Sender<ReloadReport>)> = Vec::new();
        let mut next_trigger = Trigger::Request;
        // Each needs an attempt of its own, which is refused when something else would happen.
        let mut expecting: VecDeque<(Box<SavedPlan>, oneshot::Sender<ReloadReport>)> =
            VecDeque::new();
        let mut diffs = JoinSet::new();
        let mut ended: Vec<oneshot::Sender<()>> = Vec::new();
        let quit = self.environment.quit.clone();
        let mut pipelines = JoinSet::new();
        if let Some(supervisor) = self.supervisor.take() {
            pipelines.spawn(supervisor.run(self.generations.subscribe(), quit.clone()));
        }
        loop {
            if coordinator.phase() == Phase::Idle
                && let Some((plan, reply)) = expecting.pop_front()
            {
                let (next, effects) = coordinator.step(Event::Trigger);
                coordinator = next;
                for effect in effects {
                    if let Effect::Start { attempt } = effect {
                        waiting.push((attempt, reply));
                        let expected = Some(plan);
                        under_way =
                            Some(self.start(&mut attempts, attempt, Trigger::Request, expected));
                        break;
                    }
                }
            }
            let late = under_way.as_ref().map(|under_way| under_way.deadline);
            let event = tokio::select! {
                message = self.messages.recv() => match message {
                    Some(Message::Reload { trigger, reply }) => {
                        next_trigger = trigger;
                        let (next, effects) = coordinator.step(Event::Trigger);
                        if let (Some(attempt), Some(reply)) = (next.attempt_of_trigger(), reply) {
                            waiting.push((attempt, reply));
                        }
                        coordinator = next;
                        for effect in effects {
                            if let Effect::Start { attempt } = effect {
                                under_way = Some(self.start(&mut attempts, attempt, next_trigger, None));
                            }
                        }
                        continue;
                    }
                    Some(Message::Expect { plan, reply }) => {
                        if expecting.len() < EXPECTING {
                            expecting.push_back((plan, reply));
                        } else {
                            // Who asked may have gone.
                            let _ = reply.send(self.too_many());
                        }
                        continue;
                    }
                    Some(Message::Diff { reply }) => {
                        let work = self.diff();
                        diffs.spawn(async move {
                            // Who asked may have gone.
                            let _ = reply.send(work.await);
                        });
                        continue;
                    }
                    Some(Message::Terminate { reply }) => {
                        ended.extend(reply);
                        Event::Terminate
                    }
                    None => Event::Terminate,
                },
                Some(done) = attempts.join_next_with_id() => match self.conclude(&mut under_way, done) {
                    Some(report) => self.publish(report, &mut waiting),
                    None => continue,
                },
                Some(_) = diffs.join_next() => continue,
                () = at(late) => {
                    let Some(under_way) = &under_way else { continue };
                    Event::TimedOut { attempt: under_way.attempt }
                }
                Some(outcome) = pipelines.join_next() => {
                    let outcome = outcome
                        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the pipelines panicked")));
                    self.finished.send_replace(Some(outcome));
                    continue;
                }
            };
            let (next, effects) = coordinator.step(event);
            coordinator = next;
            for effect in effects {
                match effect {
                    Effect::Start { attempt } => {
                        under_way = Some(self.start(&mut attempts, attempt, next_trigger, None));
                    }
                    Effect::Abandon { .. } => {
                        attempts.abort_all();
                        if let Some(abandoned) = under_way.take() {
                            let report = self.abandoned(&abandoned, coordinator.phase());
                            let _ = self.publish(report, &mut waiting);
                        }
                    }
                    Effect::Drain | Effect::Exit => {}
                }
            }
            if coordinator.phase() == Phase::Stopping {
                break;
            }
        }
        quit.request();
        diffs.shutdown().await;
        self.stop(&mut attempts, &mut pipelines).await;
        for reply in ended {
            // Who asked may have gone.
            let _ = reply.send(());
        }
    }

    fn start(
        &self,
        attempts: &mut JoinSet<Attempt>,
        number: u64,
        trigger: Trigger,
        expected: Option<Box<SavedPlan>>,
    ) -> UnderWay {
        let before = Before {
            running: self.shared.pin(),
            basis: self.basis.clone(),
            claimed: self.shared.claimed(),
            expected,
        };
        let layers = self.environment.layers.clone();
        let work = attempt(self.environment.clone(), layers, before);
        let task = attempts.spawn(work).id();
        let deadline = tokio::time::Instant::now() + self.reload.timeout;
        UnderWay {
            attempt: number,
            trigger,
            task,
            deadline,
            started: Instant::now(),
        }
    }

    /// What a reload would do now.
    fn diff(&self) -> impl Future<Output = std::result::Result<Diff, ConfigErrors>> + use<> {
        let (environment, basis) = (self.environment.clone(), self.basis.clone());
        let (running, claimed) = (self.shared.pin().shapes(), self.shared.claimed());
        let patience = self.reload.timeout;
        async move {
            let layers = &environment.layers;
            let found = diff(&environment, layers, &running, &basis, &claimed);
            let found = tokio::time::timeout(patience, found).await;
            found.unwrap_or_else(|_| {
                let why = format!("gave up after {patience:.0?}; see reload.timeout");
                Err(unread(why))
            })
        }
    }

    fn too_many(&self) -> ReloadReport {
        let mut report = self.reports.borrow().clone();
        report.trigger = Trigger::Request;
        report.outcome = Outcome::Refused;
        let why = format!("{EXPECTING} reloads wait already, each with a plan of its own");
        report.errors = vec![why.into()];
        report
    }

    /// Commits the attempt that ended, if it is the one under way and came to a candidate.
    fn conclude(
        &mut self,
        under_way: &mut Option<UnderWay>,
        done: Result<(Id, Attempt), JoinError>,
    ) -> Option<ReloadReport> {
        let (id, attempt) = match done {
            Ok((id, attempt)) => (id, Some(attempt)),
            Err(error) => (error.id(), None),
        };
        let current = under_way.take_if(|current| current.task == id)?;
        let Some(attempt) = attempt else {
            let mut report = self.report(&current, Outcome::Refused);
            let why = "the attempt panicked; the panic hook has its message";
            report.errors.push(why.into());
            return Some(report);
        };
        let claimed = self.shared.claimed();
        let mut report = self.report(&current, Outcome::Refused);
        report.steps = attempt.steps;
        let reached = attempt.diff.saved().to().to_owned();
        report.plan = attempt.diff.plan;
        report.why = attempt.diff.why;
        match attempt.outcome {
            Err(errors) => report.errors = errors,
            Ok(candidate) => {
                // A handle may have been made while the attempt was under way.
                let lost: Vec<_> = claimed
                    .iter()
                    .filter(|name| candidate.generation.storage(name).is_none())
                    .collect();
                if let [first, ..] = lost[..] {
                    report.errors.push(still_in_use(first).into());
                    return Some(report);
                }
                report.configuration = reached;
                if candidate.changes_nothing {
                    report.outcome = Outcome::Unchanged;
                    self.basis = candidate.basis;
                    return Some(report);
                }
                report.outcome = Outcome::Applied;
                report.degraded = candidate.degraded.clone();
                let started = Instant::now();
                report.generation = self.commit(candidate);
                report.steps.push((Step::Commit, started.elapsed()));
            }
        }
        Some(report)
    }

    /// The switch: from here on nothing can fail.
    pub(super) fn commit(&mut self, candidate: Candidate) -> u64 {
        let number = candidate.generation.number();
        let next = Arc::new(candidate.generation);
        let previous = self.shared.commit(next.clone());
        if let Some(exchanged) = candidate.exchanged {
            exchanged.committed();
        }
        self.generations.send_replace(number);
        drain_what_left(
            &previous,
            &next,
            self.environment.clock.now() + candidate.reload.drain_timeout,
        );
        self.reload = candidate.reload;
        self.basis = candidate.basis;
        self.keeper.keep(candidate.kept);
        number
    }

    fn report(&self, under_way: &UnderWay, outcome: Outcome) -> ReloadReport {
        ReloadReport {
            attempt: under_way.attempt,
            trigger: under_way.trigger,
            outcome,
            generation: self.shared.pin().number(),
            steps: Vec::new(),
            configuration: self.reports.borrow().configuration.clone(),
            plan: Default::default(),
            why: Default::default(),
            errors: Vec::new(),
            timed_out: false,
            last_good: None,
            degraded: self.shared.pin().degraded(),
        }
    }

    fn abandoned(&self, under_way: &UnderWay, phase: Phase) -> ReloadReport {
        let mut report = self.report(under_way, Outcome::Refused);
        report.timed_out = matches!(phase, Phase::Idle | Phase::Reloading { .. });
        report.errors.push(match phase {
            Phase::Stopping | Phase::Stopped => "the program is ending".into(),
            Phase::Idle | Phase::Reloading { .. } => format!(
                "gave up after {:.0?}; see reload.timeout, and the log for what hangs",
                under_way.started.elapsed()
            )
            .into(),
        });
        report
    }

    /// Logs the report, hands it to who waits for it, and keeps it as the last one.
    fn publish(
        &self,
        report: ReloadReport,
        waiting: &mut Vec<(u64, oneshot::Sender<ReloadReport>)>,
    ) -> Event {
        match report.outcome {
            Outcome::Refused => tracing::error!("{report}"),
            Outcome::Applied | Outcome::Unchanged => tracing::info!("{report}"),
        }
        let attempt = report.attempt;
        for (_, reply) in waiting.extract_if(.., |(wanted, _)| *wanted <= attempt) {
            // Who asked may have gone.
            let _ = reply.send(report.clone());
        }
        self.reports.send_replace(report);
        Event::Finished { attempt }
    }

    /// Lets pipelines see through what they have, then everything end, each within the shutdown timeout.
    async fn stop(mut self, attempts: &mut JoinSet<Attempt>, pipelines: &mut JoinSet<Result<()>>) {
        attempts.shutdown().await;
        let timeout = self.reload.shutdown_timeout;
        // An exchange that was given up goes back first, so that what waits for it is seen through.
        let _ = tokio::time::timeout(timeout, self.environment.exchanges.lock()).await;
        let deadline = Instant::now() + timeout;
        // Bounds what pipelines still do; they see through what they can until then.
        let drained = self.environment.clock.now() + timeout;
        drain_what_left(&self.shared.pin(), &Generation::default(), drained);
        if let Some(outcome) = pipelines.join_next().await {
            let outcome = outcome
                .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the pipelines panicked")));
            self.finished.send_replace(Some(outcome));
        }
        if self.finished.borrow().is_none() {
            self.finished.send_replace(Some(Ok(())));
        }
        drop(self.shared.commit(Arc::new(Generation::default())));
        // The environment holds the way to the reaper; it ends when all of them are gone.
        let reaper = self.reaper;
        drop((self.environment, self.shared));
        self.keeper.finish(timeout).await;
        if !reaper.finish(deadline + GRACE).await {
            tracing::warn!("not everything had ended at the shutdown deadline");
        }
        if let Some(control) = self.control {
            control.finish().await;
        }
        self.messages.close();
    }
}

/// How much longer than the shutdown deadline the closing of instances may take.
const GRACE: Duration = Duration::from_secs(5);

/// Starts the drain of every instance that the next generation does not have; `deadline` is on the clock of
/// the executors, which watch it.
fn drain_what_left(previous: &Generation, next: &Generation, deadline: Instant) {
    for (name, entry) in &previous.storages {
        let stays = next
            .storages
            .get(name)
            .is_some_and(|next| Arc::ptr_eq(&next.instance, &entry.instance));
        if !stays {
            entry.instance.drain.start(deadline);
        }
    }
    for (name, entry) in &previous.sources {
        let stays = next
            .sources
            .get(name)
            .is_some_and(|next| Arc::ptr_eq(&next.instance, &entry.instance));
        if !stays {
            entry.instance.drain.start(deadline);
        }
    }
}

async fn at(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
