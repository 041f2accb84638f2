//! Which crash is where: the bookkeeping of one source, without a broker, a clock or a lock of its own.
//!
//! # The life of one message
//!
//! 1. It arrives on a connection, with a *tag* by which only that connection settles it, and waits in a buffer.
//! 2. It is handed out with a token, and is *out* until it is settled.
//! 3. Acknowledged: an ack goes to the connection it came by, if that is still there. Refused: it rests here, and
//!    is then given back to the broker, which counts. Given back: it waits here again, which does not count.
//! 4. **The connection is lost.** Tags mean nothing any more, and the broker hands everything out again, to us or
//!    to others. What waits or rests here is forgotten. What is out stays out: when its message arrives again it
//!    gets the new tag, and is not handed out a second time.
//! 5. **The ack was lost**, because the connection was gone or went before it reached the broker. The message
//!    arrives again, although the crash was acknowledged. So acknowledgements are remembered, the last
//!    [`REMEMBERED`] of them, and such a message is acknowledged at once and handed out to nobody.
//!
//! A message that a storage of this plugin published is recognized by its mark. One of another producer has
//! none; it is recognized by its id and the broker's note that it was delivered before, unless that is explained by
//! its having waited here when a connection was lost: then it is handed out, once too often rather than never.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use socorro_core::crash::StoredId;
use socorro_core::source::{Delivery, Settlement, Token};
use tokio::time::Instant;

use super::memory::Memory;
use super::turns::Turns;

/// How many acknowledgements are remembered; about 2 MB.
pub(super) const REMEMBERED: usize = 10_000;

/// What tells one message from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) queue: usize,
    pub(super) id: StoredId,
    /// What its publisher marked it with, if that was a storage of this plugin.
    pub(super) mark: Option<Arc<str>>,
}

/// A message on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) connection: u64,
    pub(super) number: u64,
}

/// What to tell the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// The message is done with.
    Ack(Tag),
    /// The message goes back into its queue.
    Requeue(Tag),
}

impl Command {
    pub(super) fn tag(self) -> Tag {
        match self {
            Self::Ack(tag) | Self::Requeue(tag) => tag,
        }
    }
}

struct Item {
    key: Key,
    tag: Tag,
}

/// A message that is out. Without a tag since its connection was lost.
struct Out {
    key: Key,
    tag: Option<Tag>,
}

/// The bookkeeping.
pub(super) struct Ledger {
    connection: u64,
    last_token: u64,
    /// By queue, the most urgent first.
    waiting: Vec<VecDeque<Item>>,
    turns: Turns,
    out: BTreeMap<u64, Out>,
    /// Tokens of what is out and lost its tag, by message.
    lost: HashMap<Key, Vec<u64>>,
    resting: VecDeque<(Instant, Item)>,
    rest: Duration,
    most_resting: usize,
    acked: Memory,
    /// Acknowledged when there was no connection to say so.
    unsent: HashSet<Key>,
    /// Acknowledged over this connection, the last of them, since the broker was last known to have heard all.
    unproven: VecDeque<Key>,
    /// Those of `unproven` whose connection ended before the broker was known to have heard them. Those that it
    /// heard never arrive again.
    doubtful: HashSet<Key>,
    /// Messages without a mark that waited or rested here when a connection was lost.
    dropped: Vec<Key>,
    closed: bool,
}

impl Ledger {
    /// For so many queues. What is refused rests for `rest`, but `most_resting` at a time.
    pub(super) fn new(queues: usize, rest: Duration, most_resting: usize) -> Self {
        Self {
            connection: 0,
            last_token: 0,
            waiting: (0..queues).map(|_| VecDeque::new()).collect(),
            turns: Turns::default(),
            out: BTreeMap::new(),
            lost: HashMap::new(),
            resting: VecDeque::new(),
            rest,
            most_resting,
            acked: Memory::new(REMEMBERED),
            unsent: HashSet::new(),
            unproven: VecDeque::new(),
            doubtful: HashSet::new(),
            dropped: Vec::new(),
            closed: false,
        }
    }

    /// A new connection, by its number; the one before is lost if it was not.
    pub(super) fn attach(&mut self) -> u64 {
        self.lose(self.connection);
        self.unproven.clear();
        self.connection += 1;
        self.connection
    }

    /// This connection is lost.
    pub(super) fn lose(&mut self, connection: u64) {
        if connection != self.connection {
            return;
        }
        self.dropped.clear();
        let waiting = self.waiting.iter_mut().flat_map(|queue| queue.drain(..));
        let resting = self.resting.drain(..).map(|(_, item)| item);
        let unmarked = waiting
            .chain(resting)
            .filter(|item| item.key.mark.is_none());
        self.dropped.extend(unmarked.map(|item| item.key));
        for (token, out) in &mut self.out {
            if out.tag.take().is_some() {
                self.lost.entry(out.key.clone()).or_default().push(*token);
            }
        }
    }

    /// A message arrived.
    pub(super) fn arrive(&mut self, key: Key, tag: Tag, redelivered: bool) -> Option<Command> {
        if tag.connection != self.connection {
            return None;
        }
        let came_before = key.mark.is_some() || redelivered;
        if came_before && !self.was_dropped(&key) {
            if self.acked.contains(&key) {
                self.unsent.remove(&key);
                self.doubtful.remove(&key);
                return Some(Command::Ack(tag));
            }
            if let Some(token) = self.take_lost(&key) {
                if let Some(out) = self.out.get_mut(&token) {
                    out.tag = Some(tag);
                }
                return None;
            }
        }
        if !self.closed
            && let Some(queue) = self.waiting.get_mut(key.queue)
        {
            queue.push_back(Item { key, tag });
        }
        None
    }

    fn was_dropped(&mut self, key: &Key) -> bool {
        let place = self.dropped.iter().position(|dropped| dropped == key);
        place.map(|place| self.dropped.swap_remove(place)).is_some()
    }

    fn take_lost(&mut self, key: &Key) -> Option<u64> {
        let tokens = self.lost.get_mut(key)?;
        let token = tokens.pop();
        if tokens.is_empty() {
            self.lost.remove(key);
        }
        token
    }

    /// Hands out up to `max`.
    pub(super) fn take(&mut self, max: usize) -> Vec<Delivery> {
        let mut taken = Vec::new();
        while taken.len() < max {
            let has_one = |queue: usize| self.waiting.get(queue).is_some_and(|one| !one.is_empty());
            let Some(queue) = self.turns.next(self.waiting.len(), has_one) else {
                break;
            };
            let Some(Item { key, tag }) = self.waiting.get_mut(queue).and_then(VecDeque::pop_front)
            else {
                break;
            };
            self.last_token += 1;
            taken.push(Delivery {
                id: key.id.clone(),
                token: Token(self.last_token),
            });
            let tag = Some(tag);
            self.out.insert(self.last_token, Out { key, tag });
        }
        taken
    }

    /// Settles what is out under this token, if something is.
    pub(super) fn settle(
        &mut self,
        token: Token,
        settlement: &Settlement,
        now: Instant,
    ) -> Option<Command> {
        let Out { key, tag } = self.out.remove(&token.0)?;
        if tag.is_none()
            && let Some(tokens) = self.lost.get_mut(&key)
        {
            tokens.retain(|lost| *lost != token.0);
            if tokens.is_empty() {
                self.lost.remove(&key);
            }
        }
        match (settlement, tag) {
            (Settlement::Ack, tag) => {
                if let Some(forgotten) = self.acked.push(key.clone()) {
                    self.unsent.remove(&forgotten);
                    self.doubtful.remove(&forgotten);
                }
                if tag.is_none() {
                    self.unsent.insert(key);
                } else {
                    self.unproven.push_back(key);
                    if self.unproven.len() > REMEMBERED {
                        self.unproven.pop_front();
                    }
                }
                tag.map(Command::Ack)
            }
            // The broker has it again.
            (Settlement::Nack { .. } | Settlement::GiveBack, None) => None,
            (Settlement::GiveBack, Some(tag)) => {
                if let Some(queue) = self.waiting.get_mut(key.queue) {
                    queue.push_front(Item { key, tag });
                }
                None
            }
            (Settlement::Nack { .. }, Some(tag)) => {
                self.resting.push_back((now + self.rest, Item { key, tag }));
                if self.resting.len() <= self.most_resting {
                    return None;
                }
                let (_, item) = self.resting.pop_front()?;
                Some(Command::Requeue(item.tag))
            }
        }
    }

    /// What has rested long enough.
    pub(super) fn rested(&mut self, now: Instant) -> Vec<Command> {
        let mut rested = Vec::new();
        while self.resting.front().is_some_and(|(due, _)| *due <= now) {
            rested.extend(
                self.resting
                    .pop_front()
                    .map(|(_, item)| Command::Requeue(item.tag)),
            );
        }
        rested
    }

    /// When the next has rested long enough.
    pub(super) fn next_rested(&self) -> Option<Instant> {
        self.resting.front().map(|(due, _)| *due)
    }

    /// Does the broker hold back what is in a queue because we have as many of it as we may?
    pub(super) fn is_full(&self, prefetch: usize) -> bool {
        let mut held = vec![0_usize; self.waiting.len()];
        let out = self
            .out
            .values()
            .filter(|out| out.tag.is_some())
            .map(|out| out.key.queue);
        let resting = self.resting.iter().map(|(_, item)| item.key.queue);
        for queue in out.chain(resting) {
            if let Some(held) = held.get_mut(queue) {
                *held += 1;
            }
        }
        held.into_iter().any(|held| held >= prefetch)
    }

    /// How many acknowledgements wait for their messages to arrive again.
    pub(super) fn unsent(&self) -> usize {
        self.unsent.len()
    }

    /// Whether no message may arrive again that was acknowledged.
    pub(super) fn is_flushed(&self) -> bool {
        self.unsent.is_empty() && self.doubtful.is_empty()
    }

    /// Whether the broker is known to have heard every acknowledgement of this connection.
    pub(super) fn is_proven(&self) -> bool {
        self.unproven.is_empty()
    }

    /// The broker heard every acknowledgement of this connection.
    pub(super) fn proven(&mut self) {
        self.unproven.clear();
    }

    /// The broker may not have heard the last acknowledgements of this connection.
    pub(super) fn doubt(&mut self) {
        self.doubtful.extend(self.unproven.drain(..));
    }

    /// Hands out nothing more.
    pub(super) fn close(&mut self) {
        self.closed = true;
        for queue in &mut self.waiting {
            queue.clear();
        }
        self.resting.clear();
    }
}

#[cfg(test)]
mod tests;
