//! Carries out what the [coordinator](super::coordinator) decides: the one task that commits.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{Id, JoinError, JoinSet};

use super::activity::Teller;
use super::asked::Asked;
use super::attempt::{Attempt, Before, Candidate, attempt, diff};
use super::basis::Basis;
use super::control::Server;
use super::coordinator::{Cause, Coordinator, Effect, Event, NoAttempt, Phase};
use super::diff::Diff;
use super::environment::{Environment, unread};
use super::history::History;
use super::keep::Keeper;
use super::leaving::Terms;
use super::reaper::Reaper;
use super::report::{Outcome, ReloadReport, Trigger};
use super::saved::SavedPlan;
use super::shared::Shared;
use super::stop::{GRACE, let_go};
use super::waiting::Waiting;
use super::wanted::{Present, still_in_use};
use super::watch::Watch;
use crate::config::{ConfigErrors, Look, ReloadConfig};
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::Supervisor;
use crate::step::{How, Step, Steps, StoppedIn, listed};

/// What the outside tells the driver.
pub(super) enum Message {
    /// Read the configuration again; whoever waits gets the report of the attempt that has seen it.
    Reload {
        trigger: Trigger,
        reply: Option<oneshot::Sender<ReloadReport>>,
    },
    /// The files have changed to this: read them, unless they have changed again.
    Watch {
        look: Arc<Look>,
        reply: oneshot::Sender<ReloadReport>,
    },
    /// Read the configuration again, and adopt it if it comes to exactly this.
    Expect {
        trigger: Trigger,
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
    pub(super) history: Arc<History>,
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
    pub(super) activity: Teller,
    /// Looks at the files as long as the driver is there.
    pub(super) watch: Option<Watch>,
}

/// Most reloads that may wait, each expecting something of its own.
const EXPECTING: usize = 16;

/// The attempt under way.
struct UnderWay {
    attempt: u64,
    trigger: Trigger,
    task: Id,
    /// Ready when the attempt takes too long.
    late: BoxFuture<'static, ()>,
    started: Instant,
    steps: Steps,
}

impl Driver {
    /// Runs until the end: after [`Message::Terminate`], or when nobody can send one any more.
    pub(super) async fn run(mut self) {
        let mut coordinator = Coordinator::new(EXPECTING);
        let mut attempts: JoinSet<Attempt> = JoinSet::new();
        let mut under_way: Option<UnderWay> = None;
        let mut waiting = Waiting::default();
        let mut diffs = JoinSet::new();
        let mut ended: Vec<oneshot::Sender<()>> = Vec::new();
        let quit = self.environment.quit.clone();
        let mut pipelines = JoinSet::new();
        if let Some(supervisor) = self.supervisor.take() {
            pipelines.spawn(supervisor.run(self.generations.subscribe(), quit.clone()));
        }
        while coordinator.phase() != Phase::Stopping {
            self.activity.tell(coordinator.phase());
            let event = tokio::select! {
                message = self.messages.recv() => match message {
                    Some(Message::Reload { trigger, reply }) => {
                        waiting.for_next(Asked::by(trigger), reply);
                        Event::Trigger
                    }
                    Some(Message::Watch { look, reply }) => {
                        waiting.for_next(Asked::for_what_was_seen(look), Some(reply));
                        Event::Trigger
                    }
                    Some(Message::Expect { trigger, plan, reply }) => Event::Expect {
                        ticket: waiting.expecting(trigger, plan, reply),
                    },
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
                attempt = late(&mut under_way) => Event::TimedOut { attempt },
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
                    Effect::Start { attempt, cause } => {
                        let (asked, expected) = match cause {
                            Cause::Trigger => (waiting.begin(), None),
                            Cause::Expect { ticket } => waiting.begin_expecting(ticket),
                        };
                        under_way = Some(self.start(&mut attempts, attempt, asked, expected));
                    }
                    Effect::Abandon { .. } => {
                        if let Some(abandoned) = under_way.take() {
                            // Told before it is dropped, because then nothing of it is under way any more.
                            let report = self.abandoned(&abandoned, coordinator.phase());
                            attempts.abort_all();
                            let _ = self.publish(report, &mut waiting);
                        }
                    }
                    Effect::Refuse { ticket, why } => {
                        waiting.refuse(ticket, |trigger| self.no_attempt(trigger, why));
                    }
                    Effect::Drain | Effect::Exit => {}
                }
            }
        }
        self.activity.tell(coordinator.phase());
        drop(self.watch.take());
        quit.request();
        diffs.shutdown().await;
        // Both are news of the end; nobody listens to what follows from them but who asked for it.
        let _ = match self.stop(&mut attempts, &mut pipelines).await {
            true => coordinator.step(Event::Drained),
            false => coordinator.step(Event::DrainTimedOut),
        };
        for reply in ended {
            // Who asked may have gone.
            let _ = reply.send(());
        }
    }

    fn start(
        &self,
        attempts: &mut JoinSet<Attempt>,
        number: u64,
        asked: Asked,
        expected: Option<Box<SavedPlan>>,
    ) -> UnderWay {
        self.activity.tell(Phase::Reloading {
            attempt: number,
            pending: false,
        });
        let steps = self.environment.steps();
        let before = Before {
            running: self.shared.pin(),
            basis: self.basis.clone(),
            claimed: self.shared.claimed(),
            expected,
            look: asked.look,
            steps: steps.clone(),
        };
        let layers = self.environment.layers.clone();
        let work = attempt(self.environment.clone(), layers, before);
        UnderWay {
            attempt: number,
            trigger: asked.trigger,
            task: attempts.spawn(work).id(),
            late: self.environment.clock.sleep(self.reload.timeout),
            started: Instant::now(),
            steps,
        }
    }

    /// What a reload would do now.
    fn diff(&self) -> impl Future<Output = std::result::Result<Diff, ConfigErrors>> + use<> {
        let (environment, basis) = (self.environment.clone(), self.basis.clone());
        let (running, claimed) = (self.shared.pin().shapes(), self.shared.claimed());
        let patience = self.reload.timeout;
        async move {
            let layers = &environment.layers;
            let present = Present {
                claimed: &claimed,
                running: &running,
                basis: &basis,
            };
            let found = diff(&environment, layers, present);
            let found = tokio::time::timeout(patience, found).await;
            found.unwrap_or_else(|_| {
                let why = format!("gave up after {patience:.0?}; see reload.timeout");
                Err(unread(why))
            })
        }
    }

    fn no_attempt(&self, trigger: Trigger, why: NoAttempt) -> ReloadReport {
        let last = self.history.last();
        let mut report =
            ReloadReport::new(last.attempt, trigger, Outcome::Refused, last.generation);
        report.configuration = last.configuration;
        report.errors = vec![match why {
            NoAttempt::TooMany => {
                format!("{EXPECTING} reloads wait already, each with a plan of its own").into()
            }
            NoAttempt::Ending => "the program is ending".into(),
        }];
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
            let mut report = self.refused(&current);
            report.errors.push(panicked(&report.stopped_in).into());
            return Some(report);
        };
        let candidate = match attempt.outcome {
            Ok(candidate) => candidate,
            Err(errors) => {
                let mut report = self.refused(&current);
                (report.plan, report.why) = (attempt.diff.plan, attempt.diff.why);
                report.errors = errors;
                return Some(report);
            }
        };
        // A handle may have been made while the attempt was under way.
        let claimed = self.shared.claimed();
        let mut lost = claimed
            .iter()
            .filter(|name| candidate.generation.storage(name).is_none());
        if let Some(lost) = lost.next() {
            if candidate.commits {
                current.steps.enter(Step::Commit).failed();
            }
            let mut report = self.refused(&current);
            (report.plan, report.why) = (attempt.diff.plan, attempt.diff.why);
            report.errors.push(still_in_use(lost).into());
            return Some(report);
        }
        let reached = candidate.basis.digest.clone();
        let outcome = if !candidate.commits {
            self.basis = candidate.basis;
            // Pipelines that failed are tried again all the same.
            self.generations.send_modify(|_| {});
            Outcome::Unchanged
        } else {
            self.commit(candidate, &current.steps);
            Outcome::Applied
        };
        let mut report = self.report(&current, outcome);
        (report.plan, report.why) = (attempt.diff.plan, attempt.diff.why);
        report.configuration = reached;
        report.last_good = None;
        Some(report)
    }

    /// The switch: from here on nothing can fail.
    pub(super) fn commit(&mut self, candidate: Candidate, steps: &Steps) -> u64 {
        let committing = steps.enter(Step::Commit);
        let number = candidate.generation.number();
        let next = Arc::new(candidate.generation);
        let previous = self.shared.commit(next.clone());
        if let Some(exchanged) = candidate.exchanged {
            exchanged.committed();
        }
        committing.done();
        self.generations.send_replace(number);
        let terms = Terms {
            generation: number,
            drained: self.environment.clock.now() + candidate.reload.drain_timeout,
            grace: GRACE,
            close: next.settings.plugins.timeout.0,
            end: None,
        };
        let_go(self.reaper.departures(), &previous, &next, terms);
        self.reload = candidate.reload;
        self.basis = candidate.basis;
        self.keeper.keep(candidate.kept);
        number
    }

    fn report(&self, under_way: &UnderWay, outcome: Outcome) -> ReloadReport {
        let generation = self.shared.pin().number();
        let mut report =
            ReloadReport::new(under_way.attempt, under_way.trigger, outcome, generation);
        report.took = under_way.started.elapsed();
        report.steps = under_way.steps.durations();
        let last = self.history.last();
        report.configuration = last.configuration;
        // Until something is adopted that the files say.
        report.last_good = last.last_good;
        report.degraded = self.shared.pin().degraded();
        report
    }

    /// The report of an attempt that came to its end where its steps say.
    fn refused(&self, under_way: &UnderWay) -> ReloadReport {
        let mut report = self.report(under_way, Outcome::Refused);
        report.stopped_in = under_way.steps.stopped();
        report
    }

    fn abandoned(&self, under_way: &UnderWay, phase: Phase) -> ReloadReport {
        let mut report = self.refused(under_way);
        report.timed_out = matches!(phase, Phase::Idle | Phase::Reloading { .. });
        report.errors.push(match phase {
            Phase::Stopping | Phase::Stopped => "the program is ending".into(),
            Phase::Idle | Phase::Reloading { .. } => {
                gave_up(&report.stopped_in, self.reload.timeout).into()
            }
        });
        report
    }

    /// Keeps the report as the last one, and hands it to who waits for it.
    fn publish(&self, mut report: ReloadReport, waiting: &mut Waiting) -> Event {
        report.at = SystemTime::now();
        let attempt = report.attempt;
        self.history.add(report.clone());
        waiting.answer(&report);
        Event::Finished { attempt }
    }
}

/// Waits until the attempt under way takes too long; for ever when there is none.
async fn late(under_way: &mut Option<UnderWay>) -> u64 {
    match under_way {
        Some(under_way) => {
            (&mut under_way.late).await;
            under_way.attempt
        }
        None => std::future::pending().await,
    }
}

fn panicked(stopped: &[StoppedIn]) -> String {
    let panicked = stopped.iter().filter(|step| step.how == How::Panicked);
    let panicked: Vec<StoppedIn> = panicked.cloned().collect();
    let place = if panicked.is_empty() {
        "between two steps".to_owned()
    } else {
        format!("in {}", listed(&panicked))
    };
    format!("it panicked {place}; the panic hook has its message")
}

fn gave_up(stopped: &[StoppedIn], after: Duration) -> String {
    let place = if stopped.is_empty() {
        "between two steps".to_owned()
    } else {
        format!("in {}", listed(stopped))
    };
    format!("gave up after {after:.0?} {place}; see reload.timeout")
}
