//! Reading, listing and deleting. Each read is one statement, and so sees one moment.

use std::path::Path;

use postgres::Row;
use socorro_core::crash::{CrashId, Dump, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use socorro_core::storage::{Catalog, CatalogEntry, ListPage, ListRequest, Part};
use socorro_core::{Bytes, Error, ErrorKind, Result};

use crate::connection::{Database, Session};
use crate::layout::{Day, Id, lower_bound};

const RAW: &str = "SELECT document FROM raw_crash WHERE crash_date = $1 AND crash_id = $2";

const PROCESSED: &str =
    "SELECT document FROM processed_crash WHERE crash_date = $1 AND crash_id = $2";

const DUMP: &str = "SELECT content FROM dump WHERE crash_date = $1 AND crash_id = $2 AND name = $3";

/// One row for each dump; one without a name when there is none.
const DUMPS: &str = "
    SELECT dump.name, dump.content FROM raw_crash
    LEFT JOIN dump ON dump.crash_date = $1 AND dump.crash_id = $2
    WHERE raw_crash.crash_date = $1 AND raw_crash.crash_id = $2";

const DUMP_NAMES: &str = "
    SELECT dump.name FROM raw_crash
    LEFT JOIN dump ON dump.crash_date = $1 AND dump.crash_id = $2
    WHERE raw_crash.crash_date = $1 AND raw_crash.crash_id = $2";

const CATALOG: &str = "
    SELECT 1 AS part, NULL AS name, octet_length(document)::bigint AS size
    FROM raw_crash WHERE crash_date = $1 AND crash_id = $2
    UNION ALL
    SELECT 2, name, octet_length(content) FROM dump WHERE crash_date = $1 AND crash_id = $2
    UNION ALL
    SELECT 3, NULL, octet_length(document) FROM processed_crash WHERE crash_date = $1 AND crash_id = $2
    ORDER BY part, name";

/// The days are constants for the planner, which leaves out all other partitions.
const LIST: &str = "
    SELECT crash_id, crash_date FROM (
        (SELECT crash_date, crash_id FROM raw_crash
         WHERE crash_date BETWEEN $1 AND $2 AND (crash_date, crash_id) > ($1, $3)
         ORDER BY crash_date, crash_id LIMIT $4)
        UNION
        (SELECT crash_date, crash_id FROM processed_crash
         WHERE crash_date BETWEEN $1 AND $2 AND (crash_date, crash_id) > ($1, $3)
         ORDER BY crash_date, crash_id LIMIT $4)
    ) AS crashes
    ORDER BY crash_date, crash_id LIMIT $4";

/// Raw crash first: one that is there has its dumps. Each sees what the one before waited for.
const DELETE: [&str; 3] = [
    "DELETE FROM raw_crash WHERE crash_date = $1 AND crash_id = $2",
    "DELETE FROM dump WHERE crash_date = $1 AND crash_id = $2",
    "DELETE FROM processed_crash WHERE crash_date = $1 AND crash_id = $2",
];

const DELETE_QUEUED: &str = "DELETE FROM new_crash WHERE crash_id = $1";

const ANYTHING_LEFT: &str = "
    SELECT FROM raw_crash WHERE crash_date = $1 AND crash_id = $2
    UNION ALL SELECT FROM dump WHERE crash_date = $1 AND crash_id = $2
    UNION ALL SELECT FROM processed_crash WHERE crash_date = $1 AND crash_id = $2";

/// The most ids of one page.
const PAGE: u32 = 10_000;

/// Where a crash is. Only ids of today's form are ever stored.
fn key(id: &StoredId) -> Option<(Day, Id)> {
    let id = id.crash_id()?;
    Some((id.date().into(), Id::from(&id)))
}

fn found(id: &StoredId, what: &str) -> Result<(Day, Id)> {
    key(id).ok_or_else(|| missing(what))
}

fn missing(what: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("{what} is not there"))
}

/// Memory of a row that was read, without a copy of it.
struct Field(Row);

impl AsRef<[u8]> for Field {
    fn as_ref(&self) -> &[u8] {
        self.0.try_get("content").unwrap_or_default()
    }
}

struct Text(Row);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.try_get("document").unwrap_or_default()
    }
}

pub(crate) fn raw(database: &Database, id: &StoredId) -> Result<RawCrash> {
    const WHAT: &str = "the raw crash";
    RawCrash::from_stored(document(database, id, RAW, WHAT)?)
}

pub(crate) fn processed(database: &Database, id: &StoredId) -> Result<ProcessedCrash> {
    const WHAT: &str = "the processed crash";
    ProcessedCrash::from_stored(document(database, id, PROCESSED, WHAT)?)
}

fn document(database: &Database, id: &StoredId, sql: &'static str, what: &str) -> Result<Bytes> {
    let (day, id) = found(id, what)?;
    database.with(|session| {
        let row = session.query_first(sql, &[&day, &id])?;
        let row = row.ok_or_else(|| missing(what))?;
        session.get::<&[u8]>(&row, "document")?;
        Ok(Bytes::from_owner(Text(row)))
    })
}

pub(crate) fn dump(database: &Database, id: &StoredId, name: &DumpName) -> Result<Bytes> {
    let what = format!("the dump {name:?}");
    let (day, id) = found(id, &what)?;
    database.with(|session| {
        let row = session.query_first(DUMP, &[&day, &id, &name.as_str()])?;
        content(session, row.ok_or_else(|| missing(&what))?)
    })
}

fn content(session: &Session, row: Row) -> Result<Bytes> {
    session.get::<&[u8]>(&row, "content")?;
    Ok(Bytes::from_owner(Field(row)))
}

pub(crate) fn dumps(database: &Database, id: &StoredId) -> Result<Dumps> {
    let (day, id) = found(id, "the crash")?;
    database.with(|session| {
        let rows = session.query(DUMPS, &[&day, &id])?;
        if rows.is_empty() {
            return Err(missing("the crash"));
        }
        let mut dumps = Dumps::new();
        for row in rows {
            if let Some(name) = dump_name(session, &row)? {
                dumps.insert(name, content(session, row)?);
            }
        }
        Ok(dumps)
    })
}

/// One dump in memory at a time.
pub(crate) fn dumps_as_files(
    database: &Database,
    stored: &StoredId,
    directory: &Path,
) -> Result<Dumps> {
    let (day, id) = found(stored, "the crash")?;
    let mut files = Dumps::new();
    let done = database.transaction("get_dumps_as_files", |session| {
        // All statements see one moment.
        session.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
        let rows = session.query(DUMP_NAMES, &[&day, &id])?;
        if rows.is_empty() {
            return Err(missing("the crash"));
        }
        for row in &rows {
            let Some(name) = dump_name(session, row)? else {
                continue;
            };
            let row = session.query_first(DUMP, &[&day, &id, &name.as_str()])?;
            let bytes = content(session, row.ok_or_else(|| missing("a dump"))?)?;
            let file = Dumps::new().with(name, bytes).write_to(stored, directory)?;
            files = std::mem::take(&mut files).into_iter().chain(file).collect();
        }
        Ok(())
    });
    match done {
        Ok(()) => Ok(files),
        Err(error) => {
            for (_, dump) in files {
                if let Dump::File(path) = dump {
                    // Best effort: the read has failed already and is what the caller must hear of.
                    let _ = std::fs::remove_file(path);
                }
            }
            Err(error)
        }
    }
}

fn dump_name(session: &Session, row: &Row) -> Result<Option<DumpName>> {
    let Some(name) = session.get::<Option<&str>>(row, "name")? else {
        return Ok(None);
    };
    name.parse().map(Some).map_err(|error: Error| {
        Error::new(ErrorKind::Corrupt, "a dump has a name that was never given").caused_by(&error)
    })
}

pub(crate) fn catalog(database: &Database, id: &StoredId) -> Result<Catalog> {
    let Some((day, id)) = key(id) else {
        return Ok(Catalog::default());
    };
    database.with(|session| {
        let mut catalog = Catalog::default();
        for row in session.query(CATALOG, &[&day, &id])? {
            let part = match session.get::<i32>(&row, "part")? {
                1 => Part::RawCrash,
                3 => Part::ProcessedCrash,
                _ => match dump_name(session, &row)? {
                    Some(name) => Part::Dump(name),
                    None => continue,
                },
            };
            let size: i64 = session.get(&row, "size")?;
            catalog.entries.push(CatalogEntry {
                part,
                size: u64::try_from(size).ok(),
            });
        }
        Ok(catalog)
    })
}

pub(crate) fn list(database: &Database, request: &ListRequest) -> Result<ListPage> {
    let (mut from, to) = (Day::from(request.from), Day::from(request.to));
    // Less than every id: none that ends in a date is all zeros.
    let mut after = Id([0; 16]);
    if let Some((day, id)) = request.after.as_ref().and_then(cursor)
        && day >= from
    {
        (from, after) = (day, id);
    }
    let limit = request.limit.min(PAGE);
    if from > to || limit == 0 {
        return Ok(ListPage::default());
    }
    database.with(|session| {
        let one_more = i64::from(limit) + 1;
        let rows = session.query(LIST, &[&from, &to, &after, &one_more])?;
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            ids.push(StoredId::Crash(stored(session.get(row, "crash_id")?)?));
        }
        let more = ids.len() > limit as usize;
        ids.truncate(limit as usize);
        Ok(ListPage { ids, more })
    })
}

/// A list goes on behind this. An id that only old data has is none of ours, but has its place among them.
fn cursor(after: &StoredId) -> Option<(Day, Id)> {
    Some((after.date()?.into(), lower_bound(after.as_str())?))
}

fn stored(id: Id) -> Result<CrashId> {
    id.text().parse().map_err(|error: Error| {
        Error::new(
            ErrorKind::Corrupt,
            "a row has an id that no crash can have; somebody wrote it by hand",
        )
        .caused_by(&error)
    })
}

pub(crate) fn delete(database: &Database, id: &StoredId) -> Result<()> {
    let Some((day, id)) = key(id) else {
        return Ok(());
    };
    let deleted = database.transaction("delete", |session| {
        for sql in DELETE {
            session.execute(sql, &[&day, &id])?;
        }
        session.execute(DELETE_QUEUED, &[&id])?;
        Ok(())
    });
    match deleted {
        // The answer to the commit was lost: is it gone?
        Err(error) if error.applied() != socorro_core::error::Applied::No => {
            let left = database.with(|session| session.query(ANYTHING_LEFT, &[&day, &id]));
            match left {
                Ok(rows) if rows.is_empty() => Ok(()),
                _ => Err(error),
            }
        }
        other => other,
    }
}
