//! Whether the cluster can be used.
//!
//! 1. `GET _security/_authenticate`: any answer means that something is there; 401 that it does not know us. A
//!    server without security has no such path, and knows everybody.
//! 2. Deleting a document that is not there from this week's index goes the way of every write, and leaves nothing
//!    behind: a missing privilege, a read-only block (the disk is full) and a missing shard show.
//! 3. Where there is security, `_has_privileges` says whether indices may be made and read.

use std::time::SystemTime;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use socorro_core::crash::CrashDate;
use socorro_core::storage::{Check, Health};
use socorro_core::{Error, ErrorKind};

use crate::connection::{Connection, Request};
use crate::indices::Indices;

/// What the role must have on the indices.
const PRIVILEGES: [&str; 6] = [
    "create_index",
    "index",
    "delete",
    "read",
    "maintenance",
    "view_index_metadata",
];

pub(crate) async fn check(connection: &Connection, indices: &Indices) -> Health {
    let doing = "ask who we are";
    let request = Request::new(Method::GET, "_security/_authenticate", doing);
    let answer = match connection.send(request).await {
        Ok(answer) => answer,
        Err(error) => return Health::unreachable(error.to_string()),
    };
    if answer.status() == 401 {
        return Health {
            reachable: Check::Ok,
            authenticated: Check::Failed(answer.into_error(doing, false).to_string()),
            writable: Check::Unknown,
        };
    }
    if matches!(answer.status(), 502..=504) {
        return Health::unreachable(answer.into_error(doing, false).to_string());
    }
    let has_security = answer.is_success();
    let index = indices.name(CrashDate::of(SystemTime::now()));
    let writable = match write(connection, &index).await {
        Ok(()) if has_security => may(connection, &index).await,
        other => other,
    };
    match writable {
        Ok(()) => Health::ok(),
        Err(error) => Health {
            writable: Check::Failed(error.to_string()),
            ..Health::ok()
        },
    }
}

/// Goes the way of every write.
async fn write(connection: &Connection, index: &str) -> Result<(), Error> {
    let doing = format!("write to the index {index}");
    let path = format!("{index}/_doc/socorro-health?timeout=5s");
    let answer = connection
        .send(Request::new(Method::DELETE, path, &doing))
        .await?;
    // Not there: neither the document nor, perhaps, the index.
    if answer.is_success() || answer.status() == 404 {
        return Ok(());
    }
    Err(answer.into_error(&doing, false))
}

#[derive(Deserialize)]
struct Privileges {
    has_all_requested: bool,
}

async fn may(connection: &Connection, index: &str) -> Result<(), Error> {
    let doing = "ask what we may do";
    let request = Request::new(Method::POST, "_security/user/_has_privileges", doing)
        .json(&json!({ "index": [{ "names": [index], "privileges": PRIVILEGES }] }))
        .reads();
    let answer = connection.send(request).await?;
    if !answer.is_success() {
        // The write went through; that this cannot be asked is no failure.
        return Ok(());
    }
    let privileges: Privileges = answer.read(doing, false)?;
    if privileges.has_all_requested {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::PermissionDenied,
        format!(
            "the account lacks one of the privileges {} on {index}; give it the role in docs/elasticsearch.md",
            PRIVILEGES.join(", ")
        ),
    ))
}
