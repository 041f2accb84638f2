//! Behind the source: the lock on the tree, the crashes that are out, and looking for others.

mod lock;
mod table;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socorro_core::crash::StoredId;
use socorro_core::error::{Error, ErrorKind, Result};
use socorro_core::source::{Delivery, Token};
use tokio::sync::Notify;

use crate::failure::At;
use crate::layout::{Place, slot};
use crate::store::Store;

pub(crate) use lock::Held;
use lock::Lock;
pub(crate) use table::{Nacked, Taken};
use table::{Out, Table};

/// The new crashes of one tree, as one instance of a source sees them.
pub(crate) struct NewCrashes {
    store: Store,
    owner: String,
    rest: Duration,
    state: Mutex<State>,
    /// One scan at a time: two would find the same crashes.
    scan: Mutex<()>,
    returned: Notify,
}

struct State {
    table: Table,
    lock: Option<Lock>,
    /// It was said that another source has the tree.
    stands_by: bool,
    closed: bool,
}

impl NewCrashes {
    pub(crate) fn new(store: Store, owner: String, rest: Duration) -> Self {
        Self {
            store,
            owner,
            rest,
            state: Mutex::new(State {
                table: Table::new(),
                lock: None,
                stands_by: false,
                closed: false,
            }),
            scan: Mutex::new(()),
            returned: Notify::new(),
        }
    }

    /// Takes the lock on the tree, if it is not taken.
    pub(crate) fn lock(&self) -> Result<Held> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::new(ErrorKind::Cancelled, "the source is closed"));
        }
        if state.lock.is_some() {
            return Ok(Held::Here);
        }
        match Lock::take(&self.store, &self.owner)? {
            Ok(lock) => {
                state.lock = Some(lock);
                state.stands_by = false;
                Ok(Held::Here)
            }
            Err(holder) => {
                if !std::mem::replace(&mut state.stands_by, true) {
                    tracing::info!(
                        source = self.owner,
                        holder,
                        "stands by: another source takes the new crashes of this tree"
                    );
                }
                Ok(Held::By(holder))
            }
        }
    }

    /// Up to `max` crashes that are whole and not out, the oldest slots first.
    pub(crate) fn take(self: &Arc<Self>, max: usize, nacked: Nacked) -> Result<Taken> {
        let _scan = self.scan.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Taken::none(self);
        self.store.check_root()?;
        self.state().table.forget_rested(nacked);
        self.store.walk_dates(|link| {
            if taken.len() >= max {
                return Ok(ControlFlow::Break(()));
            }
            let Ok(id) = link.name.parse::<StoredId>() else {
                return Ok(ControlFlow::Continue(()));
            };
            let out = Out::new(&link, id);
            if !self.state().table.offers(&out, nacked) {
                return Ok(ControlFlow::Continue(()));
            }
            // Acknowledged since this directory was read: what is not out now has no link any more.
            let path = link.dir.join(link.name);
            if link.dir.meta(link.name).at("look at", &path)?.is_none() {
                return Ok(ControlFlow::Continue(()));
            }
            if !self.store.is_below(&out.id, link.base)? {
                // A save at work, or one that was cut short.
                self.store.remove_dangling(link.dir, link.name)?;
                return Ok(ControlFlow::Continue(()));
            }
            let mut state = self.state();
            if state.closed {
                return Ok(ControlFlow::Break(()));
            }
            let id = out.id.clone();
            match state.table.hand_out(out) {
                Some(token) => taken.push(Delivery { id, token }),
                None => return Ok(ControlFlow::Break(())),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(taken)
    }

    /// Removes the links of a crash that is safe elsewhere, the one in the slot last: while it stands, the
    /// crash is new.
    pub(crate) fn ack(&self, token: Token) -> Result<()> {
        let Some(out) = self.state().table.find(token) else {
            return Ok(());
        };
        let removed = self.remove_links(&out);
        if removed.is_ok() {
            self.state().table.forget(token);
        }
        removed.map_err(|error| error.for_crash(&out.id))
    }

    fn remove_links(&self, out: &Out) -> Result<()> {
        for place in Place::reading(&out.id, &out.base) {
            self.store.unlink_name(&out.id, &place, &out.slot)?;
        }
        let path = format!("{}/{}", out.base, out.slot);
        if let Some(dir) = self.store.find_dir(&path)? {
            self.store.remove_link(&dir, out.id.as_str())?;
        }
        self.prune(&path);
        Ok(())
    }

    /// Removes an emptied slot and hour. Best effort, and never those that saves use now.
    fn prune(&self, slot_path: &str) {
        let now = self.store.now();
        let mut path = slot_path;
        while let Some((above, name)) = path.rsplit_once('/') {
            if above.matches('/').count() == 0 {
                return;
            }
            if slot::is_near(path, now) {
                return;
            }
            let Ok(Some(parent)) = self.store.find_dir(above) else {
                return;
            };
            if self.store.disk().rmdir(&parent, name).is_err() {
                return;
            }
            path = above;
        }
    }

    /// The crash is offered again at once.
    pub(crate) fn give_back(&self, token: Token) {
        self.state().table.forget(token);
        self.returned.notify_one();
    }

    /// The crash is offered again after a rest.
    pub(crate) fn nack(&self, token: Token, reason: &str) {
        let due = Instant::now().checked_add(self.rest);
        if let Some(id) = self.state().table.nack(token, due) {
            tracing::info!(%id, reason, "a crash was refused and stays in the date tree");
        }
    }

    /// Until a crash is given back.
    pub(crate) async fn given_back(&self) {
        self.returned.notified().await;
    }

    /// Lets go of the tree; what is out is whoever's comes next.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.table = Table::new();
        state.lock = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
