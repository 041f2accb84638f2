//! Publishes ids on one channel, each confirmed by the broker, many on their way at the same time.
//!
//! # One id
//!
//! 1. A save hands its id to the task that has the channel, and waits. The task gives the message a number and
//!    publishes it `mandatory` and persistent.
//! 2. The broker confirms it once a queue has it on disk, on a majority of nodes: stored. It refuses it: not stored.
//! 3. No queue is there: the broker *returns* the message, and then confirms it all the same. Confirmations of
//!    many messages come as one, and then the client says of any one of them that it carries the return. So the
//!    task looks at everything that was confirmed together, reads from the message that came back which number it
//!    was, and only then says of any of them that it was stored.
//! 4. The channel or connection ends: nobody knows what became of what was on its way.

use std::collections::{HashMap, HashSet};

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};
use socorro_core::crash::CrashId;
use tokio::sync::{mpsc, oneshot};

use crate::layout::{self, Marks};

/// How many messages are on their way at most. Others wait.
const WINDOW: usize = 4096;

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Outcome {
    Stored,
    /// There is no such queue.
    Unroutable,
    /// The broker does not take it.
    Refused,
    /// Nothing was sent: the channel had ended.
    NotSent(lapin::Error),
    /// It may have been stored.
    Lost(lapin::Error),
}

/// The way to the task that has the channel. The task ends with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Publisher {
    requests: mpsc::Sender<Request>,
}

#[derive(Debug)]
struct Request {
    id: CrashId,
    done: oneshot::Sender<Outcome>,
}

impl Publisher {
    /// Publishes to `queue` through `channel`, which confirms.
    pub(crate) fn start(channel: Channel, queue: String) -> Self {
        let (requests, queued) = mpsc::channel(WINDOW);
        tokio::spawn(Task::new(channel, queue).run(queued));
        Self { requests }
    }

    /// Publishes one id. When the future is dropped the message may still be published.
    ///
    /// `None` when the task has ended.
    pub(crate) async fn publish(&self, id: CrashId) -> Option<Outcome> {
        let (done, outcome) = oneshot::channel();
        self.requests.send(Request { id, done }).await.ok()?;
        outcome.await.ok()
    }
}

struct Task {
    channel: Channel,
    queue: String,
    marks: Marks,
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Outcome>>,
    /// Numbers of messages that came back and are not confirmed yet.
    returned: HashSet<u64>,
}

impl Task {
    fn new(channel: Channel, queue: String) -> Self {
        Self {
            channel,
            queue,
            marks: Marks::new(),
            last: 0,
            waiting: HashMap::new(),
            returned: HashSet::new(),
        }
    }

    async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut flying = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(landed) = flying.next(), if !flying.is_empty() => {
                    let mut landed = vec![landed];
                    // What carries a return was resolved before the others of the same confirmation, so it is
                    // ready once one of the others was seen.
                    while let Some(Some(more)) = flying.next().now_or_never() {
                        landed.push(more);
                    }
                    self.settle(landed);
                }
                request = requests.recv(), if flying.len() < WINDOW => {
                    let Some(request) = request else { break };
                    if !self.channel.status().connected() {
                        let ended = lapin::ErrorKind::InvalidChannelState(lapin::ChannelState::Closed, "publish");
                        // Whoever asked may be gone.
                        let _ = request.done.send(Outcome::NotSent(ended.into()));
                        continue;
                    }
                    self.last += 1;
                    let number = self.last;
                    self.waiting.insert(number, request.done);
                    let mark = self.marks.mark(number);
                    flying.push(publish(self.channel.clone(), self.queue.clone(), number, mark, request.id));
                }
            }
        }
        // Nobody waits any more; what is on its way is sent before the channel is closed.
        while let Some(landed) = flying.next().await {
            self.settle(vec![landed]);
        }
    }

    fn settle(&mut self, landed: Vec<(u64, lapin::Result<Confirmation>)>) {
        let mut outcomes = Vec::with_capacity(landed.len());
        for (number, confirmed) in landed {
            let outcome = match confirmed {
                Ok(Confirmation::Ack(back)) => {
                    self.note(back.as_deref());
                    Outcome::Stored
                }
                Ok(Confirmation::Nack(back)) => {
                    self.note(back.as_deref());
                    Outcome::Refused
                }
                // The channel confirms, so it does not happen.
                Ok(Confirmation::NotRequested) => Outcome::Refused,
                Err(error) => Outcome::Lost(error),
            };
            outcomes.push((number, outcome));
        }
        for (number, outcome) in outcomes {
            let came_back = self.returned.remove(&number);
            if let Some(done) = self.waiting.remove(&number) {
                // Whoever asked may be gone.
                let _ = done.send(if came_back {
                    Outcome::Unroutable
                } else {
                    outcome
                });
            }
        }
    }

    fn note(&mut self, back: Option<&lapin::message::Delivery>) {
        if let Some(number) = back.and_then(|back| layout::number_of(&back.properties)) {
            self.returned.insert(number);
        }
    }
}

async fn publish(
    channel: Channel,
    queue: String,
    number: u64,
    mark: String,
    id: CrashId,
) -> (u64, lapin::Result<Confirmation>) {
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let properties = layout::properties(&mark);
    let published = async {
        channel
            .basic_publish(
                "".into(),
                queue.as_str().into(),
                options,
                layout::body(&id),
                properties,
            )
            .await?
            .await
    };
    (number, published.await)
}
