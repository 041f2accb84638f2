//! A bare loop with the client that the plugin uses: one channel, every caller waits for its own confirmation.

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer};
use socorro_benches::crashes::Crash;
use socorro_benches::servers::peer::Peer;
use socorro_core::crash::CrashId;
use socorro_testkit::services::Server;
use tokio::sync::Mutex;

use crate::{BARE, OURS, PREFETCH};

/// The bytes of an id.
const ID: usize = 36;

pub(crate) struct Bare {
    publish: Channel,
    consumer: Mutex<Consumer>,
    _connection: Connection,
}

async fn connect(server: &Server) -> Result<Connection> {
    let account = format!("://{}:{}@", server.user, server.password);
    let url = server.url.replacen("://", &account, 1);
    let properties = ConnectionProperties::default();
    Ok(Connection::connect(&url, properties).await?)
}

/// Takes the queues away.
pub(crate) async fn clean_up(server: &Server) -> Result<()> {
    let connection = connect(server).await?;
    let channel = connection.create_channel().await?;
    for queue in [BARE, OURS] {
        let delete = channel.queue_delete(queue.into(), QueueDeleteOptions::default());
        delete.await?;
    }
    Ok(())
}

impl Bare {
    pub(crate) async fn open(server: &Server) -> Result<Self> {
        clean_up(server).await?;
        let connection = connect(server).await?;
        let publish = connection.create_channel().await?;
        publish
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        let mut quorum = FieldTable::default();
        quorum.insert(
            "x-queue-type".into(),
            AMQPValue::LongString("quorum".into()),
        );
        publish
            .queue_declare(BARE.into(), QueueDeclareOptions::durable(), quorum)
            .await?;
        let consume = connection.create_channel().await?;
        consume
            .basic_qos(PREFETCH, BasicQosOptions::default())
            .await?;
        let consumer = consume.basic_consume(
            BARE.into(),
            "benchmark".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        Ok(Self {
            publish,
            consumer: Mutex::new(consumer.await?),
            _connection: connection,
        })
    }
}

#[async_trait]
impl Peer for Bare {
    fn title(&self) -> &'static str {
        "lapin, bare loop"
    }

    async fn save(&self, id: &CrashId, _: &Crash) -> Result<()> {
        let body = id.to_string();
        let published = self.publish.basic_publish(
            "".into(),
            BARE.into(),
            BasicPublishOptions {
                mandatory: true,
                ..BasicPublishOptions::default()
            },
            body.as_bytes(),
            BasicProperties::default().with_delivery_mode(2),
        );
        let confirmation = published.await?.await?;
        ensure!(
            matches!(confirmation, Confirmation::Ack(None)),
            "not confirmed: {confirmation:?}"
        );
        Ok(())
    }

    /// The next one of the queue, whichever that is.
    async fn read(&self, _: &CrashId) -> Result<usize> {
        let next = self.consumer.lock().await.next().await;
        let delivery = next.context("the consumer ended")??;
        delivery.ack(BasicAckOptions::default()).await?;
        Ok(delivery.data.len())
    }

    async fn delete(&self, _: &CrashId) -> Result<()> {
        Ok(())
    }

    fn size(&self, _: &Crash) -> usize {
        ID
    }
}
