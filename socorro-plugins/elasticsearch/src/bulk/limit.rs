//! How large a batch may be at present.

use std::time::Duration;

/// A full batch that was answered within this may be followed by one of twice as many documents.
const QUICK: Duration = Duration::from_millis(1500);
/// One that took longer is followed by one of half as many.
const SLOW: Duration = Duration::from_secs(10);
/// The first batch.
const FIRST: usize = 32;
/// No server refuses so few bytes.
const LEAST: usize = 64 << 10;

/// The present size, and its bounds.
#[derive(Debug)]
pub(super) struct Limit {
    documents: usize,
    most_documents: usize,
    bytes: usize,
}

impl Limit {
    pub(super) fn new(most_documents: usize, most_bytes: usize) -> Self {
        Self {
            documents: FIRST.min(most_documents),
            most_documents,
            bytes: most_bytes,
        }
    }

    /// Whether a batch of so many documents and bytes takes one more of `size` bytes. The first always fits.
    pub(super) fn takes(&self, documents: usize, bytes: usize, size: usize) -> bool {
        documents == 0 || documents < self.documents && bytes.saturating_add(size) <= self.bytes
    }

    /// A batch of so many documents was answered.
    pub(super) fn answered(&mut self, documents: usize, took: Duration) {
        if took > SLOW {
            self.documents = (self.documents / 2).max(1);
        } else if took < QUICK && documents >= self.documents {
            self.documents = (self.documents * 2).min(self.most_documents);
        }
    }

    /// The server asks for less.
    pub(super) fn throttled(&mut self) {
        self.documents = (self.documents / 2).max(1);
    }

    /// A batch of so many bytes can never pass. The server's own bound does not change, so neither does this.
    pub(super) fn too_large(&mut self, bytes: usize) {
        self.bytes = (bytes / 2).clamp(LEAST, self.bytes.max(LEAST));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Limit;

    #[test]
    fn full_and_quick_grows_slow_and_throttled_shrinks() {
        let mut limit = Limit::new(100, 1 << 20);
        assert!(limit.takes(31, 0, 1) && !limit.takes(32, 0, 1));
        limit.answered(31, Duration::from_millis(1));
        assert!(!limit.takes(32, 0, 1), "it was not full");
        limit.answered(32, Duration::from_millis(1));
        assert!(limit.takes(63, 0, 1) && !limit.takes(64, 0, 1));
        limit.answered(64, Duration::from_secs(5));
        assert!(!limit.takes(64, 0, 1), "not quick");
        limit.answered(64, Duration::from_millis(1));
        assert!(
            limit.takes(99, 0, 1) && !limit.takes(100, 0, 1),
            "the configured bound"
        );
        limit.answered(10, Duration::from_secs(11));
        assert!(!limit.takes(50, 0, 1));
        limit.throttled();
        assert!(!limit.takes(25, 0, 1));
    }

    #[test]
    fn what_the_server_refuses_for_its_size_is_not_sent_again() {
        let mut limit = Limit::new(100, 8 << 20);
        assert!(limit.takes(1, 4 << 20, 3 << 20));
        limit.too_large(7 << 20);
        assert!(!limit.takes(1, 2 << 20, 2 << 20));
        limit.answered(32, Duration::from_millis(1));
        assert!(!limit.takes(1, 2 << 20, 2 << 20));
        limit.too_large(1);
        assert!(limit.takes(1, 1000, 1000));
    }

    proptest! {
        #[test]
        fn one_document_always_fits(steps in prop::collection::vec((0u8..4, 0usize..2000, 0u64..20_000), 0..60)) {
            let mut limit = Limit::new(500, 1 << 20);
            for (what, number, millis) in steps {
                match what {
                    0 => limit.throttled(),
                    1 => limit.too_large(number),
                    _ => limit.answered(number, Duration::from_millis(millis)),
                }
                prop_assert!(limit.takes(0, 0, usize::MAX));
                prop_assert!(!limit.takes(500, 0, 0));
                prop_assert!((1..=500).contains(&limit.documents));
            }
        }
    }
}
