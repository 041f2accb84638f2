//! Every document's own outcome.

use serde_json::{Value, json};
use socorro_core::ErrorKind;
use socorro_core::error::{Applied, Scope};
use socorro_core::storage::CrashStorage;

use crate::fake::{Fake, Op, Reply, crash, cx, id, items};

fn breaks(field: &str) -> Value {
    json!({
        "type": "document_parsing_exception",
        "reason": format!("[1:25] failed to parse field [processed_crash.{field}] of type [long] in document with id 'x'. Preview of field's value: 'y'"),
    })
}

fn fields(op: &Op) -> Vec<String> {
    op.document["processed_crash"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// A 200 whose items were refused is no success, and nobody pays for another's document.
#[tokio::test]
async fn each_caller_gets_the_outcome_of_its_own_document() {
    let fake = Fake::bulk(|ops| {
        let outcome = |op: &Op| match op.document["processed_crash"]["signature"]
            .as_str()
            .unwrap()
        {
            "full" => (
                429,
                Some(json!({ "type": "es_rejected_execution_exception", "reason": "full" })),
            ),
            "no shard" => (
                503,
                Some(json!({ "type": "unavailable_shards_exception", "reason": "none" })),
            ),
            "blocked" => (
                403,
                Some(json!({ "type": "cluster_block_exception", "reason": "read-only" })),
            ),
            "no error" => (400, None),
            _ => (201, None),
        };
        Some(Reply::Json(200, items(ops, outcome)))
    })
    .await;
    let storage = fake.storage(json!({})).await.unwrap();
    let crashes = [
        "good", "full", "no shard", "blocked", "no error", "good too",
    ];
    let context = cx();
    let saves = crashes.iter().enumerate().map(|(number, signature)| {
        let (storage, context) = (&storage, &context);
        async move {
            let text = crash(&json!({ "signature": signature }).to_string());
            storage
                .save_processed_crash(context, &id(number as u8), &text)
                .await
        }
    });
    let outcomes = futures(saves).await;
    let kinds: Vec<Option<ErrorKind>> = outcomes
        .iter()
        .map(|one| one.as_ref().err().map(|error| error.kind()))
        .collect();
    assert_eq!(
        kinds,
        [
            None,
            Some(ErrorKind::Throttled),
            Some(ErrorKind::Unavailable),
            Some(ErrorKind::Unavailable),
            Some(ErrorKind::InvalidInput),
            None
        ]
    );
    let errors: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert_eq!(errors[0].crash_id(), Some(id(1).as_str()));
    assert!(errors[0].is_retryable() && errors[0].scope() == Scope::Store);
    assert_eq!(
        (errors[0].applied(), errors[1].applied()),
        (Applied::No, Applied::Unknown)
    );
    let sent: usize = fake.batches().iter().map(Vec::len).sum();
    assert_eq!(sent, crashes.len(), "nothing is tried again here");
}

/// Awaits all, in order.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut outputs: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, output) in all.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *output = Some(value);
            }
        }
        if outputs.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    outputs.into_iter().map(Option::unwrap).collect()
}

#[tokio::test]
async fn a_field_that_breaks_the_mapping_is_removed_and_recorded() {
    let fake = Fake::bulk(|ops| {
        let outcome = |op: &Op| match fields(op).contains(&"uptime".to_owned()) {
            true => (400, Some(breaks("uptime"))),
            false => (201, None),
        };
        Some(Reply::Json(200, items(ops, outcome)))
    })
    .await;
    let storage = fake.storage(json!({})).await.unwrap();
    let text = "{\"signature\": \"f\", \"uptime\": 7}";
    storage
        .save_processed_crash(&cx(), &id(1), &crash(text))
        .await
        .unwrap();
    let batches = fake.batches();
    assert_eq!(batches.len(), 2);
    let last = &batches[1][0].document;
    assert_eq!(last["removed_fields"], json!(["uptime"]));
    assert_eq!(last["processed_crash"], json!({ "signature": "f" }));
    assert_eq!(last["document"], json!(text), "the crash itself is whole");
}

/// Five one by one, then all; then it is an error. Upstream gave up after five and reported success.
#[tokio::test]
async fn a_crash_that_cannot_be_indexed_is_an_error() {
    let fake = Fake::bulk(|ops| {
        let outcome = |op: &Op| match fields(op).first() {
            Some(field) => (400, Some(breaks(field))),
            None => (400, Some(json!({ "type": "mapper_parsing_exception", "reason": "failed to parse field [date]" }))),
        };
        Some(Reply::Json(200, items(ops, outcome)))
    })
    .await;
    let storage = fake.storage(json!({})).await.unwrap();
    let text = "{\"addons\":\"a\",\"build\":\"b\",\"product\":\"c\",\"reason\":\"d\",\"signature\":\"e\",\"uptime\":1,\"vendor\":\"f\",\"version\":\"g\"}";
    let error = storage
        .save_processed_crash(&cx(), &id(1), &crash(text))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(!error.is_retryable());
    assert_eq!(error.crash_id(), Some(id(1).as_str()));
    let counts: Vec<usize> = fake
        .batches()
        .iter()
        .map(|batch| fields(&batch[0]).len())
        .collect();
    assert_eq!(counts, [8, 7, 6, 5, 4, 3, 0]);
}

#[tokio::test]
async fn a_mapping_that_is_full_takes_the_crash_without_its_fields() {
    let fake = Fake::bulk(|ops| {
        let outcome = |op: &Op| match fields(op).is_empty() {
            true => (201, None),
            false => (400, Some(json!({ "type": "illegal_argument_exception", "reason": "Limit of total fields [1000] has been exceeded" }))),
        };
        Some(Reply::Json(200, items(ops, outcome)))
    })
    .await;
    let storage = fake.storage(json!({})).await.unwrap();
    storage
        .save_processed_crash(&cx(), &id(1), &crash("{\"signature\":\"f\",\"uptime\":1}"))
        .await
        .unwrap();
    let last = &fake.batches()[1][0].document;
    assert_eq!(last["removed_fields"], json!(["signature", "uptime"]));
}

/// A reason quotes the crash: it must not make us remove another field, let alone for ever.
#[tokio::test]
async fn a_reason_that_names_a_field_we_did_not_send_ends() {
    let fake = Fake::bulk(|ops| {
        Some(Reply::Json(
            200,
            items(ops, |_| (400, Some(breaks("not_ours")))),
        ))
    })
    .await;
    let storage = fake.storage(json!({})).await.unwrap();
    let error = storage
        .save_processed_crash(&cx(), &id(1), &crash("{\"signature\":\"f\"}"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(fake.batches().len(), 2);
}

#[tokio::test]
async fn deleting_what_is_not_there_succeeds() {
    let fake = Fake::bulk(|ops| {
        Some(Reply::Json(
            200,
            items(ops, |_| {
                (
                    404,
                    Some(json!({ "type": "index_not_found_exception", "reason": "none" })),
                )
            }),
        ))
    })
    .await;
    let storage = fake.storage(json!({})).await.unwrap();
    storage.delete(&cx(), &id(1).into()).await.unwrap();
    let batch = &fake.batches()[0];
    assert_eq!(
        (batch[0].action.as_str(), batch[0].index.as_str()),
        ("delete", "socorro200743")
    );
    assert!(
        !fake.requests().contains(&"PUT /socorro200743".to_owned()),
        "a delete makes no index"
    );
    let error = storage
        .save_processed_crash(&cx(), &id(1), &crash("{}"))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Unavailable,
        "a save into no index is none"
    );
}
