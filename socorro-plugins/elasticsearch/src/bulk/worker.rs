//! The task that empties the queue.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use socorro_core::{Error, Result};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::entry::Entry;
use super::limit::Limit;
use super::outcome::{BulkAnswer, Verdict, is_too_large, settle, too_large};
use crate::config::Config;
use crate::connection::{Connection, Request};
use crate::failure::Refusal;
use crate::indices::Indices;

const DOING: &str = "save a batch of documents";

pub(super) struct Worker {
    sender: Arc<Sender>,
    queue: mpsc::UnboundedReceiver<Entry>,
    pending: VecDeque<Entry>,
    /// The crashes that are under way.
    busy: HashSet<String>,
    limit: Limit,
    most_requests: usize,
}

struct Sender {
    connection: Arc<Connection>,
    indices: Arc<Indices>,
    path: String,
}

/// A batch that came back.
struct Back {
    /// Those that were sent.
    entries: Vec<Entry>,
    outcome: Result<Answered>,
    took: Duration,
    /// Those whose index could not be made.
    stranded: Vec<(Entry, Error)>,
}

enum Answered {
    /// An outcome for each.
    Each(Vec<Option<Refusal>>),
    /// The request was refused as a whole.
    Refused(Refusal),
}

impl Worker {
    pub(super) fn new(
        config: &Config,
        connection: Arc<Connection>,
        indices: Arc<Indices>,
        queue: mpsc::UnboundedReceiver<Entry>,
    ) -> Self {
        // The server is to say that a shard is missing before we stop listening.
        let patience = config.request_timeout.0.as_millis() * 2 / 3;
        let path = format!(
            "_bulk?refresh={}&timeout={patience}ms&filter_path=items.*._id,items.*.status,items.*.error.type,items.*.error.reason",
            config.refresh.parameter()
        );
        Self {
            sender: Arc::new(Sender {
                connection,
                indices,
                path,
            }),
            queue,
            pending: VecDeque::new(),
            busy: HashSet::new(),
            limit: Limit::new(
                config.bulk_documents as usize,
                usize::try_from(config.bulk_size.0).unwrap_or(usize::MAX),
            ),
            most_requests: config.bulk_requests as usize,
        }
    }

    /// Ends when the queue is closed and everything in it is done.
    pub(super) async fn run(mut self) {
        let mut under_way = JoinSet::new();
        let mut is_open = true;
        while is_open || !under_way.is_empty() || !self.pending.is_empty() {
            tokio::select! {
                biased;
                Some(back) = under_way.join_next(), if !under_way.is_empty() => match back {
                    Ok(back) => self.settle(back),
                    // It panicked; its callers are told by their channels, and its crashes are free again.
                    Err(error) => {
                        tracing::error!(%error, "sending a batch ended early");
                        self.busy.clear();
                    }
                },
                entry = self.queue.recv(), if is_open => match entry {
                    Some(entry) => self.pending.push_back(entry),
                    None => is_open = false,
                },
            }
            while let Ok(entry) = self.queue.try_recv() {
                self.pending.push_back(entry);
            }
            while under_way.len() < self.most_requests {
                let batch = self.batch();
                if batch.is_empty() {
                    break;
                }
                let sender = Arc::clone(&self.sender);
                under_way.spawn(async move { sender.send(batch).await });
            }
        }
    }

    /// The next entries, in their order, none of a crash that is under way.
    fn batch(&mut self) -> Vec<Entry> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let mut held = VecDeque::new();
        while let Some(entry) = self.pending.pop_front() {
            if entry.is_abandoned() {
                continue;
            }
            if !self.limit.takes(batch.len(), bytes, entry.size) {
                self.pending.push_front(entry);
                break;
            }
            if !self.busy.insert(entry.id.clone()) {
                held.push_back(entry);
                continue;
            }
            bytes += entry.size;
            batch.push(entry);
        }
        while let Some(entry) = held.pop_back() {
            self.pending.push_front(entry);
        }
        batch
    }

    fn settle(&mut self, back: Back) {
        for (entry, error) in back.stranded {
            self.busy.remove(&entry.id);
            entry.done(Err(error));
        }
        for entry in &back.entries {
            self.busy.remove(&entry.id);
        }
        match back.outcome {
            Ok(Answered::Each(outcomes)) => {
                self.limit.answered(back.entries.len(), back.took);
                self.settle_each(back.entries, outcomes);
            }
            Ok(Answered::Refused(refusal)) => self.settle_refused(back.entries, &refusal),
            Err(error) => {
                for entry in back.entries {
                    entry.done(Err(error.clone()));
                }
            }
        }
    }

    fn settle_each(&mut self, entries: Vec<Entry>, outcomes: Vec<Option<Refusal>>) {
        let mut again = Vec::new();
        let mut throttled = false;
        for (entry, outcome) in entries.into_iter().zip(outcomes) {
            let Some(refusal) = outcome else {
                entry.done(Ok(()));
                continue;
            };
            throttled |= refusal.status == 429;
            if refusal.status == 404 {
                self.sender.indices.forget(&entry.index);
            }
            match settle(entry, refusal) {
                Verdict::Again(entry) => again.push(entry),
                Verdict::Told(entry, error) => entry.done(Err(error)),
            }
        }
        if throttled {
            self.limit.throttled();
        }
        self.put_back(again);
    }

    fn settle_refused(&mut self, mut entries: Vec<Entry>, refusal: &Refusal) {
        if is_too_large(refusal) {
            let bytes = entries.iter().map(|entry| entry.size).sum();
            self.limit.too_large(bytes);
            // By count too: many small documents can be too many bytes with the lines between them.
            self.limit.throttled();
            if entries.len() > 1 {
                self.put_back(entries);
                return;
            }
            if let Some(entry) = entries.pop() {
                let doing = format!("save to the index {}", entry.index);
                entry.done(Err(too_large(refusal, &doing)));
            }
            return;
        }
        if refusal.status == 429 {
            self.limit.throttled();
        }
        for entry in entries {
            entry.done(Err(refusal.clone().into_error(DOING, true)));
        }
    }

    /// Before all others, in their order.
    fn put_back(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            self.pending.push_front(entry);
        }
    }
}

impl Sender {
    async fn send(&self, batch: Vec<Entry>) -> Back {
        let (entries, stranded) = self.with_index(batch).await;
        let began = Instant::now();
        let outcome = self.request(&entries).await;
        Back {
            entries,
            outcome,
            took: began.elapsed(),
            stranded,
        }
    }

    /// Makes the indices that are not there; parts off the entries whose index cannot be made.
    async fn with_index(&self, batch: Vec<Entry>) -> (Vec<Entry>, Vec<(Entry, Error)>) {
        let needed: BTreeSet<&str> = batch
            .iter()
            .filter(|entry| matches!(entry.work, super::entry::Work::Save(_)))
            .map(|entry| entry.index.as_str())
            .collect();
        let mut failed: Vec<(String, Error)> = Vec::new();
        for index in needed {
            if let Err(error) = self.indices.ensure(&self.connection, index).await {
                failed.push((index.to_owned(), error));
            }
        }
        let mut stranded = Vec::new();
        let mut entries = Vec::with_capacity(batch.len());
        for entry in batch {
            match failed.iter().find(|(index, _)| *index == entry.index) {
                Some((_, error)) => stranded.push((entry, error.clone())),
                None => entries.push(entry),
            }
        }
        (entries, stranded)
    }

    async fn request(&self, entries: &[Entry]) -> Result<Answered> {
        if entries.is_empty() {
            return Ok(Answered::Each(Vec::new()));
        }
        let size: usize = entries.iter().map(|entry| entry.size + 120).sum();
        let mut body = Vec::with_capacity(size);
        for entry in entries {
            entry.write_to(&mut body);
        }
        let request = Request::new(Method::POST, self.path.as_str(), DOING)
            .lines(body)
            .answer_of_at_most((1 << 20) + entries.len() * (16 << 10));
        let answer = self.connection.send(request).await?;
        if !answer.is_success() {
            return Ok(Answered::Refused(answer.refused()));
        }
        let answer: BulkAnswer = answer.read(DOING, true)?;
        answer.outcomes(entries).map(Answered::Each)
    }
}
