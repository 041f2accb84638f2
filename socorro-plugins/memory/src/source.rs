use std::sync::Arc;

use async_trait::async_trait;
use socorro_core::plugin::author::{OpenContext, SourcePlugin};
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement, Token};
use socorro_core::{Context, Result};

use crate::config::MemorySourceConfig;
use crate::queue::Queue;

/// A source of the raw crashes that were saved, new or with other bytes than before, into the memory storages
/// of the same queue.
///
/// Several sources may share a queue. A crash that was nacked waits until another source of the queue is
/// opened; one that is out when its source is closed or dropped is given back. One that is replaced while it
/// is out comes again after its ack.
pub struct MemorySource {
    queue: Arc<Queue>,
    instance: u64,
}

impl MemorySource {
    /// A source of this queue.
    ///
    /// `InvalidConfig` when the queue's name is empty.
    pub fn new(config: &MemorySourceConfig) -> Result<Self> {
        let queue = Queue::named(&config.queue)?;
        let instance = queue.attach();
        Ok(Self { queue, instance })
    }
}

#[async_trait]
impl NewCrashSource for MemorySource {
    async fn receive(&self, cx: &Context, request: Receive) -> Result<Vec<Delivery>> {
        let wait = cx
            .remaining()
            .map_or(request.wait, |left| left.min(request.wait));
        let taken = self.queue.take(request.max.get(), self.instance);
        // Looks at the queue before it looks at the time, so that a wait of zero takes what is there.
        Ok(tokio::time::timeout(wait, taken).await.unwrap_or_default())
    }

    async fn settle(&self, _cx: &Context, token: Token, settlement: Settlement) -> Result<()> {
        self.queue.settle(self.instance, token, settlement);
        Ok(())
    }

    async fn close(&self, _cx: &Context) -> Result<()> {
        self.queue.detach(self.instance);
        Ok(())
    }
}

impl Drop for MemorySource {
    fn drop(&mut self) {
        self.queue.detach(self.instance);
    }
}

#[async_trait]
impl SourcePlugin for MemorySource {
    type Config = MemorySourceConfig;

    async fn open(config: Self::Config, _cx: &OpenContext) -> Result<Self> {
        Self::new(&config)
    }
}
