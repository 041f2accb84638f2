use lapin::BasicProperties;

use super::*;

fn config(options: serde_json::Value) -> Config {
    serde_json::from_value(options).expect("options")
}

fn arguments_of(options: serde_json::Value) -> Vec<String> {
    let arguments = arguments(&config(options));
    arguments
        .inner()
        .iter()
        .map(|(key, value)| match value {
            AMQPValue::LongString(text) => {
                format!("{key}={}", String::from_utf8_lossy(text.as_bytes()))
            }
            other => format!("{key}={other:?}"),
        })
        .collect()
}

#[test]
fn a_quorum_queue_counts_and_keeps_its_dead() {
    let arguments =
        arguments_of(serde_json::json!({ "url": "amqp://h", "max_deliveries": 5 })).join(" ");
    for part in [
        "quorum",
        "x-delivery-limit=LongLongInt(4)",
        "socorro.dead",
        "at-least-once",
        "reject-publish",
    ] {
        assert!(arguments.contains(part), "no {part} in {arguments}");
    }
}

#[test]
fn a_classic_queue_has_nothing_that_only_quorum_queues_know() {
    let arguments = arguments_of(serde_json::json!({ "url": "amqp://h", "queue_type": "classic" }));
    assert_eq!(arguments.len(), 3, "{arguments:?}");
    let none =
        serde_json::json!({ "url": "amqp://h", "queue_type": "classic", "dead_letters": "" });
    assert_eq!(arguments_of(none).len(), 1);
}

#[test]
fn marks_are_told_from_the_ids_of_others() {
    let marks = Marks::new();
    let mine = properties(&marks.mark(42));
    assert_eq!(number_of(&mine), Some(42));
    assert_ne!(Marks::new().mark(42), marks.mark(42));
    assert_eq!(*mine.delivery_mode(), Some(2));
    for foreign in [
        BasicProperties::default(),
        BasicProperties::default().with_message_id("42".into()),
    ] {
        assert_eq!((mark_of(&foreign), number_of(&foreign)), (None, None));
    }
}

#[test]
fn bodies_are_ids_or_shown_safely() {
    let id = "de1bb258-cbbf-4589-a673-34f800160918";
    assert_eq!(id_of(id.as_bytes()).expect("an id").as_str(), id);
    for body in [
        &b""[..],
        b"test",
        b"\xff\xfe",
        &[b'a'; 37],
        &[b'0'; 1 << 20],
    ] {
        assert!(id_of(body).is_none());
        assert!(excerpt(body).len() < 300);
    }
    assert_eq!(excerpt(b"a\n\x00"), "\"a\\n\\x00\"");
}
