use std::collections::{HashSet, VecDeque};

use super::*;

/// What a driver would be doing, so that only events that can come are tried.
#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    coordinator: Coordinator,
    /// Attempts that were started and have not ended; an abandoned one may still report once.
    running: Vec<u64>,
    draining: bool,
    exited: bool,
    /// A change was made after the youngest attempt started reading.
    unread_change: bool,
    started: u64,
}

impl World {
    fn events(&self) -> Vec<Event> {
        let mut events = vec![Event::Trigger, Event::Terminate];
        for attempt in &self.running {
            events.extend([
                Event::Finished { attempt: *attempt },
                Event::TimedOut { attempt: *attempt },
            ]);
        }
        if self.draining {
            events.push(Event::Drained);
        }
        events
    }

    fn after(&self, event: Event) -> Self {
        let mut next = self.clone();
        if event == Event::Trigger {
            next.unread_change = true;
        }
        // One that took too long may still report once, late.
        if let Event::Finished { attempt } = event {
            next.running.retain(|running| *running != attempt);
        }
        if event == Event::Drained {
            next.draining = false;
        }
        let (coordinator, effects) = self.coordinator.step(event);
        next.coordinator = coordinator;
        for effect in effects {
            match effect {
                Effect::Start { attempt } => {
                    assert_eq!(
                        attempt,
                        next.started + 1,
                        "attempts are numbered without a gap"
                    );
                    next.started = attempt;
                    next.running.push(attempt);
                    next.unread_change = false;
                }
                Effect::Abandon { .. } => {}
                Effect::Drain => {
                    assert!(!next.draining && !next.exited);
                    next.draining = true;
                }
                Effect::Exit => next.exited = true,
            }
        }
        next
    }

    fn check(&self) {
        match self.coordinator.phase() {
            Phase::Idle => assert!(!self.unread_change, "idle, but a change was never read"),
            Phase::Reloading { attempt, pending } => {
                assert_eq!(
                    attempt, self.started,
                    "the youngest attempt is the one under way"
                );
                assert!(
                    pending || !self.unread_change,
                    "a change came too late for the attempt and none is pending"
                );
            }
            Phase::Stopping => assert!(self.draining),
            Phase::Stopped => assert!(self.exited),
        }
    }
}

/// Every sequence of twelve events that can come, deduplicated by state.
#[test]
fn every_state_within_twelve_events_is_sound() {
    let first = World {
        coordinator: Coordinator::default(),
        running: vec![],
        draining: false,
        exited: false,
        unread_change: false,
        started: 0,
    };
    let mut seen = HashSet::from([first.clone()]);
    let mut open = VecDeque::from([(first, 0)]);
    while let Some((world, depth)) = open.pop_front() {
        world.check();
        if depth == 12 {
            continue;
        }
        for event in world.events() {
            let next = world.after(event);
            if seen.insert(next.clone()) {
                open.push_back((next, depth + 1));
            }
        }
    }
    assert!(seen.len() > 100, "only {} states explored", seen.len());
}

#[test]
fn terminating_wins_and_is_absorbing() {
    let (state, _) = Coordinator::default().step(Event::Trigger);
    let (state, effects) = state.step(Event::Terminate);
    assert_eq!(effects, [Effect::Abandon { attempt: 1 }, Effect::Drain]);
    for event in [
        Event::Trigger,
        Event::Finished { attempt: 1 },
        Event::TimedOut { attempt: 1 },
        Event::Terminate,
    ] {
        assert_eq!(state.step(event), (state, vec![]));
    }
    let (state, effects) = state.step(Event::Drained);
    assert_eq!(
        (state.phase(), effects),
        (Phase::Stopped, vec![Effect::Exit])
    );
}

#[test]
fn a_storm_becomes_one_more_attempt() {
    let (mut state, _) = Coordinator::default().step(Event::Trigger);
    for _ in 0..1000 {
        let (next, effects) = state.step(Event::Trigger);
        assert_eq!(effects, []);
        assert_eq!(next.attempt_of_trigger(), Some(2));
        state = next;
    }
    let (state, effects) = state.step(Event::Finished { attempt: 1 });
    assert_eq!(effects, [Effect::Start { attempt: 2 }]);
    assert_eq!(
        state.step(Event::Finished { attempt: 2 }).0.phase(),
        Phase::Idle
    );
}
