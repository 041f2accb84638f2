//! Who reloads when: a pure state machine, (state, event) -> (state, effects).
//!
//! Signals, the control socket and an embedding program only make events; the driver only carries out effects. At most
//! one attempt is under way and at most one waits, so a storm of triggers ends in one attempt that starts after the
//! last of them and therefore sees the last change. Terminating is absorbing.
//!
//! A reload that expects a plan needs an attempt of its own, which is refused when something else would happen, and
//! so tells nothing to who triggered. Those wait in a queue of bounded length and take turns with the others: neither
//! keeps the other from its turn.

use std::collections::VecDeque;

/// What has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Somebody wants the configuration to be read again.
    Trigger,
    /// Somebody wants it to be read again, and adopted if it comes to what is expected.
    Expect {
        /// A number that no other request has, chosen by the driver.
        ticket: u64,
    },
    /// This attempt ended by itself: applied, unchanged or refused.
    Finished {
        /// Which one.
        attempt: u64,
    },
    /// This attempt takes too long.
    TimedOut {
        /// Which one.
        attempt: u64,
    },
    /// The program is to end.
    Terminate,
    /// Everything that was to be drained for the end is drained: the last straggler is done.
    Drained,
    /// Not everything is, but the time for it is over.
    DrainTimedOut,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Read the configuration and try to adopt it.
    Start {
        /// The attempt's number, counted from 1.
        attempt: u64,
        /// What it is made for.
        cause: Cause,
    },
    /// Drop the candidate of this attempt, and with it everything new.
    Abandon {
        /// Which one.
        attempt: u64,
    },
    /// Tell who expects something that there will be no attempt for it.
    Refuse {
        /// Whose.
        ticket: u64,
        /// Why.
        why: NoAttempt,
    },
    /// Stop sources, let operations end, close everything.
    Drain,
    /// The end.
    Exit,
}

/// What an attempt is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// For everybody who triggered until now.
    Trigger,
    /// For one who expects something.
    Expect {
        /// Whose.
        ticket: u64,
    },
}

/// Why there is no attempt for who expects something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoAttempt {
    /// As many wait as may.
    TooMany,
    /// The program is ending.
    Ending,
}

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Running, no reload under way.
    Idle,
    /// Running, and an attempt is under way.
    Reloading {
        /// Its number.
        attempt: u64,
        /// Whether another one has to follow for who triggered meanwhile.
        pending: bool,
    },
    /// Draining for the end.
    Stopping,
    /// Ended.
    Stopped,
}

/// The coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coordinator {
    phase: Phase,
    /// How many attempts were started.
    attempts: u64,
    /// What the youngest of them was made for.
    cause: Cause,
    /// Who waits for an attempt of its own, the first to come first.
    expecting: VecDeque<u64>,
    /// How many may wait so.
    room: usize,
}

impl Coordinator {
    /// Running, nothing under way. At most `room` requests that expect something wait for their attempt.
    pub fn new(room: usize) -> Self {
        Self {
            phase: Phase::Idle,
            attempts: 0,
            cause: Cause::Trigger,
            expecting: VecDeque::new(),
            room,
        }
    }

    /// What is going on.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The next state, and what is to be done, in this order.
    #[must_use]
    pub fn step(mut self, event: Event) -> (Self, Vec<Effect>) {
        let effects = match (self.phase, event) {
            (Phase::Idle, Event::Trigger) => self.start(Cause::Trigger, false),
            (Phase::Idle, Event::Expect { ticket }) => self.start(Cause::Expect { ticket }, false),
            (Phase::Reloading { attempt, .. }, Event::Trigger) => {
                self.phase = Phase::Reloading {
                    attempt,
                    pending: true,
                };
                vec![]
            }
            (Phase::Reloading { .. }, Event::Expect { ticket }) => self.queue(ticket),
            (Phase::Stopping | Phase::Stopped, Event::Expect { ticket }) => {
                let why = NoAttempt::Ending;
                vec![Effect::Refuse { ticket, why }]
            }
            (Phase::Reloading { attempt, pending }, Event::Finished { attempt: ended })
                if attempt == ended =>
            {
                self.next(pending)
            }
            (Phase::Reloading { attempt, pending }, Event::TimedOut { attempt: late })
                if attempt == late =>
            {
                let mut effects = vec![Effect::Abandon { attempt }];
                effects.extend(self.next(pending));
                effects
            }
            (Phase::Idle | Phase::Reloading { .. }, Event::Terminate) => self.terminate(),
            (Phase::Stopping, Event::Drained | Event::DrainTimedOut) => {
                self.phase = Phase::Stopped;
                vec![Effect::Exit]
            }
            // Late news of an attempt that was abandoned, a trigger after the end began, a second signal.
            _ => vec![],
        };
        (self, effects)
    }

    fn start(&mut self, cause: Cause, pending: bool) -> Vec<Effect> {
        self.attempts += 1;
        self.cause = cause;
        let attempt = self.attempts;
        self.phase = Phase::Reloading { attempt, pending };
        vec![Effect::Start { attempt, cause }]
    }

    fn queue(&mut self, ticket: u64) -> Vec<Effect> {
        if self.expecting.len() >= self.room {
            let why = NoAttempt::TooMany;
            return vec![Effect::Refuse { ticket, why }];
        }
        self.expecting.push_back(ticket);
        vec![]
    }

    /// An attempt ended; `pending` tells whether somebody triggered meanwhile.
    fn next(&mut self, pending: bool) -> Vec<Effect> {
        // Who triggered waits for one attempt more at most, and so does who expects and is first.
        let was_triggered = self.cause == Cause::Trigger;
        if (was_triggered || !pending)
            && let Some(ticket) = self.expecting.pop_front()
        {
            return self.start(Cause::Expect { ticket }, pending);
        }
        if pending {
            return self.start(Cause::Trigger, false);
        }
        self.phase = Phase::Idle;
        vec![]
    }

    fn terminate(&mut self) -> Vec<Effect> {
        let under_way = match self.phase {
            Phase::Reloading { attempt, .. } => Some(Effect::Abandon { attempt }),
            Phase::Idle | Phase::Stopping | Phase::Stopped => None,
        };
        self.phase = Phase::Stopping;
        let refused = self.expecting.drain(..).map(|ticket| Effect::Refuse {
            ticket,
            why: NoAttempt::Ending,
        });
        under_way
            .into_iter()
            .chain(refused)
            .chain([Effect::Drain])
            .collect()
    }
}

#[cfg(test)]
mod tests;
