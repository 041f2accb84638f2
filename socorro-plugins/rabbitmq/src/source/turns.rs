/// Whose turn it is among queues: mostly the most urgent that has something, yet none starves.
///
/// Of sixteen turns the least urgent queue comes first in one, the second in three, the most urgent in twelve.
#[derive(Debug, Default)]
pub(super) struct Turns(u8);

impl Turns {
    /// The queue to take from, counted from the most urgent; `None` when no queue has anything.
    pub(super) fn next(&mut self, queues: usize, has_one: impl Fn(usize) -> bool) -> Option<usize> {
        let first = match self.0 % 16 {
            15 => queues.saturating_sub(1),
            3 | 7 | 11 => 1,
            _ => 0,
        };
        let chosen = std::iter::once(first)
            .chain(0..queues)
            .find(|queue| has_one(*queue))?;
        self.0 = self.0.wrapping_add(1);
        Some(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;

    /// How often each of three queues is chosen in so many turns while all of `full` have something.
    fn chosen(full: &[usize], turns: usize) -> [usize; 3] {
        let mut count = [0; 3];
        let mut order = Turns::default();
        for _ in 0..turns {
            if let Some(queue) = order.next(3, |queue| full.contains(&queue)) {
                count[queue] += 1;
            }
        }
        count
    }

    #[test]
    fn urgent_crashes_come_first_and_none_starves() {
        assert_eq!(chosen(&[0, 1, 2], 160), [120, 30, 10]);
        assert_eq!(chosen(&[1, 2], 160), [0, 150, 10]);
        assert_eq!(chosen(&[2], 160), [0, 0, 160]);
        assert_eq!(chosen(&[], 160), [0, 0, 0]);
        assert_eq!(chosen(&[0, 1, 2], 3), [3, 0, 0]);
    }

    #[test]
    fn one_queue_or_two_work_too() {
        for queues in 1..3 {
            let mut order = Turns::default();
            for _ in 0..64 {
                assert_eq!(
                    order.next(queues, |queue| queue == queues - 1),
                    Some(queues - 1)
                );
            }
        }
    }
}
