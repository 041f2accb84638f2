//! What a list costs.

use serde_json::json;
use socorro_core::Context;
use socorro_core::conformance::data::Maker;
use socorro_core::crash::{CrashDate, StoredId};
use socorro_core::storage::{CrashStorage, ListRequest};
use socorro_testkit_s3::{Operation, Server};

use crate::support::{day, open, server};

fn fill(server: &Server, day: CrashDate, count: usize, seed: u64) -> Vec<StoredId> {
    let mut maker = Maker::new(seed);
    let mut ids: Vec<StoredId> = (0..count).map(|_| maker.id(day).into()).collect();
    for id in &ids {
        server.put(&format!("v1/raw_crash/{}/{id}", day.compact()), "{}");
    }
    ids.sort();
    ids
}

async fn all(storage: &impl CrashStorage, request: ListRequest) -> Vec<StoredId> {
    let (mut ids, mut next) = (Vec::new(), Some(request));
    while let Some(request) = next {
        let page = storage.list(&Context::new(), &request).await.unwrap();
        next = request.next(&page);
        ids.extend(page.ids);
    }
    ids
}

/// A day costs a request for each thousand of its crashes, and one more a page, whatever other days hold.
#[tokio::test]
async fn of_a_day_is_in_proportion_to_that_day() {
    let server = server().await;
    let storage = open(&server).await;
    for (number, other) in ["2016-09-17", "2016-09-19"].into_iter().enumerate() {
        fill(&server, other.parse().unwrap(), 5000, number as u64);
    }
    // Undated keys lie between the dated ones.
    for id in fill(&server, "2011-01-01".parse().unwrap(), 3000, 7) {
        server.put(&format!("v1/raw_crash/{id}"), "{}");
    }
    let ids = fill(&server, day(), 2500, 3);
    server.forget_requests();
    assert_eq!(all(&storage, ListRequest::day(day())).await, ids);
    assert_eq!(server.count(Operation::ListObjectsV2), 6);
    assert_eq!(server.requests().len(), 6);
}

/// A range of days is one list, however many of them are empty.
#[tokio::test]
async fn of_years_without_crashes_is_cheap() {
    let server = server().await;
    let storage = open(&server).await;
    let mut ids = fill(&server, "2005-01-01".parse().unwrap(), 3, 1);
    ids.extend(fill(&server, day(), 3, 2));
    server.forget_requests();
    let everything = ListRequest::days(CrashDate::FIRST, CrashDate::LAST);
    assert_eq!(all(&storage, everything).await, ids);
    assert!(server.requests().len() <= 2, "{}", server.requests().len());
}

/// Keys that are not a crash of their day are not listed.
#[tokio::test]
async fn leaves_out_what_is_no_crash() {
    let server = server().await;
    let storage = open(&server).await;
    let ids = fill(&server, day(), 3, 1);
    for key in ["", "x", "de1bb258-cbbf-4589-a673-34f801160917", "~"] {
        server.put(&format!("v1/raw_crash/20160918/{key}"), "{}");
    }
    for limit in 1..6 {
        let request = ListRequest {
            limit,
            ..ListRequest::day(day())
        };
        assert_eq!(
            all(&storage, request.clone()).await,
            ids,
            "pages of {limit}"
        );
        let range = ListRequest {
            to: CrashDate::LAST,
            ..request
        };
        assert_eq!(all(&storage, range).await, ids, "pages of {limit}");
    }
}

/// A marker is written for a processed crash alone, and for no other.
#[tokio::test]
async fn knows_processed_crashes_by_markers() {
    let server = server().await;
    let storage = crate::support::open_with(&server, &json!({})).await;
    let (with, alone) = (crate::support::crash(1), crate::support::crash(2));
    crate::support::save(&storage, &with).await.unwrap();
    for sample in [&with, &alone] {
        let cx = Context::new();
        storage
            .save_processed_crash(&cx, &sample.id, &sample.processed)
            .await
            .unwrap();
    }
    let markers: Vec<_> = server
        .keys()
        .into_iter()
        .filter(|key| key.starts_with("processed_only/"))
        .collect();
    assert_eq!(markers, [format!("processed_only/20160918/{}", alone.id)]);
}
