use super::super::{Identity, Plan};
use super::*;
use crate::config::HostOptions;

use Exchange::{BreakBeforeMake, Handover, Overlap};

fn instance(fingerprint: u8, resources: &[(&str, Exchange)]) -> Shape {
    let identity = Identity {
        type_name: "fs".into(),
        image: None,
        fingerprint: [fingerprint; 32],
    };
    let resources = resources
        .iter()
        .map(|(name, exchange)| Resource::new("directory", *name).with_exchange(*exchange));
    Shape::Instance {
        identity,
        resources: resources.collect(),
        host: HostOptions::default(),
        waits: None,
    }
}

fn storages(parts: &[(&str, Shape)]) -> BTreeMap<Part, Shape> {
    let named = |(name, shape): &(&str, Shape)| (storage(name), shape.clone());
    parts.iter().map(named).collect()
}

fn storage(name: &str) -> Part {
    Part::Storage(name.into())
}

/// The plan's successions, a line each.
fn told(running: &[(&str, Shape)], wanted: &[(&str, Shape)]) -> Vec<String> {
    let plan = Plan::between(&storages(running), &storages(wanted));
    let lines = plan.successions.iter();
    lines.map(|(part, how)| format!("{part} {how}")).collect()
}

#[test]
fn the_more_careful_of_old_and_new_decides() {
    for old in [Overlap, Handover, BreakBeforeMake] {
        for new in [Overlap, Handover, BreakBeforeMake] {
            let plan = Plan::between(
                &storages(&[("a", instance(1, &[("/x", old)]))]),
                &storages(&[("a", instance(2, &[("/x", new)]))]),
            );
            assert_eq!(plan.successions[&storage("a")].mode, old.max(new));
        }
    }
}

#[test]
fn what_is_not_shared_overlaps() {
    assert_eq!(
        told(
            &[("a", instance(1, &[("/x", BreakBeforeMake)]))],
            &[("a", instance(2, &[("/y", BreakBeforeMake)]))],
        ),
        ["storage.a overlap"]
    );
    assert_eq!(
        told(&[("a", instance(1, &[]))], &[("a", instance(2, &[]))]),
        ["storage.a overlap"]
    );
}

#[test]
fn a_directory_that_gets_another_name_is_still_one_directory() {
    assert_eq!(
        told(
            &[("spool", instance(1, &[("/x", BreakBeforeMake)]))],
            &[("inbox", instance(1, &[("/x", BreakBeforeMake)]))],
        ),
        ["storage.inbox break before make: directory /x of storage.spool"]
    );
}

#[test]
fn two_that_change_places_wait_for_each_other() {
    let on = |fingerprint, place| instance(fingerprint, &[(place, Handover)]);
    assert_eq!(
        told(
            &[("a", on(1, "/x")), ("b", on(2, "/y"))],
            &[("a", on(2, "/y")), ("b", on(1, "/x"))],
        ),
        [
            "storage.a handover: directory /y of storage.b",
            "storage.b handover: directory /x of storage.a",
        ]
    );
}

#[test]
fn what_is_kept_is_not_in_the_way() {
    let kept = instance(1, &[("/x", BreakBeforeMake)]);
    let other = instance(2, &[("/y", BreakBeforeMake)]);
    assert_eq!(
        told(&[("a", kept.clone())], &[("a", kept), ("b", other)]),
        Vec::<String>::new()
    );
}

#[test]
fn the_most_careful_resource_decides_and_every_one_is_told() {
    let old = instance(
        1,
        &[("/x", Handover), ("/y", BreakBeforeMake), ("/z", Overlap)],
    );
    let new = instance(2, &[("/x", Overlap), ("/y", Overlap), ("/z", Overlap)]);
    assert_eq!(
        told(&[("a", old)], &[("a", new)]),
        ["storage.a break before make: directory /x of storage.a, directory /y of storage.a"]
    );
}

#[test]
fn options_of_the_host_exchange_nothing() {
    let running = storages(&[("a", instance(1, &[("/x", BreakBeforeMake)]))]);
    let mut wanted = running.clone();
    for shape in wanted.values_mut() {
        if let Shape::Instance { host, .. } = shape {
            host.max_operations += 1;
        }
    }
    let plan = Plan::between(&running, &wanted);
    assert_eq!(plan.change(&storage("a")), Change::ChangeInPlace);
    assert!(plan.successions.is_empty());
}

#[test]
fn where_a_path_leads_now_is_no_change() {
    let running = storages(&[("a", instance(1, &[("/x", Overlap)]))]);
    let wanted = storages(&[("a", instance(1, &[("/elsewhere", Overlap)]))]);
    assert!(Plan::between(&running, &wanted).is_empty());
}
