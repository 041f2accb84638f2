//! Which crashes are out, and which were refused.

use std::collections::{HashMap, HashSet};
use std::time::{Instant, SystemTime};

use socorro_core::crash::StoredId;
use socorro_core::source::{Delivery, Token};
use std::sync::Arc;

use super::NewCrashes;
use crate::store::date_tree::Link;

/// One link of the date tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Out {
    /// The day's directory.
    pub(crate) base: String,
    /// The slot below it, `date/…`.
    pub(crate) slot: String,
    pub(crate) id: StoredId,
}

/// What to do about refused crashes.
#[derive(Clone, Copy)]
pub(crate) enum Nacked {
    /// Leave them: whoever drains a source would get them again for ever.
    Keep,
    /// Offer those again that have rested until now.
    OfferWhenDue(Instant),
}

/// Bounded: when it is full nothing more is handed out until something is settled.
pub(super) struct Table {
    next: u64,
    out: HashMap<Token, Out>,
    ids: HashSet<StoredId>,
    /// When to offer again; `None` for never.
    nacked: HashMap<Out, Option<Instant>>,
}

/// The most crashes that are out or refused at a time.
const ROOM: usize = 100_000;

impl Out {
    pub(super) fn new(link: &Link<'_>, id: StoredId) -> Self {
        let path = link.dir.path();
        let slot = path.strip_prefix(link.base).unwrap_or(path);
        Self {
            base: link.base.to_owned(),
            slot: slot.trim_start_matches('/').to_owned(),
            id,
        }
    }
}

impl Table {
    /// Tokens begin at the current time, so that none names a delivery of an earlier instance.
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            next: u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or_default(),
            out: HashMap::new(),
            ids: HashSet::new(),
            nacked: HashMap::new(),
        }
    }

    /// Can this one be handed out now? An id is out once, even if two slots link to it.
    pub(super) fn offers(&self, out: &Out, nacked: Nacked) -> bool {
        if self.ids.contains(&out.id) {
            return false;
        }
        match (self.nacked.get(out), nacked) {
            (None, _) => true,
            (Some(_), Nacked::Keep) => false,
            (Some(due), Nacked::OfferWhenDue(now)) => due.is_some_and(|due| due <= now),
        }
    }

    /// Forgets refusals that have no effect any more: the crash may be gone.
    pub(super) fn forget_rested(&mut self, nacked: Nacked) {
        if let Nacked::OfferWhenDue(now) = nacked {
            self.nacked.retain(|_, due| due.is_none_or(|due| due > now));
        }
    }

    /// `None` when the table is full.
    pub(super) fn hand_out(&mut self, out: Out) -> Option<Token> {
        self.nacked.remove(&out);
        if self.out.len() + self.nacked.len() >= ROOM {
            return None;
        }
        let token = Token(self.next);
        self.next = self.next.wrapping_add(1);
        self.ids.insert(out.id.clone());
        self.out.insert(token, out);
        Some(token)
    }

    pub(super) fn find(&self, token: Token) -> Option<Out> {
        self.out.get(&token).cloned()
    }

    pub(super) fn forget(&mut self, token: Token) -> Option<Out> {
        let out = self.out.remove(&token)?;
        self.ids.remove(&out.id);
        Some(out)
    }

    /// Refuses a crash until `due`; returns its id.
    pub(super) fn nack(&mut self, token: Token, due: Option<Instant>) -> Option<StoredId> {
        let out = self.forget(token)?;
        let id = out.id.clone();
        self.nacked.insert(out, due);
        Some(id)
    }
}

/// Crashes that are taken; given back unless they are handed out.
pub(crate) struct Taken {
    tree: Arc<NewCrashes>,
    deliveries: Vec<Delivery>,
}

impl Taken {
    pub(super) fn none(tree: &Arc<NewCrashes>) -> Self {
        Self {
            tree: Arc::clone(tree),
            deliveries: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.deliveries.len()
    }

    pub(super) fn push(&mut self, delivery: Delivery) {
        self.deliveries.push(delivery);
    }

    pub(crate) fn hand_out(mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.deliveries)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        for delivery in &self.deliveries {
            self.tree.give_back(delivery.token);
        }
    }
}
