//! What is searched, and documents that an index refuses.

use serde_json::{Value, json};
use socorro_core::ErrorKind;
use socorro_core::storage::CrashStorage;
use socorro_testkit::services::Kind;

use crate::account::put;
use crate::place::{Place, crash, cx, id};

/// An index that was made with other types takes the crash without the fields that break it.
async fn breaking(kind: Kind) {
    let place = Place::shared(kind);
    put(
        &place.server,
        &format!("/{}", place.index()),
        &json!({ "mappings": { "dynamic": false, "properties": {
        "processed_crash": { "properties": { "signature": { "type": "integer" }, "product": { "type": "object" }, "version": { "type": "keyword" } } },
    } } }),
    );
    let storage = place.open(&json!({})).await.unwrap();
    let text = json!({ "signature": "no number: failed to parse field [processed_crash.version]", "product": "p", "version": "1" }).to_string();
    storage
        .save_processed_crash(&cx(), &id(0), &crash(text.clone()))
        .await
        .unwrap();
    let document = place.document(&id(0));
    assert_eq!(document["processed_crash"], json!({ "version": "1" }));
    let mut removed: Vec<&str> = document["removed_fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    removed.sort_unstable();
    assert_eq!(removed, ["product", "signature"]);
    let back = storage
        .get_unredacted_processed_crash(&cx(), &id(0).into())
        .await
        .unwrap();
    assert_eq!(back.as_bytes(), text.as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_elasticsearch_refuses_is_removed() {
    breaking(Kind::Elasticsearch).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_opensearch_refuses_is_removed() {
    breaking(Kind::Opensearch).await;
}

/// An index that nothing can be put into: an error, never a success.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_that_cannot_be_indexed_is_an_error() {
    let place = Place::shared(Kind::Elasticsearch);
    put(
        &place.server,
        &format!("/{}", place.index()),
        &json!({ "mappings": { "properties": { "date": { "type": "boolean" } } } }),
    );
    let storage = place.open(&json!({})).await.unwrap();
    let error = storage
        .save_processed_crash(&cx(), &id(0), &crash("{\"signature\":\"f\"}"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_eq!(place.count(), 0);
}

fn found(place: &Place, query: &Value) -> u64 {
    place.count();
    let body = json!({ "query": query });
    let answer = place
        .server
        .request("POST", &format!("/{}/_count", place.index()), Some(&body))
        .unwrap();
    answer.success().unwrap();
    answer.json().unwrap()["count"].as_u64().unwrap()
}

/// Every kind of field is found by its value, whatever odd values stand beside it, and nothing unlisted is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listed_fields_are_searched_and_no_others() {
    let place = Place::shared(Kind::Elasticsearch);
    let storage = place
        .open(&json!({ "fields": { "mine": "double" } }))
        .await
        .unwrap();
    let text = json!({
        "signature": "js::f | é💥", "addons": "a@b:1; c@d:2", "uptime": "12", "cpu_count": 4_294_967_296_u64, "mine": "2.5",
        "app_notes": "one two 三", "date_processed": "2015-03-01 12:00:00.123456", "startup_crash": 1.0,
        "completed_datetime": "not a date", "product": 5, "secret": "private", "email": "a@b",
        "version": "💥".repeat(20_000), "user_comments": "x".repeat(100_000),
    });
    storage
        .save_processed_crash(&cx(), &id(0), &crash(text.to_string()))
        .await
        .unwrap();
    assert_eq!(
        place.document(&id(0)).get("removed_fields"),
        None,
        "everything was made to fit"
    );
    for (query, hits) in [
        (
            json!({ "term": { "processed_crash.signature": "js::f | é💥" } }),
            1,
        ),
        (json!({ "term": { "processed_crash.addons": "c@d:2" } }), 1),
        (
            json!({ "range": { "processed_crash.uptime": { "gt": 11, "lt": 13 } } }),
            1,
        ),
        (json!({ "term": { "processed_crash.mine": 2.5 } }), 1),
        (
            json!({ "match": { "processed_crash.app_notes": "two" } }),
            1,
        ),
        (
            json!({ "range": { "processed_crash.date_processed": { "gte": "2015-03-01", "lt": "2015-03-02" } } }),
            1,
        ),
        (
            json!({ "term": { "processed_crash.startup_crash": true } }),
            1,
        ),
        (
            json!({ "term": { "processed_crash.product": "BAD DATA" } }),
            1,
        ),
        (
            json!({ "exists": { "field": "processed_crash.version" } }),
            1,
        ),
        (
            json!({ "exists": { "field": "processed_crash.cpu_count" } }),
            0,
        ),
        (
            json!({ "exists": { "field": "processed_crash.completed_datetime" } }),
            0,
        ),
        (
            json!({ "exists": { "field": "processed_crash.secret" } }),
            0,
        ),
        (json!({ "query_string": { "query": "private" } }), 0),
        (json!({ "exists": { "field": "document" } }), 0),
    ] {
        assert_eq!(found(&place, &query), hits, "{query}");
    }
    assert!(
        place.document(&id(0))["processed_crash"]
            .get("email")
            .is_none()
    );
}
