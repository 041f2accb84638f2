//! Makes and updates the schema.
//!
//! 1. The version is read without a lock. Is it the one known here, that is all.
//! 2. *There is none, or an older one, and `migrate` is false:* `InvalidConfig`, saying who has to do what.
//!    *It is newer:* `InvalidConfig`; an older plugin must not write what a newer one has laid out differently.
//! 3. One transaction takes the lock of the schema, reads the version again, and runs the missing steps. Who
//!    comes second waits, and then finds nothing to do. *Fails* or is killed: nothing was changed.

use socorro_core::{Error, ErrorKind, Result};

use super::quoted;
use crate::config::{Access, Partition, invalid};
use crate::connection::{Database, Session};

/// What leads from each version to the next.
const STEPS: [&str; 1] = [include_str!("schema_1.sql")];

/// The version this plugin knows.
const VERSION: i32 = STEPS.len() as i32;

const STATE: &str = "SELECT
    current_setting('server_encoding') AS encoding,
    EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS has_schema,
    EXISTS (SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname = $1 AND relname = 'layout') AS has_layout,
    current_setting('fsync') = 'on' AS syncs";

/// What is there.
struct State {
    has_schema: bool,
    /// The version and how many days a partition holds; `None` without a schema.
    layout: Option<(i32, i32)>,
}

/// Sees to the schema; returns how much of time one partition holds.
pub(crate) fn open(database: &Database, access: &Access) -> Result<Partition> {
    let state = database.with(|session| read(session, &access.schema))?;
    let days = match state.layout {
        Some((VERSION, days)) => days,
        found => {
            refuse_newer(found, access)?;
            if !access.migrate {
                return Err(behind(found, access));
            }
            database.transaction("migrate", |session| migrate(session, access))?
        }
    };
    let partition = if days == Partition::Day.days() {
        Partition::Day
    } else {
        Partition::Week
    };
    match access.partition {
        Some(wanted) if wanted != partition => Err(invalid(format!(
            "schema {:?} of {} has partitions of {days} days since it was made; leave `partition` out, or use another schema",
            access.schema,
            database.endpoint()
        ))),
        _ => Ok(partition),
    }
}

fn read(session: &mut Session, schema: &str) -> Result<State> {
    let Some(row) = session.query_first(STATE, &[&schema])? else {
        return Err(Error::new(
            ErrorKind::Internal,
            "the server answers a question without a row",
        ));
    };
    let encoding: &str = session.get(&row, "encoding")?;
    if encoding != "UTF8" {
        return Err(invalid(format!(
            "the database has encoding {encoding}; create one with ENCODING 'UTF8', jsonb needs it"
        )));
    }
    if !session.get::<bool>(&row, "syncs")? {
        tracing::warn!(
            "the server runs with fsync = off: what it acknowledges does not survive a power loss"
        );
    }
    let layout = if session.get(&row, "has_layout")? {
        version(session)?
    } else {
        None
    };
    Ok(State {
        has_schema: session.get(&row, "has_schema")?,
        layout,
    })
}

fn version(session: &mut Session) -> Result<Option<(i32, i32)>> {
    let Some(row) = session.query_first("SELECT version, days FROM layout", &[])? else {
        return Ok(None);
    };
    Ok(Some((
        session.get(&row, "version")?,
        session.get(&row, "days")?,
    )))
}

/// In a transaction. Returns the days of a partition.
fn migrate(session: &mut Session, access: &Access) -> Result<i32> {
    // The same key as the schema's own function `lock_key`.
    session.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('socorro ' || $1::text, 0))",
        &[&access.schema],
    )?;
    let state = read(session, &access.schema)?;
    refuse_newer(state.layout, access)?;
    let schema = quoted(&access.schema);
    // Asking for a schema that is there already takes the right to make one.
    if !state.has_schema {
        session.run(&format!("CREATE SCHEMA {schema}"))?;
    }
    let (from, days) = match state.layout {
        Some(layout) => layout,
        None => {
            let days = access.partition.unwrap_or_default().days();
            session.run(&format!(
                "CREATE TABLE layout (version integer NOT NULL, days integer NOT NULL);
                 COMMENT ON TABLE layout IS 'The version of this schema, and how many days a partition holds.';
                 INSERT INTO layout VALUES (0, {days})"
            ))?;
            (0, days)
        }
    };
    let missing = usize::try_from(from).unwrap_or_default();
    for step in STEPS.iter().skip(missing) {
        session.run(step)?;
    }
    session.run(&format!("UPDATE layout SET version = {VERSION}"))?;
    if from != VERSION {
        tracing::info!(
            schema = access.schema,
            from,
            to = VERSION,
            "schema migrated"
        );
    }
    Ok(days)
}

fn refuse_newer(layout: Option<(i32, i32)>, access: &Access) -> Result<()> {
    match layout {
        Some((version, _)) if version > VERSION => Err(invalid(format!(
            "schema {:?} has version {version}, this plugin knows {VERSION}; use a newer plugin",
            access.schema
        ))),
        _ => Ok(()),
    }
}

fn behind(layout: Option<(i32, i32)>, access: &Access) -> Error {
    let found = layout.map_or("is not there".to_owned(), |(version, _)| {
        format!("has version {version}")
    });
    invalid(format!(
        "schema {:?} {found}, version {VERSION} is needed, and `migrate` is false; run `socorro config check --connect` once with `migrate = true` and the schema's owner in `url`",
        access.schema
    ))
}
