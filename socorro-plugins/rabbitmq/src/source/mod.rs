//! The source: new crashes out of the queues.
//!
//! | file | idea |
//! |---|---|
//! | `ledger` | which crash is where, also when connections come and go; pure |
//! | `memory` | the last acknowledgements |
//! | `turns` | whose turn it is among the queues |
//! | `desk` | the ledger between connections and receivers |
//! | `consuming` | one connection and its consumers |

mod consuming;
mod desk;
mod ledger;
mod memory;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use socorro_core::error::{Error, ErrorKind, Result};
use socorro_core::plugin::author::{OpenContext, SourcePlugin};
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement, Token};
use socorro_core::{Context, async_trait};
use tokio::time::Instant;

use crate::config::Config;
use crate::connection::{Slot, Target};
use crate::failure::Doing;
use crate::limit::Limit;
use consuming::{Consuming, Opener};
use desk::Desk;
use ledger::{Command, Ledger};

/// How often to look for more when the broker sends nothing because we have as much as we may.
const LOOK: Duration = Duration::from_millis(200);
/// How often one receive makes a connection again before it reports what ends them.
const LOSSES: u32 = 2;
/// How long a close waits for messages to arrive again whose acknowledgement was lost.
const FLUSH: Duration = Duration::from_secs(2);

/// The new crashes of up to three queues, the urgent ones first.
///
/// Any number of sources, of this or other processes, share the queues.
pub struct RabbitmqSource {
    desk: Arc<Desk>,
    consuming: Slot<Opener>,
}

#[async_trait]
impl SourcePlugin for RabbitmqSource {
    type Config = Config;

    async fn open(config: Config, cx: &OpenContext) -> Result<Self> {
        let target = Target::new(&config, format!("socorro source.{}", cx.name))?;
        let queues: Vec<String> = config
            .queues
            .by_urgency()
            .into_iter()
            .map(str::to_owned)
            .collect();
        // Half of what may be here can rest; then the other half still flows.
        let most_resting = (usize::from(config.prefetch) / 2).max(1);
        let ledger = Ledger::new(queues.len(), config.redeliver_after.0, most_resting);
        let desk = Arc::new(Desk::new(ledger));
        let limit = Limit::after(config.request_timeout.0);
        let opener = Opener {
            target,
            config,
            queues,
            desk: Arc::clone(&desk),
        };
        // It consumes from the first receive on: until then others have the crashes.
        opener.check(limit).await?;
        Ok(Self {
            desk,
            consuming: Slot::new(opener),
        })
    }
}

impl RabbitmqSource {
    fn limit(&self, cx: &Context) -> Limit {
        Limit::new(cx, self.consuming.opener().config.request_timeout.0)
    }

    /// Tells the broker. When the connection is lost, or goes with what is on its way, the ledger knows what to
    /// do when the message comes again; so there is nothing to report.
    async fn tell(&self, commands: impl IntoIterator<Item = Command>, limit: Limit) {
        // Without waiting for another connection that is being made.
        let stands = |command: &Command| self.desk.lost(command.tag().connection).is_none();
        let mut commands = commands.into_iter().filter(stands).peekable();
        if commands.peek().is_none() {
            return;
        }
        let Some(consuming) = self.consuming.current() else {
            return;
        };
        for command in commands {
            match limit.run(consuming.tell(command)).await {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    return tracing::debug!(%error, "a settlement did not reach the broker");
                }
                None => return tracing::debug!("a settlement is still on its way to the broker"),
            }
        }
    }

    /// Fetches what the broker has not sent. What it fetched is kept also when this future is dropped.
    async fn pull(&self, consuming: &Arc<Consuming>, max: usize, limit: Limit) -> Result<()> {
        let failures = &self.consuming.opener().target.failures;
        let pulling = tokio::spawn(Arc::clone(consuming).pull(max));
        match limit.run(pulling).await {
            Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(failures.of(&error, Doing::Consuming)),
            Some(Err(_)) => Err(Error::new(ErrorKind::Cancelled, "the program is ending")),
            None => Err(failures.late("to look into the queues", limit.left())),
        }
    }
}

#[async_trait]
impl NewCrashSource for RabbitmqSource {
    async fn receive(&self, cx: &Context, request: Receive) -> Result<Vec<Delivery>> {
        let wait = cx
            .remaining()
            .map_or(request.wait, |left| left.min(request.wait));
        let end = Limit::after(wait);
        let max = request.max.get();
        let prefetch = usize::from(self.consuming.opener().config.prefetch);
        let (mut connected, mut losses) = (0, 0);
        loop {
            // Made before looking: it sees every change from here on.
            let changed = self.desk.changed();
            let limit = self.limit(cx);
            let consuming = self.consuming.get(limit).await?;
            if connected != consuming.number() {
                losses += u32::from(connected != 0);
                if losses > LOSSES
                    && let Some(Some(error)) = self.desk.lost(connected)
                {
                    return Err(self
                        .consuming
                        .opener()
                        .target
                        .failures
                        .of(&error, Doing::Consuming));
                }
                connected = consuming.number();
            }
            if !request.wait.is_zero() {
                let rested = self.desk.ledger().rested(Instant::now());
                self.tell(rested, limit).await;
            }
            let taken = self.desk.ledger().take(max);
            if !taken.is_empty() {
                return Ok(taken);
            }
            let full = self.desk.ledger().is_full(prefetch);
            if request.wait.is_zero() || full {
                self.pull(&consuming, max, limit).await?;
                let taken = self.desk.ledger().take(max);
                if !taken.is_empty() || request.wait.is_zero() {
                    return Ok(taken);
                }
            }
            if end.is_over() {
                return Ok(Vec::new());
            }
            let rested = self.desk.ledger().next_rested();
            let rested = rested.map_or(Duration::MAX, |due| {
                due.saturating_duration_since(Instant::now())
            });
            let pause = if full { rested.min(LOOK) } else { rested };
            // Woken or not, everything is looked at again.
            let _ = end.within(pause).run(changed).await;
        }
    }

    async fn settle(&self, cx: &Context, token: Token, settlement: Settlement) -> Result<()> {
        let command = self
            .desk
            .ledger()
            .settle(token, &settlement, Instant::now());
        self.desk.tell();
        self.tell(command, self.limit(cx)).await;
        Ok(())
    }

    async fn close(&self, cx: &Context) -> Result<()> {
        let limit = self.limit(cx);
        self.desk.ledger().close();
        if !self.prove(limit.within(FLUSH)).await {
            self.desk.ledger().doubt();
            self.flush(limit.within(FLUSH)).await;
        }
        if let Some(Some(consuming)) = limit.run(self.consuming.take()).await {
            // What was acknowledged meanwhile reaches the broker before the channel ends.
            let _ = limit.within(FLUSH).run(consuming.settle_down()).await;
            consuming.close(limit.within(FLUSH)).await;
        }
        match self.desk.ledger().unsent() {
            0 => Ok(()),
            left => Err(Error::new(
                ErrorKind::Unavailable,
                format!(
                    "{left} acknowledgements could not be delivered; those crashes are handed out again"
                ),
            )),
        }
    }
}

impl RabbitmqSource {
    /// Has the broker heard every acknowledgement?
    async fn prove(&self, limit: Limit) -> bool {
        let Some(consuming) = self.consuming.current() else {
            let ledger = self.desk.ledger();
            return ledger.is_proven() && ledger.is_flushed();
        };
        if !consuming.is_alive()
            || !matches!(limit.run(consuming.settle_down()).await, Some(Ok(())))
        {
            return false;
        }
        let mut ledger = self.desk.ledger();
        ledger.proven();
        ledger.is_flushed()
    }

    /// Waits until messages whose acknowledgement was lost, or may have been, have come again and were acknowledged.
    async fn flush(&self, limit: Limit) {
        while !limit.is_over() {
            let changed = self.desk.changed();
            if self.desk.ledger().is_flushed() {
                return;
            }
            if let Err(error) = self.consuming.get(limit).await {
                tracing::debug!(%error, "no connection to acknowledge by; trying again");
            }
            let _ = limit.within(LOOK).run(changed).await;
        }
    }
}
