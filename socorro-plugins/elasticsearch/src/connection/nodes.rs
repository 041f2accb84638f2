//! The nodes, used in turn.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Url;

use crate::config::address;

/// How long a node that could not be reached is left alone while there are others.
const REST: Duration = Duration::from_secs(10);

/// Gives one node after the other, those that rest only when all do.
pub(super) struct Nodes {
    all: Vec<Node>,
    turn: AtomicUsize,
}

/// One node and how it was when we last saw it.
pub(super) struct Node {
    url: Url,
    address: String,
    /// When it may be asked again, in milliseconds since `epoch`; 0 is now.
    rests_until: AtomicU64,
    epoch: Instant,
}

impl Nodes {
    /// There is one at least.
    pub(super) fn new(urls: Vec<Url>) -> Self {
        let epoch = Instant::now();
        let node = |url: Url| Node {
            address: address(&url),
            url,
            rests_until: AtomicU64::new(0),
            epoch,
        };
        Self {
            all: urls.into_iter().map(node).collect(),
            turn: AtomicUsize::new(0),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// The node whose turn it is; of nodes that all rest, the one that may be asked first.
    pub(super) fn next(&self) -> &Node {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.all.len();
        let (before, from) = self.all.split_at(turn);
        let mut best = &self.all[turn];
        for node in from.iter().chain(before) {
            if !node.rests() {
                return node;
            }
            if node.rests_until.load(Ordering::Relaxed) < best.rests_until.load(Ordering::Relaxed) {
                best = node;
            }
        }
        best
    }
}

impl Node {
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// For messages.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// No connection could be made.
    pub(super) fn went_down(&self) {
        let until = self.epoch.elapsed() + REST;
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.rests_until.store(until, Ordering::Relaxed);
    }

    /// It answered.
    pub(super) fn answered(&self) {
        self.rests_until.store(0, Ordering::Relaxed);
    }

    fn rests(&self) -> bool {
        let until = self.rests_until.load(Ordering::Relaxed);
        until > 0 && u128::from(until) > self.epoch.elapsed().as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::Nodes;

    fn nodes(count: usize) -> Nodes {
        let url = |number| format!("http://es{number}:9200/").parse().unwrap();
        Nodes::new((0..count).map(url).collect())
    }

    #[test]
    fn nodes_take_turns() {
        let nodes = nodes(3);
        let seen: Vec<&str> = (0..4).map(|_| nodes.next().address()).collect();
        assert_eq!(
            seen,
            [
                "http://es0:9200/",
                "http://es1:9200/",
                "http://es2:9200/",
                "http://es0:9200/"
            ]
        );
    }

    #[test]
    fn a_node_that_is_down_is_passed_over_until_all_are() {
        let nodes = nodes(2);
        nodes.all[0].went_down();
        for _ in 0..4 {
            assert_eq!(nodes.next().address(), "http://es1:9200/");
        }
        nodes.all[1].went_down();
        let _ = nodes.next();
        nodes.all[0].answered();
        for _ in 0..4 {
            assert_eq!(nodes.next().address(), "http://es0:9200/");
        }
    }
}
