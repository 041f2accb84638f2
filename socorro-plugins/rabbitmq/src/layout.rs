//! Queues: how they are declared, and what a message looks like.
//!
//! A message is what Socorro of 2015 published: the id as text, persistent, through the default exchange to the
//! queue itself. Beside it goes a mark that no other message has, by which a redelivery is told from a crash that
//! was queued again.

use std::hash::{BuildHasher, Hasher};

use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel};
use socorro_core::crash::CrashId;

use crate::config::{Config, DELIVERIES, QueueType};

/// What marks begin with, so that an id which another producer gives its messages is not taken for one.
const MARK: &str = "socorro-";
/// The longest body that is read as an id, or shown.
const BODY: usize = 64;

/// Makes the queues that are missing and checks that the others were declared alike, or only looks whether they
/// are there when `declare` is false.
pub(crate) async fn prepare(
    config: &Config,
    channel: &Channel,
    queues: &[&str],
) -> lapin::Result<()> {
    for queue in queues {
        declare(channel, queue, config.declare, arguments(config)).await?;
    }
    // Dead letters are not looked for without `declare`: who may only read or write need not know of them.
    if config.declare && !config.dead_letters.is_empty() {
        let table = table([("x-queue-type", text(config.queue_type.name()))]);
        declare(channel, &config.dead_letters, true, table).await?;
    }
    Ok(())
}

async fn declare(
    channel: &Channel,
    queue: &str,
    make: bool,
    arguments: FieldTable,
) -> lapin::Result<()> {
    let (options, arguments) = if make {
        (QueueDeclareOptions::durable(), arguments)
    } else {
        (
            QueueDeclareOptions::durable().passive(),
            FieldTable::default(),
        )
    };
    channel
        .queue_declare(queue.into(), options, arguments)
        .await
        .map(drop)
}

/// What a queue of crashes is declared with.
fn arguments(config: &Config) -> FieldTable {
    let mut arguments = vec![("x-queue-type", text(config.queue_type.name()))];
    if !config.dead_letters.is_empty() {
        arguments.push(("x-dead-letter-exchange", text("")));
        arguments.push(("x-dead-letter-routing-key", text(&config.dead_letters)));
    }
    if config.queue_type == QueueType::Quorum {
        // The broker counts how often it may be delivered again.
        let again = config
            .max_deliveries
            .unwrap_or(DELIVERIES)
            .saturating_sub(1);
        arguments.push(("x-delivery-limit", AMQPValue::LongLongInt(again.into())));
        if !config.dead_letters.is_empty() {
            // Otherwise a dead letter may be lost on its way; it needs the second.
            arguments.push(("x-dead-letter-strategy", text("at-least-once")));
            arguments.push(("x-overflow", text("reject-publish")));
        }
    }
    table(arguments)
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn table<'a>(entries: impl IntoIterator<Item = (&'a str, AMQPValue)>) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert(key.into(), value);
    }
    table
}

/// Gives each message of one process a mark that no other message has.
#[derive(Debug)]
pub(crate) struct Marks {
    origin: u64,
}

impl Marks {
    pub(crate) fn new() -> Self {
        // Seeded by the operating system; the process and the time are for machines whose randomness repeats.
        let mut hasher = std::hash::RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        if let Ok(now) = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            hasher.write_u128(now.as_nanos());
        }
        Self {
            origin: hasher.finish(),
        }
    }

    pub(crate) fn mark(&self, number: u64) -> String {
        format!("{MARK}{:016x}-{number}", self.origin)
    }
}

/// The number in a mark of the message that came back.
pub(crate) fn number_of(properties: &BasicProperties) -> Option<u64> {
    let mark = mark_of(properties)?;
    mark.rsplit_once('-')?.1.parse().ok()
}

/// The mark of a message, if it has one.
pub(crate) fn mark_of(properties: &BasicProperties) -> Option<&str> {
    let mark = properties.message_id().as_ref()?.as_str();
    mark.starts_with(MARK).then_some(mark)
}

/// The properties of a crash's message.
pub(crate) fn properties(mark: &str) -> BasicProperties {
    const PERSISTENT: u8 = 2;
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("text/plain".into())
        .with_message_id(mark.into())
}

/// The body of a crash's message.
pub(crate) fn body(id: &CrashId) -> &[u8] {
    id.as_str().as_bytes()
}

/// The id that a body names.
pub(crate) fn id_of(body: &[u8]) -> Option<socorro_core::crash::StoredId> {
    if body.len() > BODY {
        return None;
    }
    std::str::from_utf8(body).ok()?.parse().ok()
}

/// The beginning of a body that names no crash, for a message.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let (shown, rest) = body.split_at_checked(BODY).unwrap_or((body, &[]));
    let more = if rest.is_empty() { "" } else { "..." };
    format!("\"{}{more}\"", shown.escape_ascii())
}

#[cfg(test)]
mod tests;
