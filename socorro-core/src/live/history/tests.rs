use std::time::{Duration, SystemTime};

use super::*;
use crate::live::Trigger;

fn report(attempt: u64, changes: &[(&str, Change)]) -> ReloadReport {
    let mut report = ReloadReport::new(attempt, Trigger::Hangup, Outcome::Applied, attempt);
    report.at = SystemTime::UNIX_EPOCH + Duration::from_secs(attempt * 10);
    let changes = changes.iter();
    report.plan.changes = changes
        .map(|(part, change)| (part.parse().unwrap(), *change))
        .collect();
    report
}

fn straggler(name: &str, second: u64) -> Straggler {
    Straggler {
        name: name.into(),
        why: format!("of second {second}"),
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(second),
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
    history.add(refused);
    let stragglers = [
        straggler("a", 25),
        straggler("b", 25),
        straggler("a", 99),
        // Of the end of the program, or forgotten: of no attempt.
        straggler("c", 99),
    ];
    let told: Vec<Vec<String>> = history
        .all(&stragglers)
        .into_iter()
        .map(|one| one.stragglers.into_iter().map(|one| one.why).collect())
        .collect();
    let of = |second: u64| format!("of second {second}");
    assert_eq!(
        told,
        [vec![], vec![of(25)], vec![of(25)], vec![of(99)], vec![]]
    );
}
