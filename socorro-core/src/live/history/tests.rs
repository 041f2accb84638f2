use std::time::SystemTime;

use super::*;
use crate::live::{Step, Trigger};

fn report(attempt: u64, changes: &[(&str, Change)]) -> ReloadReport {
    let mut report = ReloadReport::new(attempt, Trigger::Hangup, Outcome::Applied, attempt);
    let changes = changes.iter();
    report.plan.changes = changes
        .map(|(part, change)| (part.parse().unwrap(), *change))
        .collect();
    report
}

fn straggler(part: &str, generation: u64, why: &str) -> Straggler {
    Straggler {
        name: part.to_owned(),
        part: part.parse().unwrap(),
        generation,
        operations: 1,
        since: SystemTime::UNIX_EPOCH,
        at: SystemTime::UNIX_EPOCH,
        step: Step::Drain,
        why: why.to_owned(),
    }
}

#[test]
fn the_last_hundred_are_kept() {
    let history = History::new(report(0, &[]));
    for attempt in 1..=250 {
        history.add(report(attempt, &[]));
    }
    let kept: Vec<u64> = history.all(&[]).iter().map(|one| one.attempt).collect();
    assert_eq!(kept, (151..=250).collect::<Vec<u64>>());
    assert_eq!(history.last().attempt, 250);
    assert_eq!(history.watch().borrow().attempt, 250);
}

#[test]
fn a_straggler_is_told_of_the_attempt_that_let_it_go() {
    let history = History::new(report(0, &[("storage.a", Change::Add)]));
    history.add(report(1, &[("storage.a", Change::Replace)]));
    history.add(report(
        2,
        &[("storage.a", Change::Keep), ("source.b", Change::Remove)],
    ));
    history.add(report(3, &[("storage.a", Change::Replace)]));
    let mut refused = report(4, &[("storage.a", Change::Replace)]);
    refused.outcome = Outcome::Refused;
    refused.generation = 3;
    history.add(refused);
    let stragglers = [
        straggler("storage.a", 1, "first"),
        straggler("source.b", 2, "second"),
        straggler("storage.a", 3, "third"),
        // Kept by the attempt that made the generation: of the end of the program.
        straggler("storage.a", 2, "of no attempt"),
    ];
    let told: Vec<Vec<String>> = history
        .all(&stragglers)
        .into_iter()
        .map(|one| one.stragglers.into_iter().map(|one| one.why).collect())
        .collect();
    let of = |why: &str| vec![why.to_owned()];
    assert_eq!(
        told,
        [vec![], of("first"), of("second"), of("third"), vec![]]
    );
}
