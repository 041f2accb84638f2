use std::collections::{HashMap, VecDeque};

use super::*;

/// What can happen to a program, as its user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Happening {
    /// An edit, and then a signal.
    Hangup,
    /// An edit that is watched.
    Watch,
    /// An edit, and then a command that waits for the report.
    Request,
    /// A command that expects a plan, and waits for the report.
    Expect,
    PhaseDone,
    PhaseFailed,
    /// An attempt that was abandoned ends after all.
    LateNews,
    /// The time of one that was abandoned is up once more.
    LateTimeout,
    Timeout,
    Term,
    StragglerDone,
    DrainTimeout,
}

/// How many requests that expect something may wait: few, so that there are few states.
const ROOM: usize = 2;
/// Instances that drain: more are like these.
const LEAVING: u8 = 2;

/// A coordinator, and what a driver that obeys it would be doing.
#[derive(Clone, Debug)]
struct World {
    coordinator: Coordinator,
    /// The attempt that was started and has not ended.
    current: Option<u64>,
    /// One was abandoned, and may still report.
    abandoned: Option<u64>,
    /// Tickets that were given out, not answered, and not those of the attempt under way.
    queued: Vec<u64>,
    tickets: u64,
    /// Somebody waits for the attempt under way; for the next one.
    awaited: bool,
    next_awaited: bool,
    /// What runs is not what the file says.
    behind: bool,
    /// The attempt under way has read the last edit; and it is one for those who triggered, which an edit is owed.
    reads_last: bool,
    for_triggers: bool,
    /// An attempt for those who triggered has read the last edit, and was refused.
    refused: bool,
    /// Attempts for others that started while the first of the queue waited.
    passed_over: u8,
    /// Attempts for others that started while somebody who triggered waited.
    made_to_wait: u8,
    /// Instances that were let go and have not ended.
    leaving: u8,
    draining: bool,
    exited: bool,
}

/// What is left of a world without the numbers of attempts and tickets, on which nothing depends but whether they are
/// equal: worlds with equal keys behave alike for ever.
type Key = (
    (u8, bool, bool, usize),
    (bool, bool, usize, bool, bool),
    (bool, bool, bool, bool, u8, u8),
    (u8, bool, bool),
);

impl World {
    fn new() -> Self {
        Self {
            coordinator: Coordinator::new(ROOM),
            current: None,
            abandoned: None,
            queued: Vec::new(),
            tickets: 0,
            awaited: false,
            next_awaited: false,
            behind: false,
            reads_last: false,
            for_triggers: false,
            refused: false,
            passed_over: 0,
            made_to_wait: 0,
            leaving: 0,
            draining: false,
            exited: false,
        }
    }

    fn key(&self) -> Key {
        let (phase, pending) = match self.coordinator.phase {
            Phase::Idle => (0, false),
            Phase::Reloading { pending, .. } => (1, pending),
            Phase::Stopping => (2, false),
            Phase::Stopped => (3, false),
        };
        let expects = self.coordinator.cause != Cause::Trigger;
        let (current, abandoned) = (self.current.is_some(), self.abandoned.is_some());
        (
            (phase, pending, expects, self.coordinator.expecting.len()),
            (
                current,
                abandoned,
                self.queued.len(),
                self.awaited,
                self.next_awaited,
            ),
            (
                self.behind,
                self.reads_last,
                self.for_triggers,
                self.refused,
                self.passed_over,
                self.made_to_wait,
            ),
            (self.leaving, self.draining, self.exited),
        )
    }

    /// What can happen now.
    fn happenings(&self) -> Vec<Happening> {
        use Happening::*;
        let mut all = vec![Hangup, Watch, Request, Expect, Term];
        if self.current.is_some() {
            all.extend([PhaseDone, PhaseFailed, Timeout]);
        }
        if self.abandoned.is_some() {
            all.extend([LateNews, LateTimeout]);
        }
        if self.leaving > 0 {
            all.push(StragglerDone);
        }
        if self.draining {
            all.push(DrainTimeout);
        }
        all
    }

    fn after(&self, happening: Happening) -> Self {
        let mut next = self.clone();
        let event = match happening {
            Happening::Hangup | Happening::Watch | Happening::Request => {
                next.behind = true;
                (next.reads_last, next.refused) = (false, false);
                next.next_awaited |= happening == Happening::Request;
                Some(Event::Trigger)
            }
            Happening::Expect => {
                next.tickets += 1;
                next.queued.push(next.tickets);
                Some(Event::Expect {
                    ticket: next.tickets,
                })
            }
            Happening::PhaseDone | Happening::PhaseFailed => next.ended(happening),
            Happening::LateNews => next
                .abandoned
                .take()
                .map(|attempt| Event::Finished { attempt }),
            Happening::LateTimeout => next.abandoned.map(|attempt| Event::TimedOut { attempt }),
            Happening::Timeout => next.current.map(|attempt| Event::TimedOut { attempt }),
            Happening::Term => Some(Event::Terminate),
            Happening::StragglerDone => {
                next.leaving -= 1;
                (next.draining && next.leaving == 0).then_some(Event::Drained)
            }
            Happening::DrainTimeout => Some(Event::DrainTimedOut),
        };
        if let Some(event) = event {
            next.obey(event);
        }
        next
    }

    /// The attempt under way ends by itself.
    fn ended(&mut self, how: Happening) -> Option<Event> {
        let attempt = self.current.take()?;
        self.awaited = false;
        if how == Happening::PhaseDone {
            self.behind &= !self.reads_last;
            self.leaving = LEAVING.min(self.leaving + 1);
        } else {
            self.is_refused();
        }
        Some(Event::Finished { attempt })
    }

    fn is_refused(&mut self) {
        // One that expects a plan is refused for other reasons too, and whoever triggered is owed another.
        self.refused |= self.reads_last && self.for_triggers;
    }

    /// Does what the coordinator says, and checks that it can be done.
    fn obey(&mut self, event: Event) {
        let (coordinator, effects) = self.coordinator.clone().step(event);
        let before = std::mem::replace(&mut self.coordinator, coordinator);
        for effect in effects {
            match effect {
                Effect::Start { attempt, cause } => self.started(attempt, cause, before.attempts),
                Effect::Abandon { attempt } => {
                    assert_eq!(self.current.take(), Some(attempt), "it was under way");
                    let is_due = [Event::Terminate, Event::TimedOut { attempt }].contains(&event);
                    assert!(is_due, "nothing but its own time or the end cuts it short");
                    self.abandoned = Some(attempt);
                    self.awaited = false;
                    self.is_refused();
                }
                Effect::Refuse { ticket, .. } => self.leave_queue(ticket),
                Effect::Drain => {
                    assert!(!self.draining && !self.exited, "drained once");
                    assert_eq!(self.current, None, "nothing is under way at the end");
                    self.draining = true;
                    // What runs leaves as well.
                    self.leaving = LEAVING.min(self.leaving + 1);
                }
                Effect::Exit => {
                    assert!(self.draining && !self.exited, "exits once");
                    (self.draining, self.exited) = (false, true);
                }
            }
        }
    }

    fn started(&mut self, attempt: u64, cause: Cause, before: u64) {
        assert_eq!(self.current, None, "at most one is under way");
        assert_eq!(attempt, before + 1, "numbered without a gap");
        assert!(!self.draining && !self.exited, "nothing starts at the end");
        self.current = Some(attempt);
        self.reads_last = true;
        self.for_triggers = cause == Cause::Trigger;
        match cause {
            Cause::Trigger => {
                self.awaited = std::mem::take(&mut self.next_awaited);
                self.made_to_wait = 0;
                self.passed_over += u8::from(!self.queued.is_empty());
            }
            Cause::Expect { ticket } => {
                assert_eq!(
                    self.queued.first(),
                    Some(&ticket),
                    "first come, first served"
                );
                self.leave_queue(ticket);
                self.awaited = true;
                self.passed_over = 0;
                let pending = matches!(
                    self.coordinator.phase,
                    Phase::Reloading { pending: true, .. }
                );
                self.made_to_wait += u8::from(pending);
            }
        }
    }

    /// A ticket is answered, once.
    fn leave_queue(&mut self, ticket: u64) {
        let place = self.queued.iter().position(|queued| *queued == ticket);
        self.queued.remove(place.expect("nobody is answered twice"));
        if self.queued.is_empty() {
            self.passed_over = 0;
        }
    }

    fn check(&self) {
        assert!(self.queued.len() <= ROOM, "a bounded number waits");
        assert!(
            self.passed_over <= 1,
            "who expects is passed over once at most"
        );
        assert!(
            self.made_to_wait <= 1,
            "who triggered waits for one at most"
        );
        match self.coordinator.phase {
            Phase::Idle => {
                assert_eq!(self.current, None);
                assert!(!self.behind || self.refused, "a change was never read");
                assert!(self.queued.is_empty() && !self.awaited && !self.next_awaited);
            }
            Phase::Reloading { attempt, pending } => {
                assert_eq!(self.current, Some(attempt));
                assert!(pending || !self.next_awaited, "nobody is forgotten");
                assert!(
                    pending
                        || !self.behind
                        || self.refused
                        || (self.reads_last && self.for_triggers),
                    "a change is not read by an attempt for those who triggered, and none follows"
                );
            }
            Phase::Stopping => {
                assert!(self.draining && self.current.is_none());
                assert!(self.leaving > 0, "the last straggler ends it");
            }
            Phase::Stopped => assert!(self.exited && self.current.is_none()),
        }
        if self.draining || self.exited {
            assert!(self.queued.is_empty(), "everybody is answered");
        }
    }

    /// Whatever was going on, a SIGTERM ends it: when everything has ended, and also when nothing does.
    fn ends(&self) {
        let last = self.after(Happening::Term);
        last.check();
        let late = last.after(Happening::DrainTimeout);
        assert_eq!(late.coordinator.phase, Phase::Stopped, "{self:?}");
        let mut drained = last;
        while drained.leaving > 0 {
            drained = drained.after(Happening::StragglerDone);
        }
        assert_eq!(drained.coordinator.phase, Phase::Stopped, "{self:?}");
    }

    /// Left alone, every attempt comes to an end, whichever, and no other is made when nobody asks for one.
    fn settles(&self) {
        use Happening::{PhaseDone, PhaseFailed, Timeout};
        for end in [PhaseDone, PhaseFailed, Timeout] {
            let mut world = self.clone();
            for _ in 0..ROOM + 3 {
                if world.current.is_some() {
                    world = world.after(end);
                    world.check();
                }
            }
            assert_eq!(world.current, None, "{self:?}");
            let rests = [Phase::Idle, Phase::Stopping, Phase::Stopped];
            assert!(rests.contains(&world.coordinator.phase), "{self:?}");
        }
    }
}

/// Every order in which things can happen, however long, with states that are alike looked at once.
#[test]
fn every_state_there_is_is_sound() {
    let first = World::new();
    let mut seen = HashMap::from([(first.key(), 0)]);
    let mut open = VecDeque::from([(first, 0)]);
    let (mut deepest, mut transitions) = (0, 0);
    while let Some((world, depth)) = open.pop_front() {
        deepest = depth;
        world.check();
        world.ends();
        world.settles();
        for happening in world.happenings() {
            let next = world.after(happening);
            transitions += 1;
            if let std::collections::hash_map::Entry::Vacant(new) = seen.entry(next.key()) {
                new.insert(depth + 1);
                open.push_back((next, depth + 1));
            }
        }
    }
    println!(
        "{} states, {transitions} transitions, the farthest {deepest} away",
        seen.len()
    );
    assert!(seen.len() > 200 && deepest >= 8, "{} states", seen.len());
}

/// The numbers that the key leaves out mean nothing: every order of twelve, with worlds told apart by them too.
#[test]
fn every_order_of_twelve_is_sound_with_its_numbers() {
    let mut worlds = vec![World::new()];
    for _ in 0..12 {
        let mut next = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for world in &worlds {
            for happening in world.happenings() {
                let after = world.after(happening);
                after.check();
                let key = (after.key(), after.coordinator.clone(), after.abandoned);
                if seen.insert(key) {
                    next.push(after);
                }
            }
        }
        worlds = next;
    }
    assert!(worlds.len() > 5000, "{} states", worlds.len());
}

fn started(attempt: u64) -> Effect {
    let cause = Cause::Trigger;
    Effect::Start { attempt, cause }
}

#[test]
fn terminating_wins_and_is_absorbing() {
    let (state, _) = Coordinator::new(1).step(Event::Trigger);
    let (state, _) = state.step(Event::Expect { ticket: 7 });
    let (state, effects) = state.step(Event::Terminate);
    let refused = |ticket| Effect::Refuse {
        ticket,
        why: NoAttempt::Ending,
    };
    assert_eq!(
        effects,
        [Effect::Abandon { attempt: 1 }, refused(7), Effect::Drain]
    );
    for event in [
        Event::Trigger,
        Event::Finished { attempt: 1 },
        Event::TimedOut { attempt: 1 },
        Event::Terminate,
    ] {
        assert_eq!(state.clone().step(event), (state.clone(), vec![]));
    }
    let asked = state.clone().step(Event::Expect { ticket: 8 });
    assert_eq!(asked, (state.clone(), vec![refused(8)]));
    let (state, effects) = state.step(Event::Drained);
    assert_eq!(
        (state.phase(), effects),
        (Phase::Stopped, vec![Effect::Exit])
    );
}

#[test]
fn a_storm_becomes_one_more_attempt() {
    let (mut state, _) = Coordinator::new(1).step(Event::Trigger);
    for _ in 0..1000 {
        let (next, effects) = state.step(Event::Trigger);
        assert_eq!(effects, []);
        state = next;
    }
    let (state, effects) = state.step(Event::Finished { attempt: 1 });
    assert_eq!(effects, [started(2)]);
    assert_eq!(
        state.step(Event::Finished { attempt: 2 }).0.phase(),
        Phase::Idle
    );
}

#[test]
fn a_storm_and_those_who_expect_take_turns() {
    let (mut state, _) = Coordinator::new(2).step(Event::Trigger);
    for ticket in [1, 2, 3] {
        let (next, effects) = state.step(Event::Expect { ticket });
        let why = NoAttempt::TooMany;
        let refused = (ticket == 3).then_some(Effect::Refuse { ticket, why });
        assert_eq!(effects, Vec::from_iter(refused));
        state = next;
    }
    let mut causes = Vec::new();
    for attempt in 1..=4 {
        let (next, _) = state.step(Event::Trigger);
        let (next, effects) = next.step(Event::Finished { attempt });
        causes.extend(effects.iter().filter_map(|effect| match effect {
            Effect::Start { cause, .. } => Some(*cause),
            _ => None,
        }));
        state = next;
    }
    let expect = |ticket| Cause::Expect { ticket };
    assert_eq!(
        causes,
        [expect(1), Cause::Trigger, expect(2), Cause::Trigger]
    );
}
