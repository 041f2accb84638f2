use std::sync::Arc;

use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions, BasicQosOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use socorro_core::async_trait;
use socorro_core::error::{Error, Result};
use tokio::task::AbortHandle;

use super::desk::Desk;
use super::ledger::{Command, Key, Tag};
use crate::config::Config;
use crate::connection::{Link, Open, Target};
use crate::failure::Doing;
use crate::layout;
use crate::limit::Limit;

/// Makes the connection that consumes.
pub(super) struct Opener {
    pub(super) target: Target,
    pub(super) config: Config,
    pub(super) queues: Vec<String>,
    pub(super) desk: Arc<Desk>,
}

/// The connection that consumes: one channel, a consumer for each queue.
pub(super) struct Consuming {
    number: u64,
    pub(super) link: Link,
    channel: Channel,
    prefetch: u16,
    queues: Vec<String>,
    desk: Arc<Desk>,
    pumps: Vec<AbortHandle>,
    /// One at a time pulls.
    pulling: tokio::sync::Mutex<()>,
}

#[async_trait]
impl Open for Opener {
    type Opened = Consuming;

    async fn open(&self, limit: Limit) -> Result<Consuming> {
        // A broker leaves a consumer unanswered while its queue has no leader, as when it is just starting.
        let limit = limit.within(self.config.connect_timeout.0);
        let link = Link::open(&self.target, limit).await?;
        let started = limit.run(self.start(&link)).await;
        let (channel, consumers) = started
            .ok_or_else(|| self.late())?
            .map_err(|error| self.target.failures.of(&error, Doing::Consuming))?;
        let number = self.desk.ledger().attach();
        let pump = |(queue, consumer)| {
            tokio::spawn(pump(Arc::clone(&self.desk), number, queue, consumer)).abort_handle()
        };
        Ok(Consuming {
            number,
            link,
            channel,
            prefetch: self.config.prefetch,
            queues: self.queues.clone(),
            pumps: consumers.into_iter().enumerate().map(pump).collect(),
            desk: Arc::clone(&self.desk),
            pulling: tokio::sync::Mutex::new(()),
        })
    }

    fn is_alive(&self, consuming: &Consuming) -> bool {
        consuming.is_alive()
    }

    fn late(&self) -> Error {
        self.target.failures.late(
            "to connect and look at the queues",
            self.config.connect_timeout.0,
        )
    }
}

impl Opener {
    /// Connects and looks at the queues, without consuming yet.
    pub(super) async fn check(&self, limit: Limit) -> Result<()> {
        let link = Link::open(&self.target, limit).await?;
        let prepared = limit.run(self.prepare(&link)).await;
        prepared
            .ok_or_else(|| self.late())?
            .map_err(|error| self.target.failures.of(&error, Doing::Preparing))?;
        link.close(limit).await;
        Ok(())
    }

    async fn prepare(&self, link: &Link) -> lapin::Result<Channel> {
        let channel = link.channel().await?;
        let queues: Vec<&str> = self.queues.iter().map(String::as_str).collect();
        layout::prepare(&self.config, &channel, &queues).await?;
        Ok(channel)
    }

    async fn start(&self, link: &Link) -> lapin::Result<(Channel, Vec<Consumer>)> {
        let channel = self.prepare(link).await?;
        channel
            .basic_qos(self.config.prefetch, BasicQosOptions::default())
            .await?;
        let mut consumers = Vec::new();
        for queue in &self.queues {
            let consumer = channel.basic_consume(
                queue.as_str().into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            );
            consumers.push(consumer.await?);
        }
        Ok((channel, consumers))
    }
}

impl Consuming {
    /// Which connection of its source it is, counted from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn is_alive(&self) -> bool {
        self.link.is_alive()
            && self.channel.status().connected()
            && self.desk.lost(self.number).is_none()
    }

    /// Tells the broker, if it still is the connection that the message came by.
    pub(super) async fn tell(&self, command: Command) -> lapin::Result<()> {
        match command {
            Command::Ack(tag) if tag.connection == self.number => {
                self.channel
                    .basic_ack(tag.number, BasicAckOptions::default())
                    .await
            }
            Command::Requeue(tag) if tag.connection == self.number => {
                let options = BasicNackOptions {
                    requeue: true,
                    multiple: false,
                };
                self.channel.basic_nack(tag.number, options).await
            }
            Command::Ack(_) | Command::Requeue(_) => Ok(()),
        }
    }

    /// Returns when the broker has dealt with everything that this channel was told, and everything that it
    /// sent before has arrived.
    pub(super) async fn settle_down(&self) -> lapin::Result<()> {
        self.channel
            .basic_qos(self.prefetch, BasicQosOptions::default())
            .await
    }

    /// Fetches up to `max` messages that the broker has not sent by itself. To be run to its end: what it fetched
    /// is not to be lost.
    pub(super) async fn pull(self: Arc<Self>, max: usize) -> lapin::Result<()> {
        let _one_at_a_time = self.pulling.lock().await;
        let mut left = max;
        for (queue, name) in self.queues.iter().enumerate() {
            while left > 0 {
                let got = self
                    .channel
                    .basic_get(name.as_str().into(), BasicGetOptions::default())
                    .await?;
                let Some(message) = got else { break };
                left -= 1;
                arrive(&self.desk, self.number, queue, message.delivery).await;
            }
        }
        self.settle_down().await
    }

    pub(super) async fn close(&self, limit: Limit) {
        if limit
            .run(self.channel.close(200, "closed by its owner".into()))
            .await
            .is_none()
        {
            tracing::debug!("the broker did not answer the end of the channel");
        }
        self.link.close(limit).await;
    }
}

impl Drop for Consuming {
    fn drop(&mut self) {
        for pump in &self.pumps {
            pump.abort();
        }
        self.desk.lose(self.number, None);
    }
}

/// Carries what one consumer gets to the desk, until the connection or the consumer ends.
async fn pump(desk: Arc<Desk>, connection: u64, queue: usize, mut consumer: Consumer) {
    while let Some(message) = consumer.next().await {
        match message {
            Ok(message) => arrive(&desk, connection, queue, message).await,
            Err(error) => return desk.lose(connection, Some(error)),
        }
    }
    desk.lose(connection, None);
}

async fn arrive(desk: &Desk, connection: u64, queue: usize, message: lapin::message::Delivery) {
    let number = message.delivery_tag;
    let Some(id) = layout::id_of(&message.data) else {
        tracing::warn!(
            body = layout::excerpt(&message.data),
            "a message names no crash; it is rejected, and goes to the dead letters if its queue has any"
        );
        // When the connection is lost meanwhile, it comes again and is rejected again.
        let _ = message
            .acker
            .reject(lapin::options::BasicRejectOptions { requeue: false })
            .await;
        return;
    };
    let mark = layout::mark_of(&message.properties).map(Into::into);
    let tag = Tag { connection, number };
    let command = desk
        .ledger()
        .arrive(Key { queue, id, mark }, tag, message.redelivered);
    if let Some(Command::Ack(_)) = command {
        let _ = message.acker.ack(BasicAckOptions::default()).await;
    }
    desk.tell();
}
