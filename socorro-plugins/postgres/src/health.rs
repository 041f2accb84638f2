//! Whether the server can be used, told apart.

use socorro_core::storage::{Check, Health};
use socorro_core::{ErrorKind, Result};

use crate::connection::{Database, Session};

const STATE: &str = "
    SELECT current_setting('server_version') AS version, current_user::text AS who,
        current_setting('transaction_read_only') = 'on' AS read_only,
        to_regclass('layout') IS NULL AS is_missing,
        (SELECT string_agg(lacking, ', ') FROM (
            SELECT format('%s on %s', privilege, name) AS lacking
            FROM unnest(ARRAY['raw_crash', 'dump', 'processed_crash', 'new_crash']) AS name,
                 unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
            WHERE NOT (name = 'dump' AND privilege = 'UPDATE')
              AND NOT coalesce(has_table_privilege(to_regclass(name), privilege), false)
            UNION ALL
            SELECT format('EXECUTE on %s', proname) FROM pg_proc
            WHERE pronamespace = to_regnamespace(quote_ident(current_schema())) AND proname = 'ensure_partition'
              AND NOT has_function_privilege(oid, 'EXECUTE')
        ) AS lacking) AS lacking";

/// Asks the server. An error is an answer, too.
pub(crate) fn health(database: &Database) -> Health {
    // A connection that waited may have died meanwhile; a new one says how things are now.
    let answer = database.with(state).or_else(|error| match error.kind() {
        ErrorKind::Unavailable => database.with(state),
        _ => Err(error),
    });
    match answer {
        Ok(writable) => Health {
            reachable: Check::Ok,
            authenticated: Check::Ok,
            writable,
        },
        Err(error) => {
            let why = error.to_string();
            match error.kind() {
                ErrorKind::PermissionDenied => Health {
                    reachable: Check::Ok,
                    authenticated: Check::Failed(why),
                    writable: Check::Unknown,
                },
                // The database is not there: somebody said so, and after asking who we are.
                ErrorKind::InvalidConfig if why.contains("SQLSTATE") => Health {
                    reachable: Check::Ok,
                    authenticated: Check::Ok,
                    writable: Check::Failed(why),
                },
                _ => Health::unreachable(why),
            }
        }
    }
}

fn state(session: &mut Session) -> Result<Check> {
    let Some(row) = session.query_first(STATE, &[])? else {
        return Ok(Check::Unknown);
    };
    let version: &str = session.get(&row, "version")?;
    let server = format!("PostgreSQL {version}");
    if session.get(&row, "is_missing")? {
        return Ok(Check::Failed(format!(
            "{server}: the schema is not there, or this user may not use it; see docs/postgres.md"
        )));
    }
    if session.get(&row, "read_only")? {
        return Ok(Check::Failed(format!(
            "{server} is read-only: a standby, or default_transaction_read_only is on"
        )));
    }
    Ok(match session.get::<Option<&str>>(&row, "lacking")? {
        None => Check::Ok,
        Some(lacking) => {
            let who: &str = session.get(&row, "who")?;
            Check::Failed(format!(
                "{server}: user {who} lacks {lacking}; see docs/postgres.md"
            ))
        }
    })
}
