use std::sync::Arc;
use std::time::{Duration, SystemTime};

use socorro_core::async_trait;
use socorro_core::context::Context;
use socorro_core::error::{Error, ErrorKind, Result};
use socorro_core::plugin::Resource;
use socorro_core::plugin::author::{OpenContext, SourcePlugin};
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement, Token};
use tokio::time::Instant;

use crate::blocking::Blocking;
use crate::config::SourceConfig;
use crate::disk::{Disk, RealDisk};
use crate::source_tree::{Held, Nacked, NewCrashes};
use crate::store::{Clock, Store};

/// The new crashes of a storage with layout `dated_radix`: those whose link is in the date tree.
///
/// One source at a time takes crashes from a tree. Others, of this process or another, wait for it to close
/// or die, and then take over; so does the next instance during a reload.
pub struct FilesystemSource {
    tree: Arc<NewCrashes>,
    blocking: Blocking,
    poll: Duration,
}

impl FilesystemSource {
    pub(crate) async fn with(
        config: SourceConfig,
        name: &str,
        disk: Arc<dyn Disk>,
        clock: Clock,
    ) -> Result<Self> {
        config.check()?;
        let blocking = Blocking::new(name);
        let owner = name.to_owned();
        let rest = config.redeliver_after.0;
        let cx = Context::new();
        let opened = blocking.run(&cx, "open", None, move || {
            let store = Store::open(&config.root, config.layout, disk, clock)?;
            Ok(NewCrashes::new(store, owner, rest))
        });
        let tree = Arc::new(opened.await?);
        Ok(Self {
            tree,
            blocking,
            poll: config.poll.0,
        })
    }

    /// What can be had now. `None` while another source has the tree.
    async fn take(&self, cx: &Context, request: Receive) -> Result<Option<Vec<Delivery>>> {
        let tree = Arc::clone(&self.tree);
        let max = request.max.get();
        let draining = request.wait.is_zero();
        let nacked = if draining {
            Nacked::Keep
        } else {
            Nacked::OfferWhenDue(std::time::Instant::now())
        };
        let taken = self.blocking.run(cx, "receive", None, move || {
            match NewCrashes::lock(&tree)? {
                Held::Here => NewCrashes::take(&tree, max, nacked).map(Some),
                Held::By(holder) if draining => Err(held_elsewhere(&holder)),
                Held::By(_) => Ok(None),
            }
        });
        // From here on nothing waits: what was taken is handed out, or, if this future was dropped before,
        // has given itself back.
        Ok(taken.await?.map(crate::source_tree::Taken::hand_out))
    }
}

#[async_trait]
impl SourcePlugin for FilesystemSource {
    type Config = SourceConfig;

    fn resources(config: &SourceConfig) -> Result<Vec<Resource>> {
        config.resources()
    }

    async fn open(config: SourceConfig, cx: &OpenContext) -> Result<Self> {
        let clock = Arc::new(SystemTime::now);
        Self::with(config, &cx.name, Arc::new(RealDisk), clock).await
    }
}

#[async_trait]
impl NewCrashSource for FilesystemSource {
    async fn receive(&self, cx: &Context, request: Receive) -> Result<Vec<Delivery>> {
        let end = Instant::now().checked_add(request.wait);
        loop {
            if let Some(deliveries) = self.take(cx, request).await?
                && !deliveries.is_empty()
            {
                return Ok(deliveries);
            }
            let now = Instant::now();
            let left = end.map_or(self.poll, |end| end.saturating_duration_since(now));
            if left.is_zero() {
                return Ok(Vec::new());
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(self.poll)) => {}
                () = self.tree.given_back() => {}
            }
        }
    }

    async fn settle(&self, cx: &Context, token: Token, settlement: Settlement) -> Result<()> {
        let tree = Arc::clone(&self.tree);
        match settlement {
            Settlement::GiveBack => {
                tree.give_back(token);
                Ok(())
            }
            Settlement::Nack { reason } => {
                tree.nack(token, &reason);
                Ok(())
            }
            Settlement::Ack => {
                self.blocking
                    .run(cx, "settle", None, move || tree.ack(token))
                    .await
            }
        }
    }

    async fn close(&self, _cx: &Context) -> Result<()> {
        self.tree.close();
        Ok(())
    }
}

fn held_elsewhere(holder: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!(
            "another source takes the new crashes of this tree: {holder}; stop that one, or wait for it"
        ),
    )
    .retryable(true)
    .with_scope(socorro_core::error::Scope::Store)
}
