//! Lists of ids, by day and id.
//!
//! What was acknowledged must be in the list, so the indices are refreshed before they are searched: a refresh
//! writes a new segment of what came since the last one, and costs nothing when nothing came.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use socorro_core::Result;
use socorro_core::crash::{CrashDate, StoredId};
use socorro_core::storage::{ListPage, ListRequest};

use crate::connection::{Connection, Request};
use crate::indices::{Index, Indices};

/// The most ids a search gives; the server's default is 10,000.
const PAGE: u32 = 5000;
/// How many indices one search goes through: their names are in the URL.
const INDICES: usize = 32;

/// One page.
pub(crate) async fn page(
    connection: &Connection,
    indices: &Indices,
    request: &ListRequest,
) -> Result<ListPage> {
    let limit = request.limit.clamp(1, PAGE) as usize;
    // Days before the cursor's are done.
    let from = match request.after.as_ref().and_then(StoredId::date) {
        Some(day) => day.max(request.from),
        None => request.from,
    };
    if from > request.to || request.limit == 0 {
        return Ok(ListPage::default());
    }
    let mut there = indices.all(connection).await?;
    there.retain(|index| index.first <= request.to && index.last >= from);
    let mut ids = Vec::new();
    for group in there.chunks(INDICES) {
        // One more than asked for tells whether more follow.
        let most = limit + 1 - ids.len();
        ids.extend(
            search(
                connection,
                group,
                (from, request.to),
                request.after.as_ref(),
                most,
            )
            .await?,
        );
        if ids.len() > limit {
            ids.truncate(limit);
            return Ok(ListPage { ids, more: true });
        }
    }
    Ok(ListPage { ids, more: false })
}

async fn search(
    connection: &Connection,
    indices: &[Index],
    (from, to): (CrashDate, CrashDate),
    after: Option<&StoredId>,
    most: usize,
) -> Result<Vec<StoredId>> {
    let names: Vec<&str> = indices.iter().map(|index| index.name.as_str()).collect();
    let names = names.join(",");
    let doing = format!("list the index {names}");
    let refresh = format!("{names}/_refresh?ignore_unavailable=true&allow_no_indices=true");
    let answer = connection
        .send(Request::new(Method::POST, refresh, &doing).reads())
        .await?;
    if !answer.is_success() {
        return Err(answer.into_error(&doing, false));
    }
    let mut query = json!({
        "size": most,
        "_source": false,
        "track_total_hits": false,
        "query": { "range": { "date": { "gte": from, "lte": to } } },
        "sort": [{ "date": "asc" }, { "crash_id": "asc" }],
    });
    if let Some((day, id)) = after.and_then(|id| Some((id.date()?, id.as_str()))) {
        query["search_after"] = json!([day, id]);
    }
    let path = format!(
        "{names}/_search?ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false&filter_path=hits.hits._id,_shards.failed"
    );
    let request = Request::new(Method::POST, path, &doing)
        .json(&query)
        .reads();
    let found: Found = connection.send(request).await?.success(&doing, false)?;
    Ok(found
        .hits
        .hits
        .into_iter()
        .filter_map(|hit| hit.id.parse().ok())
        .collect())
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    hits: Hits,
}

#[derive(Default, Deserialize)]
struct Hits {
    #[serde(default)]
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: String,
}
