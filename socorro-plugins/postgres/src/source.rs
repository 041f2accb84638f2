use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socorro_core::crash::StoredId;
use socorro_core::plugin::author::{OpenContext, SourcePlugin};
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement, Token};
use socorro_core::{Context, Error, ErrorKind, Result, async_trait};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::config::{self, SourceConfig};
use crate::connection::{Batchable, Batcher, Database, Pool, Waiter};
use crate::layout::Id;
use crate::queue::{self, Out, Taken, Terms};
use crate::storage::open;

/// The most crashes that one statement takes.
const MOST: usize = 1000;

/// New crashes from a queue in PostgreSQL.
///
/// 1. [`receive`](NewCrashSource::receive) takes what waits, by priority and then by age, passing over what
///    others are taking at the same moment. Each gets a lease: a number that names this delivery, and an end.
/// 2. Leases of what is out are renewed every third of their time for as long as the instance lives. *The server
///    cannot be reached for so long that one runs out, or the process dies:* another takes the crash.
/// 3. Settling goes by the lease. *It has run out and somebody else has the crash:* nothing happens, and
///    that is no error. What was saved again while it was out is new again after it was acknowledged.
/// 4. A receive that was dropped after it took something gives it back; so does closing.
pub struct PostgresSource {
    name: String,
    pool: Arc<Pool>,
    desk: Arc<Desk>,
    poll: Duration,
    settlements: Arc<Batcher<Settled>>,
    renewal: JoinHandle<()>,
}

/// What is out.
struct Desk {
    terms: Terms,
    /// The last lease given. Begins at random, so that no two instances ever give the same.
    last: AtomicI64,
    out: Mutex<HashMap<i64, Id>>,
    /// Something was given back or refused: it may be had again.
    given_back: Notify,
}

/// One settlement.
struct Settled {
    out: Out,
    settlement: Settlement,
}

impl Batchable for Settled {
    fn weight(&self) -> usize {
        1
    }

    fn goes_with(&self, other: &Self) -> bool {
        self.out != other.out
    }
}

impl Desk {
    fn out(&self) -> MutexGuard<'_, HashMap<i64, Id>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<Out> {
        let mut all: Vec<Out> = self.out().iter().map(|(lease, id)| (*id, *lease)).collect();
        all.sort_unstable();
        all
    }

    fn next_leases(&self, count: usize) -> i64 {
        self.last.fetch_add(count as i64, Ordering::Relaxed)
    }
}

/// What was taken, until it is handed out: given back when the receive is dropped before.
struct Handful {
    taken: Vec<Taken>,
    desk: Arc<Desk>,
    pool: std::sync::Weak<Pool>,
}

impl Handful {
    fn hand_out(mut self) -> Result<Vec<Delivery>> {
        let mut deliveries = Vec::with_capacity(self.taken.len());
        for one in &self.taken {
            let id: StoredId = one.id.text().parse().map_err(|error: Error| {
                Error::new(
                    ErrorKind::Corrupt,
                    format!(
                        "queue {:?} holds what is no crash id; delete that row",
                        self.desk.terms.queue
                    ),
                )
                .caused_by(&error)
            })?;
            deliveries.push(Delivery {
                id,
                token: Token(one.lease.cast_unsigned()),
            });
        }
        self.desk
            .out()
            .extend(self.taken.drain(..).map(|one| (one.lease, one.id)));
        Ok(deliveries)
    }
}

impl Drop for Handful {
    fn drop(&mut self) {
        if self.taken.is_empty() {
            return;
        }
        let out: Vec<Out> = self.taken.iter().map(|one| (one.id, one.lease)).collect();
        let desk = Arc::clone(&self.desk);
        let submitted = self.pool.upgrade().map(|pool| {
            pool.submit(move |database| {
                let given_back =
                    database.with(|session| queue::give_back(session, &desk.terms, &out));
                if let Err(error) = given_back {
                    tracing::warn!(%error, "crashes could not be given back; their leases will run out");
                }
                desk.given_back.notify_waiters();
            })
        });
        if !matches!(submitted, Some(Ok(()))) {
            tracing::warn!("crashes could not be given back; their leases will run out");
        }
    }
}

impl PostgresSource {
    async fn take(&self, cx: &Context, max: usize) -> Result<Vec<Delivery>> {
        let (desk, pool) = (Arc::clone(&self.desk), Arc::downgrade(&self.pool));
        let handful = self.pool.ask(cx, move |database| {
            let first = desk.next_leases(max);
            let taken = database.with(|session| queue::take(session, &desk.terms, max, first))?;
            Ok(Handful { taken, desk, pool })
        });
        handful.await?.hand_out()
    }

    fn named<T>(&self, operation: &'static str, done: Result<T>) -> Result<T> {
        done.map_err(|error| error.in_operation(operation).at_storage(&self.name))
    }
}

#[async_trait]
impl SourcePlugin for PostgresSource {
    type Config = SourceConfig;

    async fn open(config: SourceConfig, cx: &OpenContext) -> Result<Self> {
        config::check_queue(&config.queue)?;
        for (option, value) in [("lease", config.lease), ("poll", config.poll)] {
            if value.0 < Duration::from_millis(1) {
                return Err(config::invalid(format!(
                    "{option} must be longer than zero"
                )));
            }
        }
        let (pool, _) = open(config.access(), &cx.name).await?;
        let desk = Arc::new(Desk {
            terms: Terms {
                queue: config.queue.clone(),
                lease: config.lease.0,
                rest: config.redeliver_after.0,
                attempts: i32::try_from(config.max_attempts).unwrap_or(i32::MAX),
                holder: format!("{} of process {}", cx.name, std::process::id()),
            },
            last: AtomicI64::new(somewhere()),
            out: Mutex::default(),
            given_back: Notify::new(),
        });
        let renewal = tokio::spawn(renew(
            Arc::downgrade(&pool),
            Arc::clone(&desk),
            config.lease.0 / 3,
        ));
        Ok(Self {
            name: cx.name.clone(),
            pool,
            desk,
            poll: config.poll.0,
            settlements: Batcher::new(MOST),
            renewal,
        })
    }
}

/// A random number with room above it.
fn somewhere() -> i64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    (hasher.finish() >> 2).cast_signed()
}

/// Renews the leases of what is out.
async fn renew(pool: std::sync::Weak<Pool>, desk: Arc<Desk>, every: Duration) {
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (Some(pool), desk) = (pool.upgrade(), Arc::clone(&desk)) else {
            return;
        };
        let cx = Context::new();
        let renewed = pool.ask(&cx, move |database| {
            let out = desk.all();
            if out.is_empty() {
                return Ok(());
            }
            let kept = database.with(|session| queue::renew(session, &desk.terms, &out))?;
            if kept < out.len() as u64 {
                let lost = out.len() as u64 - kept;
                // Those settled between the two are among them.
                tracing::debug!(
                    lost,
                    "leases were not renewed: settled meanwhile, or run out"
                );
            }
            Ok(())
        });
        if let Err(error) = renewed.await {
            tracing::warn!(%error, "leases could not be renewed; what is out may be handed out twice");
        }
    }
}

#[async_trait]
impl NewCrashSource for PostgresSource {
    async fn receive(&self, cx: &Context, request: Receive) -> Result<Vec<Delivery>> {
        let max = request.max.get().min(MOST);
        let end = Instant::now().checked_add(request.wait);
        loop {
            // Made before looking: it sees what is given back from here on.
            let given_back = self.desk.given_back.notified();
            let deliveries = self.named("receive", self.take(cx, max).await)?;
            let left = end.map_or(self.poll, |end| {
                end.saturating_duration_since(Instant::now())
            });
            if !deliveries.is_empty() || left.is_zero() {
                return Ok(deliveries);
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(self.poll)) => {}
                () = given_back => {}
            }
        }
    }

    async fn settle(&self, cx: &Context, token: Token, settlement: Settlement) -> Result<()> {
        let lease = token.0.cast_signed();
        let Some(id) = self.desk.out().get(&lease).copied() else {
            return Ok(());
        };
        let item = Settled {
            out: (id, lease),
            settlement,
        };
        let desk = Arc::clone(&self.desk);
        let settled = self
            .settlements
            .ask(&self.pool, cx, item, move |database, batch| {
                settle(database, &desk, batch);
            });
        self.named("settle", settled.await)
    }

    async fn close(&self, cx: &Context) -> Result<()> {
        self.renewal.abort();
        let desk = Arc::clone(&self.desk);
        let given_back = self.pool.ask(cx, move |database| {
            let out = desk.all();
            if out.is_empty() {
                return Ok(());
            }
            database.with(|session| queue::give_back(session, &desk.terms, &out))
        });
        let given_back = given_back.await;
        let closed = self.pool.close(cx).await;
        self.named("close", given_back.and(closed))
    }
}

impl Drop for PostgresSource {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Settles these in one transaction, or each by itself when that fails, and answers each.
fn settle(database: &Database, desk: &Desk, batch: Vec<Waiter<Settled>>) {
    let (mut items, tickets): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let all: Vec<&Settled> = items.iter().collect();
    let together = write(database, &desk.terms, &all);
    let outcomes: Vec<Result<()>> = match together {
        Err(error) if items.len() > 1 && error.kind() != ErrorKind::Unavailable => items
            .iter()
            .map(|item| write(database, &desk.terms, &[item]))
            .collect(),
        other => items.iter().map(|_| other.clone()).collect(),
    };
    for ((item, ticket), outcome) in items.drain(..).zip(tickets).zip(outcomes) {
        if outcome.is_ok() {
            desk.out().remove(&item.out.1);
        }
        // Whoever gave up meanwhile needs no answer.
        let _ = ticket.answer(outcome);
    }
    desk.given_back.notify_waiters();
}

fn write(database: &Database, terms: &Terms, items: &[&Settled]) -> Result<()> {
    let (mut acks, mut back) = (Vec::new(), Vec::new());
    let (mut nacks, mut reasons) = (Vec::new(), Vec::new());
    for item in items {
        match &item.settlement {
            Settlement::Ack => acks.push(item.out),
            Settlement::GiveBack => back.push(item.out),
            Settlement::Nack { reason } => {
                nacks.push(item.out);
                // The one character that text in PostgreSQL cannot have.
                reasons.push(reason.replace('\0', "\u{fffd}"));
            }
        }
    }
    acks.sort_unstable();
    database.transaction("settle", |session| {
        if !acks.is_empty() {
            queue::ack(session, terms, &acks)?;
        }
        if !nacks.is_empty() {
            queue::nack(session, terms, &nacks, &reasons)?;
        }
        if !back.is_empty() {
            queue::give_back(session, terms, &back)?;
        }
        Ok(())
    })
}
