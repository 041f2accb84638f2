//! The statements on queues of new crashes.
//!
//! A row is *waiting* when its `due` has come, *resting* until then, *out* when it has a `lease` and its `due`,
//! the end of that lease, is to come, and *dead* when it says so. A lease that has run out makes its row waiting
//! again by itself.

use std::time::Duration;

use socorro_core::Result;

use crate::connection::Session;
use crate::layout::{Day, Id};

/// In the order of ids. What is out is marked, so that acknowledging the old content does not lose the new.
const PUSH: &str = "
    INSERT INTO new_crash AS old (queue, crash_id, crash_date, priority)
    SELECT $1, id, day, $4 FROM unnest($2::uuid[], $3::date[]) AS new (id, day)
    ON CONFLICT (crash_id, queue) DO UPDATE SET
        priority = least(old.priority, excluded.priority),
        renewed = old.lease IS NOT NULL AND old.due > now(),
        lease = CASE WHEN old.due > now() THEN old.lease END,
        due = CASE WHEN old.lease IS NOT NULL AND old.due > now() THEN old.due ELSE now() END,
        attempts = CASE WHEN old.lease IS NOT NULL AND old.due > now() THEN old.attempts ELSE 0 END,
        dead = false, reason = NULL";

/// The rows that were handed out too often are dead; the first of the others are handed out.
const TAKE: &str = "
    WITH buried AS (
        UPDATE new_crash SET dead = true, lease = NULL,
            reason = coalesce(reason, 'handed out too often and never settled')
        WHERE queue = $1 AND NOT dead AND due <= now() AND attempts >= $5
    ), next AS (
        SELECT crash_id FROM new_crash
        WHERE queue = $1 AND NOT dead AND due <= now() AND attempts < $5
        ORDER BY priority, number
        FOR UPDATE SKIP LOCKED LIMIT $2
    ), numbered AS (
        SELECT crash_id, $3::bigint + row_number() OVER () AS lease FROM next
    )
    UPDATE new_crash AS taken
    SET lease = numbered.lease, holder = $4, attempts = attempts + 1, renewed = false,
        due = now() + $6::float8 * interval '1 millisecond'
    FROM numbered
    WHERE taken.queue = $1 AND taken.crash_id = numbered.crash_id
    RETURNING taken.crash_id, taken.lease, taken.priority, taken.number";

const ACK: &str = "
    DELETE FROM new_crash USING unnest($2::uuid[], $3::bigint[]) AS out (id, lease)
    WHERE queue = $1 AND crash_id = out.id AND new_crash.lease = out.lease AND NOT renewed";

const ACK_RENEWED: &str = "
    UPDATE new_crash SET lease = NULL, renewed = false, attempts = 0, due = now()
    FROM unnest($2::uuid[], $3::bigint[]) AS out (id, lease)
    WHERE queue = $1 AND crash_id = out.id AND new_crash.lease = out.lease AND renewed";

const NACK: &str = "
    UPDATE new_crash SET lease = NULL, renewed = false, reason = out.reason,
        dead = attempts >= $5 AND NOT renewed,
        attempts = CASE WHEN renewed THEN 0 ELSE attempts END,
        due = CASE WHEN renewed THEN now() ELSE now() + $6::float8 * interval '1 millisecond' END
    FROM unnest($2::uuid[], $3::bigint[], $4::text[]) AS out (id, lease, reason)
    WHERE queue = $1 AND crash_id = out.id AND new_crash.lease = out.lease";

const GIVE_BACK: &str = "
    UPDATE new_crash SET lease = NULL, renewed = false, due = now(), attempts = greatest(attempts - 1, 0)
    FROM unnest($2::uuid[], $3::bigint[]) AS out (id, lease)
    WHERE queue = $1 AND crash_id = out.id AND new_crash.lease = out.lease";

const RENEW: &str = "
    UPDATE new_crash SET due = now() + $4::float8 * interval '1 millisecond'
    FROM unnest($2::uuid[], $3::bigint[]) AS out (id, lease)
    WHERE queue = $1 AND crash_id = out.id AND new_crash.lease = out.lease";

/// One delivery: the crash and the lease that names it.
pub(crate) type Out = (Id, i64);

/// A crash that was taken.
pub(crate) struct Taken {
    pub(crate) id: Id,
    pub(crate) lease: i64,
}

/// What a source goes by.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) queue: String,
    pub(crate) lease: Duration,
    pub(crate) rest: Duration,
    pub(crate) attempts: i32,
    /// Who has what is out, for a person who looks at the table.
    pub(crate) holder: String,
}

/// Puts crashes into a queue, in the transaction that saves them.
pub(crate) fn push(
    session: &mut Session,
    queue: &str,
    rank: i16,
    crashes: &[(Day, Id)],
) -> Result<()> {
    if crashes.is_empty() {
        return Ok(());
    }
    let (days, ids): (Vec<Day>, Vec<Id>) = crashes.iter().copied().unzip();
    session.execute(PUSH, &[&queue, &ids, &days, &rank])?;
    Ok(())
}

/// Takes up to `max` that wait. Their leases are the numbers after `lease`.
pub(crate) fn take(
    session: &mut Session,
    terms: &Terms,
    max: usize,
    lease: i64,
) -> Result<Vec<Taken>> {
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let rows = session.query(
        TAKE,
        &[
            &terms.queue,
            &max,
            &lease,
            &terms.holder,
            &terms.attempts,
            &millis(terms.lease),
        ],
    )?;
    let mut taken = Vec::with_capacity(rows.len());
    for row in &rows {
        let order: (i16, i64) = (session.get(row, "priority")?, session.get(row, "number")?);
        let one = Taken {
            id: session.get(row, "crash_id")?,
            lease: session.get(row, "lease")?,
        };
        taken.push((order, one));
    }
    taken.sort_by_key(|(order, _)| *order);
    Ok(taken.into_iter().map(|(_, one)| one).collect())
}

/// Forgets these; one that was saved again meanwhile is new again.
pub(crate) fn ack(session: &mut Session, terms: &Terms, out: &[Out]) -> Result<()> {
    let (ids, leases): (Vec<Id>, Vec<i64>) = out.iter().copied().unzip();
    let gone = session.execute(ACK, &[&terms.queue, &ids, &leases])?;
    if gone < out.len() as u64 {
        session.execute(ACK_RENEWED, &[&terms.queue, &ids, &leases])?;
    }
    Ok(())
}

/// Lets these rest, or buries them.
pub(crate) fn nack(
    session: &mut Session,
    terms: &Terms,
    out: &[Out],
    reasons: &[String],
) -> Result<()> {
    let (ids, leases): (Vec<Id>, Vec<i64>) = out.iter().copied().unzip();
    session.execute(
        NACK,
        &[
            &terms.queue,
            &ids,
            &leases,
            &reasons,
            &terms.attempts,
            &millis(terms.rest),
        ],
    )?;
    Ok(())
}

/// Nobody tried these.
pub(crate) fn give_back(session: &mut Session, terms: &Terms, out: &[Out]) -> Result<()> {
    let (ids, leases): (Vec<Id>, Vec<i64>) = out.iter().copied().unzip();
    session.execute(GIVE_BACK, &[&terms.queue, &ids, &leases])?;
    Ok(())
}

/// These are still at work; returns how many were still ours.
pub(crate) fn renew(session: &mut Session, terms: &Terms, out: &[Out]) -> Result<u64> {
    let (ids, leases): (Vec<Id>, Vec<i64>) = out.iter().copied().unzip();
    session.execute(RENEW, &[&terms.queue, &ids, &leases, &millis(terms.lease)])
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
