use super::*;

fn plan(parts: &[(&str, Change, Option<&str>, Option<&str>)]) -> SavedPlan {
    let parts = parts.iter().map(|(part, change, from, to)| {
        let saved = SavedPart {
            change: *change,
            exchange: None,
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            why: vec!["for a person".to_owned()],
        };
        (part.parse().unwrap(), saved)
    });
    SavedPlan::new(parts.collect())
}

#[test]
fn text_reads_back() {
    let saved = plan(&[
        ("limits", Change::ChangeInPlace, Some("1"), Some("2")),
        ("pipeline.p", Change::Remove, Some("3"), None),
        ("source.s", Change::Add, None, Some("4")),
        ("storage.a", Change::Keep, Some("5"), Some("5")),
        ("control", Change::Restart, Some("6"), Some("7")),
    ]);
    assert_eq!(SavedPlan::parse(&saved.to_text()).unwrap(), saved);
    assert_eq!(saved.differs(&saved), Vec::<String>::new());
    assert_ne!(saved.from(), saved.to());
}

#[test]
fn what_is_no_plan_is_refused() {
    let text = plan(&[]).to_text();
    for wrong in [
        "",
        "[]",
        "{}",
        &text.replace("\"version\": 1", "\"version\": 2"),
        &text.replace("\"parts\"", "\"others\": 1, \"parts\""),
    ] {
        let error = SavedPlan::parse(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{wrong}");
    }
}

#[test]
fn what_differs_is_named() {
    let then = plan(&[
        ("storage.a", Change::Keep, Some("1"), Some("1")),
        ("storage.b", Change::Replace, Some("2"), Some("3")),
    ]);
    let secret = plan(&[
        ("storage.a", Change::Replace, Some("1"), Some("1")),
        ("storage.b", Change::Replace, Some("2"), Some("3")),
    ]);
    assert_eq!(
        then.differs(&secret),
        ["storage.a: the plan says keep, a reload now would say replace"]
    );
    let edited = plan(&[
        ("storage.a", Change::Keep, Some("1"), Some("1")),
        ("storage.b", Change::Replace, Some("2"), Some("4")),
        ("storage.c", Change::Add, None, Some("5")),
    ]);
    assert_eq!(
        then.differs(&edited),
        [
            "storage.b: the configuration does not say what was reviewed",
            "storage.c: the configuration does not say what was reviewed",
            "storage.c: the plan says keep, a reload now would say add",
        ]
    );
    let moved_on = plan(&[
        ("storage.a", Change::Keep, Some("1"), Some("1")),
        ("storage.b", Change::Keep, Some("3"), Some("3")),
    ]);
    assert_eq!(
        then.differs(&moved_on),
        [
            "storage.b: what runs is not what the plan starts from",
            "storage.b: the plan says replace, a reload now would say keep",
        ]
    );
    let mut forged = then.clone();
    forged.to = "0".to_owned();
    assert_eq!(forged.differs(&then).len(), 1);
}
