//! The answer to a commit was lost: is what was wanted there?

use socorro_core::{Error, Result};

use super::content::Content;
use crate::connection::{Database, Session};

const RAW: &str = "
    SELECT FROM raw_crash
    WHERE crash_date = $1 AND crash_id = $2 AND document = $3 AND dumps_digest = $4";

const PROCESSED: &str =
    "SELECT FROM processed_crash WHERE crash_date = $1 AND crash_id = $2 AND document = $3";

/// One outcome for each: done, or `error`, whose `applied` is unknown. That it is not there now does not say
/// that it will not be: the server may not have noticed yet that nobody waits for it.
pub(super) fn resolve(database: &Database, contents: &[Content], error: &Error) -> Vec<Result<()>> {
    let found = database.with(|session| {
        contents
            .iter()
            .map(|content| is_there(session, content))
            .collect::<Result<Vec<bool>>>()
    });
    let found = found.unwrap_or_else(|why| {
        tracing::debug!(error = %why, "what a lost commit left could not be looked up");
        vec![false; contents.len()]
    });
    found
        .into_iter()
        .map(
            |is_there| {
                if is_there { Ok(()) } else { Err(error.clone()) }
            },
        )
        .collect()
}

/// Whoever put it there: it is committed, and so is all that goes with it.
fn is_there(session: &mut Session, content: &Content) -> Result<bool> {
    let (day, id) = content.key();
    if let Some(raw) = &content.raw {
        let rows = session.query(RAW, &[&day, &id, &&*raw.document.bytes, &raw.digest])?;
        if rows.is_empty() {
            return Ok(false);
        }
    }
    if let Some(processed) = &content.processed
        && session
            .query(PROCESSED, &[&day, &id, &&*processed.bytes])?
            .is_empty()
    {
        return Ok(false);
    }
    Ok(true)
}
