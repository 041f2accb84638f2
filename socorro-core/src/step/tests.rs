use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::error::{Error, ErrorKind, Result};

fn told(steps: &Steps) -> Vec<(String, How)> {
    let stopped = steps.stopped();
    stopped
        .iter()
        .map(|stopped| (stopped.to_string(), stopped.how))
        .collect()
}

fn fine() -> Result<()> {
    Ok(())
}

fn fails() -> Result<()> {
    Err(Error::new(ErrorKind::Internal, "no"))
}

#[test]
fn the_innermost_step_is_the_one_that_failed() {
    let steps = Steps::default();
    let archive = steps.about("storage.archive");
    steps.take(Step::Read, fine).unwrap();
    let outer = archive.take(Step::Check, || archive.take(Step::Secret, fails));
    outer.unwrap_err();
    steps.take(Step::Plan, fails).unwrap_err();
    assert_eq!(
        told(&steps),
        [
            ("secret of storage.archive".to_owned(), How::Failed),
            ("plan".to_owned(), How::Failed)
        ]
    );
    let taken: Vec<Step> = steps.durations().iter().map(|(step, _)| *step).collect();
    assert_eq!(taken, [Step::Read, Step::Check, Step::Secret, Step::Plan]);
    archive.put_up_with();
    assert_eq!(told(&steps), [("plan".to_owned(), How::Failed)]);
}

#[test]
fn a_step_of_all_parts_is_told_once_with_the_part_it_stopped_at() {
    let steps = Steps::default();
    let checks = || steps.about("storage.a").take(Step::Check, fails);
    steps.take(Step::Check, checks).unwrap_err();
    let at = ("check of storage.a".to_owned(), How::Failed);
    assert_eq!(told(&steps), [at]);
}

#[test]
fn a_panic_is_noted_and_goes_on() {
    let steps = Steps::default();
    let panics = || steps.take(Step::Merge, || -> Result<()> { panic!("on purpose") });
    catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
    assert_eq!(told(&steps), [("merge".to_owned(), How::Panicked)]);
}

#[tokio::test]
async fn what_does_not_return_is_under_way_until_it_is_dropped() {
    let steps = Steps::default();
    let a = steps.about("storage.a");
    let mut hangs = Box::pin(a.take_async(Step::Health, std::future::pending::<Result<()>>()));
    assert!(futures_util::poll!(&mut hangs).is_pending());
    assert_eq!(
        told(&steps),
        [("health of storage.a".to_owned(), How::Hung)]
    );
    drop(hangs);
    assert_eq!(told(&steps), []);
    assert!(steps.reached(Step::Health) && !steps.reached(Step::Commit));
}

#[tokio::test]
async fn a_panic_on_a_thread_apart_comes_back() {
    let panics = tokio::spawn(apart(|| -> () { panic!("on purpose") }));
    assert!(panics.await.unwrap_err().is_panic());
    assert_eq!(apart(|| 5).await.unwrap(), 5);
}

#[tokio::test]
async fn a_fault_strikes_the_step_it_was_made_for_once() {
    let failpoints = Failpoints::default();
    let steps = Steps::new(failpoints.clone());
    failpoints.arm(Step::Parse, Fault::Error);
    let take = |step| steps.take(step, fine);
    take(Step::Merge).unwrap();
    assert!(!failpoints.has_struck());
    assert!(take(Step::Parse).unwrap_err().message().contains("parse"));
    take(Step::Parse).unwrap();

    failpoints.arm(Step::Load, Fault::Hang);
    let thread = std::thread::spawn({
        let steps = steps.clone();
        move || steps.take(Step::Load, fine)
    });
    failpoints.struck().await;
    assert_eq!(told(&steps).last().unwrap().1, How::Hung);
    failpoints.release();
    thread.join().unwrap().unwrap();
}

#[test]
fn every_step_has_a_name_of_its_own() {
    let names: std::collections::HashSet<_> = Step::ALL.iter().map(|step| step.word()).collect();
    assert_eq!(names.len(), Step::ALL.len());
    for step in Step::ALL {
        assert_eq!(serde_json::to_value(step).unwrap(), step.word());
    }
}
