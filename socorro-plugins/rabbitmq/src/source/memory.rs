use std::collections::{HashMap, VecDeque};

use super::ledger::Key;

/// The last messages that were put in, so many of them.
pub(super) struct Memory {
    order: VecDeque<Key>,
    times: HashMap<Key, usize>,
    most: usize,
}

impl Memory {
    pub(super) fn new(most: usize) -> Self {
        Self {
            order: VecDeque::new(),
            times: HashMap::new(),
            most,
        }
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.times.contains_key(key)
    }

    /// Puts one in; gives what was forgotten for it.
    pub(super) fn push(&mut self, key: Key) -> Option<Key> {
        *self.times.entry(key.clone()).or_default() += 1;
        self.order.push_back(key);
        if self.order.len() <= self.most {
            return None;
        }
        let oldest = self.order.pop_front()?;
        let times = self.times.get_mut(&oldest)?;
        *times -= 1;
        if *times > 0 {
            return None;
        }
        self.times.remove(&oldest);
        Some(oldest)
    }
}
