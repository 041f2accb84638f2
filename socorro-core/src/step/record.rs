use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use super::{Failpoints, How, Injected, Step, StoppedIn};

/// The record of one attempt: every step it took, and what became of it.
///
/// Clones share the record. The default one is kept for nobody: for checks and probes that no report is made of.
#[derive(Clone, Default)]
pub(crate) struct Steps {
    entries: Arc<Mutex<Vec<Entry>>>,
    /// What the steps taken through this clone are about.
    about: Option<Arc<str>>,
    failpoints: Failpoints,
}

struct Entry {
    step: Step,
    about: Option<Arc<str>>,
    entered: Instant,
    end: End,
}

#[derive(Clone, Copy)]
enum End {
    UnderWay,
    Done(Instant),
    /// Failed or panicked, then.
    Broken(Instant, How),
    /// Nobody waits for it any more.
    Dropped(Instant),
}

/// A step that is under way. When it is dropped, it was given up.
#[must_use = "a step has an end"]
pub(crate) struct Taken {
    entries: Arc<Mutex<Vec<Entry>>>,
    place: usize,
}

impl Steps {
    /// A new record, whose steps these failpoints strike.
    pub(crate) fn new(failpoints: Failpoints) -> Self {
        Self {
            failpoints,
            ..Self::default()
        }
    }

    /// The same record, for steps that are about `part`.
    pub(crate) fn about(&self, part: impl Display) -> Self {
        Self {
            about: Some(part.to_string().into()),
            ..self.clone()
        }
    }

    /// Takes `step` by doing `work`, which may block. Panics as `work` does, once that is noted.
    pub(crate) fn take<T, E: From<Injected>>(
        &self,
        step: Step,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let taken = self.enter(step);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.failpoints.strike(step)?;
            work()
        }));
        taken.conclude(outcome)
    }

    /// Takes `step` by doing `work`; see [`take`](Self::take). When the future is dropped, the step was given up.
    pub(crate) async fn take_async<T, E: From<Injected>>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let taken = self.enter(step);
        let struck = async {
            self.failpoints.strike_async(step).await?;
            work.await
        };
        taken.conclude(AssertUnwindSafe(struck).catch_unwind().await)
    }

    /// Notes that `step` is taken from now on: for what cannot fail, and for the end of what was begun.
    pub(crate) fn enter(&self, step: Step) -> Taken {
        let mut entries = lock(&self.entries);
        entries.push(Entry {
            step,
            about: self.about.clone(),
            entered: Instant::now(),
            end: End::UnderWay,
        });
        Taken {
            entries: self.entries.clone(),
            place: entries.len() - 1,
        }
    }

    /// What failed about this part is put up with after all.
    pub(crate) fn put_up_with(&self) {
        for entry in lock(&self.entries).iter_mut() {
            if let End::Broken(at, _) = entry.end
                && entry.about == self.about
            {
                entry.end = End::Done(at);
            }
        }
    }

    /// Was the step taken, whatever came of it?
    pub(crate) fn reached(&self, step: Step) -> bool {
        lock(&self.entries).iter().any(|entry| entry.step == step)
    }

    /// How long each step took that was reached. A step that several parts were in at once counts once.
    pub(crate) fn durations(&self) -> Vec<(Step, Duration)> {
        let now = Instant::now();
        let entries = lock(&self.entries);
        let took = |step: &Step| {
            let mut spans: Vec<(Instant, Instant)> = entries
                .iter()
                .filter(|entry| entry.step == *step)
                .map(|entry| (entry.entered, entry.end.at().unwrap_or(now)))
                .collect();
            spans.sort_unstable();
            let mut all = Duration::ZERO;
            let mut covered = spans.first()?.0;
            for (from, to) in spans {
                all += to.saturating_duration_since(from.max(covered));
                covered = covered.max(to);
            }
            Some((*step, all))
        };
        Step::ALL.iter().filter_map(took).collect()
    }

    /// The steps that keep the attempt from being adopted: those that failed or panicked, and those under way, in the
    /// order in which they were entered. Of steps within each other, the innermost.
    pub(crate) fn stopped(&self) -> Vec<StoppedIn> {
        let entries = lock(&self.entries);
        let mut stopped: Vec<(&Entry, How)> = Vec::new();
        for entry in entries.iter() {
            let how = match entry.end {
                End::UnderWay => How::Hung,
                End::Broken(_, how) => how,
                End::Done(_) | End::Dropped(_) => continue,
            };
            // Steps about one part follow each other or are within each other.
            match stopped
                .iter_mut()
                .find(|(known, _)| known.about == entry.about)
            {
                Some(outer) => *outer = (entry, how),
                None => stopped.push((entry, how)),
            }
        }
        // A step that all parts take together is told with the part that it stopped at.
        let at_a_part = stopped.iter().filter(|(entry, _)| entry.about.is_some());
        let at_a_part: Vec<(Step, How)> =
            at_a_part.map(|(entry, how)| (entry.step, *how)).collect();
        stopped.retain(|(entry, how)| {
            entry.about.is_some() || !at_a_part.contains(&(entry.step, *how))
        });
        let told = |(entry, how): (&Entry, How)| StoppedIn {
            step: entry.step,
            about: entry.about.as_deref().map(str::to_owned),
            how,
        };
        stopped.into_iter().map(told).collect()
    }
}

impl Taken {
    /// It went well.
    pub(crate) fn done(self) {
        self.end(End::Done(Instant::now()));
    }

    /// It did not.
    pub(crate) fn failed(self) {
        self.end(End::Broken(Instant::now(), How::Failed));
    }

    fn conclude<T, E>(self, outcome: thread::Result<Result<T, E>>) -> Result<T, E> {
        match outcome {
            Ok(Ok(value)) => {
                self.done();
                Ok(value)
            }
            Ok(Err(error)) => {
                self.failed();
                Err(error)
            }
            Err(panic) => {
                self.end(End::Broken(Instant::now(), How::Panicked));
                resume_unwind(panic)
            }
        }
    }

    fn end(&self, end: End) {
        if let Some(entry) = lock(&self.entries).get_mut(self.place)
            && matches!(entry.end, End::UnderWay)
        {
            entry.end = end;
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.end(End::Dropped(Instant::now()));
    }
}

impl End {
    fn at(self) -> Option<Instant> {
        match self {
            Self::UnderWay => None,
            Self::Done(at) | Self::Broken(at, _) | Self::Dropped(at) => Some(at),
        }
    }
}

fn lock(entries: &Mutex<Vec<Entry>>) -> MutexGuard<'_, Vec<Entry>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}
