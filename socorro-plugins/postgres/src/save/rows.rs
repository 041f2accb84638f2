//! The statements of one transaction.

use std::collections::HashMap;

use postgres::types::Type;
use socorro_core::Result;

use super::content::{Content, Document};
use super::{Rows, Rules};
use crate::connection::Session;
use crate::layout::{Day, Id};
use crate::queue;

/// The document is sent once: what queries use is made of the same bytes.
const RAW: &str = "
    INSERT INTO raw_crash AS old (crash_date, crash_id, document, json, json_refused, dumps_digest)
    SELECT day, id, document, CASE WHEN refused IS NULL THEN convert_from(document, 'UTF8')::jsonb END, refused, digest
    FROM unnest($1::date[], $2::uuid[], $3::bytea[], $4::text[], $5::bytea[])
        AS new (day, id, document, refused, digest)
    ON CONFLICT (crash_date, crash_id) DO UPDATE SET
        document = excluded.document, json = excluded.json, json_refused = excluded.json_refused,
        dumps_digest = excluded.dumps_digest, revision = old.revision + 1, saved_at = now()
    WHERE old.document <> excluded.document OR old.dumps_digest <> excluded.dumps_digest
    RETURNING crash_id, revision";

const PROCESSED: &str = "
    INSERT INTO processed_crash AS old (crash_date, crash_id, document, json, json_refused)
    SELECT day, id, document, CASE WHEN refused IS NULL THEN convert_from(document, 'UTF8')::jsonb END, refused
    FROM unnest($1::date[], $2::uuid[], $3::bytea[], $4::text[]) AS new (day, id, document, refused)
    ON CONFLICT (crash_date, crash_id) DO UPDATE SET
        document = excluded.document, json = excluded.json, json_refused = excluded.json_refused,
        revision = old.revision + 1, saved_at = now()
    WHERE old.document <> excluded.document";

const DELETE_DUMPS: &str = "DELETE FROM dump WHERE crash_date = $1 AND crash_id = $2";

const COPY_DUMPS: &str = "COPY dump (crash_date, crash_id, name, content) FROM STDIN BINARY";

/// Writes all of these, in the order of their keys.
pub(super) fn write(
    session: &mut Session,
    rules: &Rules,
    contents: &[Content],
    rows: Rows,
) -> Result<()> {
    let changed = raw_crashes(session, contents)?;
    let is_changed = |content: &&Content| changed.contains_key(&Id::from(&content.id));
    for content in contents.iter().filter(is_changed) {
        let (day, id) = content.key();
        if rows == Rows::Any || changed.get(&id).is_some_and(|revision| *revision > 1) {
            session.execute(DELETE_DUMPS, &[&day, &id])?;
        }
    }
    dumps(session, contents.iter().filter(is_changed))?;
    if let Some((name, rank)) = &rules.queue {
        let new: Vec<_> = contents
            .iter()
            .filter(is_changed)
            .map(Content::key)
            .collect();
        queue::push(session, name, *rank, &new)?;
    }
    processed_crashes(session, contents)
}

/// The rows of many documents, column by column.
#[derive(Default)]
struct Columns<'a> {
    days: Vec<Day>,
    ids: Vec<Id>,
    documents: Vec<&'a [u8]>,
    refused: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, content: &Content, document: &'a Document) {
        let (day, id) = content.key();
        self.days.push(day);
        self.ids.push(id);
        self.documents.push(&document.bytes);
        self.refused.push(document.refused.as_deref());
    }
}

/// The ids of those that were inserted or replaced, with their revision.
fn raw_crashes(session: &mut Session, contents: &[Content]) -> Result<HashMap<Id, i32>> {
    let (mut columns, mut digests) = (Columns::default(), Vec::<&[u8]>::new());
    for content in contents {
        if let Some(raw) = &content.raw {
            columns.push(content, &raw.document);
            digests.push(&raw.digest);
        }
    }
    if columns.ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = session.query(
        RAW,
        &[
            &columns.days,
            &columns.ids,
            &columns.documents,
            &columns.refused,
            &digests,
        ],
    )?;
    rows.iter()
        .map(|row| Ok((session.get(row, "crash_id")?, session.get(row, "revision")?)))
        .collect()
}

fn processed_crashes(session: &mut Session, contents: &[Content]) -> Result<()> {
    let mut columns = Columns::default();
    for content in contents {
        if let Some(document) = &content.processed {
            columns.push(content, document);
        }
    }
    if columns.ids.is_empty() {
        return Ok(());
    }
    session.execute(
        PROCESSED,
        &[
            &columns.days,
            &columns.ids,
            &columns.documents,
            &columns.refused,
        ],
    )?;
    Ok(())
}

fn dumps<'a>(
    session: &mut Session,
    contents: impl Iterator<Item = &'a Content> + Clone,
) -> Result<()> {
    let all = |content: &'a Content| content.raw.iter().flat_map(|raw| raw.dumps.iter());
    if contents.clone().flat_map(all).next().is_none() {
        return Ok(());
    }
    let types = [Type::DATE, Type::UUID, Type::TEXT, Type::BYTEA];
    session.copy_in(COPY_DUMPS, &types, |rows| {
        for content in contents {
            let (day, id) = content.key();
            for (name, bytes) in all(content) {
                rows.write(&[&day, &id, &name.as_str(), &&**bytes])?;
            }
        }
        Ok(())
    })?;
    Ok(())
}
