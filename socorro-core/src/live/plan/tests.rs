use super::*;
use crate::live::settings::Settings;

fn instance(type_name: &str, fingerprint: u8) -> Shape {
    let identity = Identity {
        type_name: type_name.into(),
        image: Some([1; 32]),
        fingerprint: [fingerprint; 32],
    };
    Shape::Instance {
        identity,
        resources: Vec::new(),
        host: HostOptions::default(),
        waits: None,
    }
}

fn shapes(parts: &[(&str, Shape)]) -> BTreeMap<Part, Shape> {
    parts
        .iter()
        .map(|(name, shape)| (Part::Storage((*name).into()), shape.clone()))
        .collect()
}

#[test]
fn tells_every_part_of_either_side() {
    let running = shapes(&[
        ("a", instance("fs", 1)),
        ("b", instance("fs", 2)),
        ("c", instance("fs", 3)),
    ]);
    let wanted = shapes(&[
        ("b", instance("fs", 2)),
        ("c", instance("fs", 4)),
        ("d", instance("fs", 5)),
    ]);
    let plan = Plan::between(&running, &wanted);
    let changes: Vec<String> = plan
        .changes
        .iter()
        .map(|(part, change)| format!("{change} {part}"))
        .collect();
    assert_eq!(
        changes,
        [
            "remove storage.a",
            "keep storage.b",
            "replace storage.c",
            "add storage.d"
        ]
    );
}

#[test]
fn options_of_the_host_change_in_place() {
    let running = shapes(&[("a", instance("fs", 1))]);
    let mut wanted = running.clone();
    for shape in wanted.values_mut() {
        if let Shape::Instance { host, .. } = shape {
            host.max_operations += 1;
        }
    }
    let plan = Plan::between(&running, &wanted);
    assert_eq!(
        plan.change(&Part::Storage("a".into())),
        Change::ChangeInPlace
    );
    assert!(!plan.is_empty());
    assert!(Plan::between(&running, &running).is_empty());
}

#[test]
fn what_cannot_be_adopted_before_a_restart_waits_whatever_changed() {
    let running = shapes(&[("a", instance("fs", 1))]);
    for mut wanted in [instance("fs", 1), instance("fs", 2), instance("s3", 3)] {
        if let Shape::Instance { waits, .. } = &mut wanted {
            *waits = Some("no room".into());
        }
        let plan = Plan::between(&running, &shapes(&[("a", wanted)]));
        assert_eq!(plan.change(&Part::Storage("a".into())), Change::Restart);
        assert!(plan.needs_restart() && plan.changes_nothing_now());
    }
}

#[test]
fn another_type_library_or_option_replaces() {
    let running = shapes(&[("a", instance("fs", 1))]);
    for other in [instance("s3", 1), instance("fs", 2)] {
        let plan = Plan::between(&running, &shapes(&[("a", other)]));
        assert_eq!(plan.change(&Part::Storage("a".into())), Change::Replace);
    }
}

fn with(change: impl FnOnce(&mut Settings)) -> BTreeMap<Part, Shape> {
    let mut settings = Settings::default();
    change(&mut settings);
    settings.shapes()
}

#[test]
fn other_tables_are_told_when_they_change() {
    let usual = with(|_| {});
    let plan = |wanted: &BTreeMap<Part, Shape>| {
        let plan = Plan::between(&usual, wanted);
        let changes = plan.changes.iter();
        let lines: Vec<String> = changes
            .map(|(part, change)| format!("{change} {part}"))
            .collect();
        (lines, plan.changes_nothing_now(), plan.needs_restart())
    };
    let line = |line: &str| vec![line.to_owned()];
    assert_eq!(plan(&usual), (vec![], true, false));
    let dumps = with(|settings| settings.limits.dumps += 1);
    assert_eq!(plan(&dumps), (line("change limits"), false, false));
    let timeout = with(|settings| settings.reload.timeout *= 2);
    assert_eq!(plan(&timeout), (line("change reload"), false, false));
    let images = with(|settings| settings.plugins.max_images += 1);
    assert_eq!(plan(&images), (line("change plugins"), false, false));
    let threads = with(|settings| settings.plugins.worker_threads += 1);
    assert_eq!(plan(&threads), (line("restart plugins"), true, true));
    let socket = with(|settings| settings.control.socket = Some("/run/s".into()));
    assert_eq!(plan(&socket), (line("restart control"), true, true));
    // Nothing was in force before the start.
    assert!(Plan::between(&BTreeMap::new(), &socket).changes.is_empty());
}

#[test]
fn what_takes_a_restart_stays_in_force() {
    let running = Settings::default();
    let mut wanted = Settings::default();
    wanted.limits.dumps += 1;
    wanted.plugins.max_images += 1;
    wanted.plugins.blocking_threads += 1;
    wanted.control.socket = Some("/run/s".into());
    let adopted = running.adopt(wanted.clone());
    let plan = Plan::between(&adopted.shapes(), &wanted.shapes());
    assert!(plan.changes_nothing_now());
    assert_eq!(plan.changes.len(), 2);
}

#[test]
fn a_part_reads_back() {
    for text in ["storage.a", "source.a", "pipeline.a_b", "limits"] {
        let part: Part = text.parse().unwrap();
        assert_eq!(part.to_string(), text);
        let json = serde_json::to_string(&part).unwrap();
        assert_eq!(serde_json::from_str::<Part>(&json).unwrap(), part);
    }
    assert!("nonsense.a".parse::<Part>().is_err());
}
