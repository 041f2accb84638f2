use super::*;

#[test]
fn codes_are_stable_and_unknown_ones_are_internal() {
    for (place, kind) in ErrorKind::ALL.into_iter().enumerate() {
        assert_eq!(kind.code() as usize, place + 1);
        assert_eq!(ErrorKind::from_code(kind.code()), kind);
    }
    assert_eq!(ErrorKind::from_code(0), ErrorKind::Internal);
    assert_eq!(ErrorKind::from_code(u32::MAX), ErrorKind::Internal);
}

#[test]
fn the_deepest_layer_names_the_place() {
    let error = Error::new(ErrorKind::Unavailable, "connection refused")
        .at_storage("b")
        .at_storage("both")
        .in_operation("save_raw_crash");
    assert_eq!(error.to_string(), "b: save_raw_crash: connection refused");
}

#[test]
fn a_composite_tells_every_child() {
    let failed = Error::new(ErrorKind::Timeout, "no answer in 5s").at_storage("b");
    let error = Error::new(ErrorKind::Timeout, "1 of 2 stores failed").with_children(vec![
        ChildOutcome {
            storage: "a".into(),
            error: None,
        },
        ChildOutcome {
            storage: "b".into(),
            error: Some(failed),
        },
    ]);
    assert_eq!(
        error.to_string(),
        "1 of 2 stores failed; a: done; b: no answer in 5s"
    );
}

#[test]
fn survives_a_round_trip_whole() {
    let io = std::io::Error::other("disk on fire");
    let error = Error::new(ErrorKind::Throttled, "slow down")
        .with_retry_after(Duration::from_secs(3))
        .with_applied(Applied::Unknown)
        .with_scope(Scope::Item)
        .for_crash("x")
        .caused_by(&io)
        .with_children(vec![ChildOutcome {
            storage: "a".into(),
            error: None,
        }]);
    let text = serde_json::to_string(&error).unwrap();
    assert_eq!(serde_json::from_str::<Error>(&text).unwrap(), error);
}
