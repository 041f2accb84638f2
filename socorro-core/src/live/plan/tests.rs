use super::*;

fn instance(type_name: &str, fingerprint: u8) -> Shape {
    let identity = Identity {
        type_name: type_name.into(),
        image: Some([1; 32]),
        fingerprint: [fingerprint; 32],
    };
    Shape::Instance {
        identity,
        host: HostOptions::default(),
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
fn another_type_library_or_option_replaces() {
    let running = shapes(&[("a", instance("fs", 1))]);
    for other in [instance("s3", 1), instance("fs", 2)] {
        let plan = Plan::between(&running, &shapes(&[("a", other)]));
        assert_eq!(plan.change(&Part::Storage("a".into())), Change::Replace);
    }
}
