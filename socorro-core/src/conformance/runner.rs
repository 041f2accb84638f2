//! Runs one case: within the subject's patience, and a panic of the subject is a failed case.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

use super::report::{Entry, Outcome, Report};
use super::verdict::{Stop, Verdict};

/// A list of what a subject waives: case and reason.
type Waived<'a> = &'a [(&'static str, &'static str)];

/// What became of a case that was waived or run.
pub(crate) async fn run(
    (case, waived): (&'static str, Waived<'_>),
    patience: Duration,
    verdict: impl Future<Output = Verdict>,
) -> Outcome {
    if let Some((_, why)) = waived.iter().find(|(name, _)| *name == case) {
        return Outcome::Waived((*why).to_owned());
    }
    match tokio::time::timeout(patience, AssertUnwindSafe(verdict).catch_unwind()).await {
        Ok(Ok(Ok(()))) => Outcome::Passed,
        Ok(Ok(Err(Stop::Failed(why)))) => Outcome::Failed(why),
        Ok(Ok(Err(Stop::NotApplicable(why)))) => Outcome::NotApplicable(why),
        Ok(Err(panic)) => Outcome::Failed(format!("it panicked: {}", text_of(panic.as_ref()))),
        Err(_) => Outcome::Failed(format!("it did not end within {patience:?}")),
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&'static str>().copied())
        .unwrap_or("without a text")
}

/// Fails in the name of every waiver that no case in `names` has: a typing error would waive nothing.
pub(crate) fn check_waivers(
    report: &mut Report,
    waived: Waived<'_>,
    names: impl Iterator<Item = &'static str> + Clone,
) {
    for (case, _) in waived {
        if !names.clone().any(|name| name == *case) {
            report.entries.push(Entry {
                case: (*case).to_owned(),
                proves: "every waived case exists".to_owned(),
                outcome: Outcome::Failed("it is waived, but there is no such case".to_owned()),
            });
        }
    }
}

/// A future's first moments: polls it `polls` times, other tasks running in between, then drops it unless
/// it is ready.
pub(crate) async fn abandon<F: Future + Unpin>(mut future: F, polls: usize) -> Option<F::Output> {
    for _ in 0..polls {
        if let Some(output) = (&mut future).now_or_never() {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// Runs all at once, each on a task of its own; gives their outputs in order.
pub(crate) async fn at_once<T, F>(futures: impl IntoIterator<Item = F>) -> Result<Vec<T>, Stop>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut outputs = Vec::new();
    for task in tasks {
        let output = task
            .await
            .map_err(|error| Stop::Failed(format!("one of many tasks ended badly: {error}")))?;
        outputs.push(output);
    }
    Ok(outputs)
}
