//! The ledger beside a broker that is a model: queues, what is out on which connection, and connections that are
//! lost with the acknowledgements that are on their way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use socorro_core::crash::{CrashDate, CrashId};

use super::*;

fn id(number: u8) -> StoredId {
    let day = CrashDate::new(2026, 3, 4).expect("a day");
    StoredId::Crash(CrashId::new(day, [number; 16]))
}

fn ledger() -> Ledger {
    Ledger::new(3, Duration::from_secs(60), 4)
}

fn key(number: u8, marked: bool) -> Key {
    Key {
        queue: usize::from(number % 3),
        id: id(number),
        mark: marked.then(|| format!("socorro-0-{number}").into()),
    }
}

fn refused() -> Settlement {
    Settlement::Nack {
        reason: String::new(),
    }
}

#[test]
fn a_refused_crash_rests_and_goes_back() {
    let mut ledger = ledger();
    let connection = ledger.attach();
    let now = Instant::now();
    for number in 0..6 {
        assert_eq!(
            ledger.arrive(
                key(number, true),
                Tag {
                    connection,
                    number: number.into()
                },
                false
            ),
            None
        );
    }
    let out = ledger.take(10);
    assert_eq!(out.len(), 6);
    let commands: Vec<_> = out
        .iter()
        .filter_map(|one| ledger.settle(one.token, &refused(), now))
        .collect();
    // Four rest at a time; the others go back at once, the oldest first.
    assert_eq!(commands.len(), 2);
    assert!(ledger.take(10).is_empty());
    assert!(ledger.rested(now).is_empty());
    let due = ledger.next_rested().expect("some rest");
    assert_eq!(ledger.rested(due).len(), 4);
    assert_eq!(ledger.next_rested(), None);
}

#[test]
fn acknowledged_without_a_connection_means_acknowledged_when_it_comes_again() {
    for marked in [true, false] {
        let mut ledger = ledger();
        let first = ledger.attach();
        ledger.arrive(
            key(1, marked),
            Tag {
                connection: first,
                number: 1,
            },
            false,
        );
        let out = ledger.take(1);
        ledger.lose(first);
        assert_eq!(
            ledger.settle(out[0].token, &Settlement::Ack, Instant::now()),
            None
        );
        assert_eq!(ledger.unsent(), 1);
        let second = ledger.attach();
        let tag = Tag {
            connection: second,
            number: 1,
        };
        assert_eq!(
            ledger.arrive(key(1, marked), tag, true),
            Some(Command::Ack(tag))
        );
        assert_eq!((ledger.unsent(), ledger.take(1).len()), (0, 0));
    }
}

#[test]
fn an_acknowledgement_that_may_have_arrived_is_waited_for_and_is_no_loss() {
    let mut ledger = ledger();
    let connection = ledger.attach();
    for number in [1, 2] {
        let tag = Tag {
            connection,
            number: number.into(),
        };
        ledger.arrive(key(number, true), tag, false);
    }
    let out = ledger.take(2);
    let now = Instant::now();
    assert!(ledger.settle(out[0].token, &Settlement::Ack, now).is_some());
    assert!(!ledger.is_proven());
    ledger.lose(connection);
    assert_eq!(ledger.settle(out[1].token, &Settlement::Ack, now), None);
    ledger.doubt();
    assert_eq!((ledger.unsent(), ledger.is_flushed()), (1, false));
    let connection = ledger.attach();
    for number in [2, 1] {
        let tag = Tag {
            connection,
            number: number.into(),
        };
        assert!(!ledger.is_flushed());
        let command = ledger.arrive(key(number, true), tag, true);
        assert_eq!(command, Some(Command::Ack(tag)));
        assert_eq!(ledger.unsent(), 0);
    }
    assert!(ledger.is_flushed());
}

#[test]
fn a_crash_that_is_queued_again_is_handed_out_again() {
    let mut ledger = ledger();
    let connection = ledger.attach();
    for number in 1..4 {
        // Another producer: the same id, not delivered before.
        ledger.arrive(key(1, false), Tag { connection, number }, false);
        let out = ledger.take(1);
        assert_eq!(out.len(), 1);
        assert!(
            ledger
                .settle(out[0].token, &Settlement::Ack, Instant::now())
                .is_some()
        );
    }
}

#[test]
fn what_waited_here_is_not_taken_for_what_was_acknowledged() {
    let mut ledger = ledger();
    let first = ledger.attach();
    ledger.arrive(
        key(1, false),
        Tag {
            connection: first,
            number: 1,
        },
        false,
    );
    let out = ledger.take(1);
    ledger.settle(out[0].token, &Settlement::Ack, Instant::now());
    // Queued once more by another producer, and still waiting when the connection is lost.
    ledger.arrive(
        key(1, false),
        Tag {
            connection: first,
            number: 2,
        },
        false,
    );
    let second = ledger.attach();
    assert_eq!(
        ledger.arrive(
            key(1, false),
            Tag {
                connection: second,
                number: 1
            },
            true
        ),
        None
    );
    assert_eq!(ledger.take(1).len(), 1);
}

#[test]
fn tokens_of_another_time_do_nothing() {
    let mut ledger = ledger();
    for token in [0, 1, u64::MAX] {
        for settlement in [Settlement::Ack, Settlement::GiveBack, refused()] {
            assert_eq!(
                ledger.settle(Token(token), &settlement, Instant::now()),
                None
            );
        }
    }
    let old = ledger.attach();
    ledger.attach();
    assert_eq!(
        ledger.arrive(
            key(1, true),
            Tag {
                connection: old,
                number: 1
            },
            false
        ),
        None
    );
    assert!(ledger.take(1).is_empty());
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut ledger = ledger();
    let connection = ledger.attach();
    for number in 0..2 * REMEMBERED as u64 {
        let key = Key {
            mark: Some(format!("socorro-0-{number}").into()),
            ..key(0, true)
        };
        ledger.arrive(key, Tag { connection, number }, false);
        let out = ledger.take(1);
        ledger.settle(out[0].token, &Settlement::Ack, Instant::now());
    }
    assert!(ledger.out.is_empty() && ledger.lost.is_empty());
    let tag = Tag {
        connection,
        number: 0,
    };
    let at = |number: usize| Key {
        mark: Some(format!("socorro-0-{number}").into()),
        ..key(0, true)
    };
    assert_eq!(
        ledger.arrive(at(REMEMBERED), tag, true),
        Some(Command::Ack(tag))
    );
    assert_eq!(ledger.arrive(at(REMEMBERED - 1), tag, true), None);
}

/// One step of the world.
#[derive(Clone, Debug)]
enum Step {
    /// The broker sends up to so many.
    Send(usize),
    /// The pipeline takes up to so many.
    Take(usize),
    /// The pipeline settles the one at this place of what it has.
    Settle(usize, u8),
    /// What was told the broker reaches it, up to so many commands.
    Reach(usize),
    /// The connection is lost, with all that is on its way.
    Lose,
    /// What rested long enough goes back.
    Rest,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..5_usize).prop_map(Step::Send),
        4 => (1..5_usize).prop_map(Step::Take),
        6 => (any::<usize>(), any::<u8>()).prop_map(|(place, how)| Step::Settle(place, how)),
        3 => (1..5_usize).prop_map(Step::Reach),
        1 => Just(Step::Lose),
        1 => Just(Step::Rest),
    ];
    proptest::collection::vec(step, 0..200)
}

/// A broker with one consumer.
struct Broker {
    /// Number of the message, and whether it was delivered before.
    ready: VecDeque<(u8, bool)>,
    unsettled: BTreeMap<u64, u8>,
    connection: u64,
    last_tag: u64,
    /// Told and not arrived.
    on_the_way: VecDeque<Command>,
    gone: BTreeSet<u8>,
}

impl Broker {
    fn lose(&mut self, connection: u64) {
        self.on_the_way.clear();
        for (_, number) in std::mem::take(&mut self.unsettled) {
            self.ready.push_back((number, true));
        }
        self.connection = connection;
        self.last_tag = 0;
    }

    fn send(&mut self, ledger: &mut Ledger, marked: bool) {
        let Some((number, redelivered)) = self.ready.pop_front() else {
            return;
        };
        self.last_tag += 1;
        self.unsettled.insert(self.last_tag, number);
        let tag = Tag {
            connection: self.connection,
            number: self.last_tag,
        };
        self.on_the_way
            .extend(ledger.arrive(key(number, marked), tag, redelivered));
    }

    fn reach(&mut self) -> bool {
        match self.on_the_way.pop_front() {
            Some(Command::Ack(tag)) => {
                let number = self
                    .unsettled
                    .remove(&tag.number)
                    .expect("acknowledged twice");
                assert!(self.gone.insert(number));
            }
            Some(Command::Requeue(tag)) => {
                let number = self
                    .unsettled
                    .remove(&tag.number)
                    .expect("given back twice");
                self.ready.push_back((number, true));
            }
            None => return false,
        }
        true
    }
}

fn world(steps: &[Step], count: u8, marked: bool) {
    let mut ledger = ledger();
    let mut broker = Broker {
        ready: (0..count).map(|number| (number, false)).collect(),
        unsettled: BTreeMap::new(),
        connection: 0,
        last_tag: 0,
        on_the_way: VecDeque::new(),
        gone: BTreeSet::new(),
    };
    let mut now = Instant::now();
    broker.lose(ledger.attach());
    let mut has: Vec<Delivery> = Vec::new();
    let mut acked: BTreeSet<String> = BTreeSet::new();
    let take = |ledger: &mut Ledger, has: &mut Vec<Delivery>, acked: &BTreeSet<String>, max| {
        for delivery in ledger.take(max) {
            let text = delivery.id.to_string();
            assert!(!acked.contains(&text), "acknowledged, and handed out again");
            assert!(
                has.iter().all(|one| one.id != delivery.id),
                "out, and handed out again"
            );
            has.push(delivery);
        }
    };
    for step in steps {
        match step {
            Step::Send(most) => (0..*most).for_each(|_| broker.send(&mut ledger, marked)),
            Step::Take(max) => take(&mut ledger, &mut has, &acked, *max),
            Step::Settle(place, how) if !has.is_empty() => {
                let delivery = has.swap_remove(place % has.len());
                let settlement = match how % 8 {
                    0 => Settlement::GiveBack,
                    1 => refused(),
                    _ => Settlement::Ack,
                };
                if settlement == Settlement::Ack {
                    acked.insert(delivery.id.to_string());
                }
                broker
                    .on_the_way
                    .extend(ledger.settle(delivery.token, &settlement, now));
                assert_eq!(ledger.settle(delivery.token, &Settlement::Ack, now), None);
            }
            Step::Settle(..) => {}
            Step::Reach(most) => (0..*most).for_each(|_| {
                broker.reach();
            }),
            Step::Lose => {
                ledger.lose(broker.connection);
                broker.lose(ledger.attach());
            }
            Step::Rest => {
                now += Duration::from_secs(60);
                broker.on_the_way.extend(ledger.rested(now));
            }
        }
    }
    // From here on nothing is lost: everything is acknowledged, once, and nothing is left.
    for _ in 0..10_000 {
        if broker.gone.len() == usize::from(count) {
            break;
        }
        now += Duration::from_secs(60);
        broker.on_the_way.extend(ledger.rested(now));
        broker.send(&mut ledger, marked);
        take(&mut ledger, &mut has, &acked, 3);
        for delivery in has.drain(..) {
            acked.insert(delivery.id.to_string());
            broker
                .on_the_way
                .extend(ledger.settle(delivery.token, &Settlement::Ack, now));
        }
        while broker.reach() {}
    }
    assert_eq!(
        broker.gone.len(),
        usize::from(count),
        "some acknowledgement was lost for ever"
    );
    assert_eq!(acked.len(), usize::from(count));
    assert_eq!(ledger.unsent(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_acknowledgement_is_lost_or_doubled(steps in steps(), count in 0..20_u8, marked: bool) {
        world(&steps, count, marked);
    }
}
