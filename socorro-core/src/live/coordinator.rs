//! Who reloads when: a pure state machine, (state, event) -> (state, effects).
//!
//! Signals, the control socket and an embedding program only make events; the driver only carries out
//! effects. At most one attempt is under way and at most one waits, so a storm of triggers ends in one
//! attempt that starts after the last of them and therefore sees the last change. Terminating is absorbing.

/// What has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Somebody wants the configuration to be read again.
    Trigger,
    /// This attempt ended, applied or refused.
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
    /// Everything that was to be drained for the end is drained or given up.
    Drained,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Read the configuration and try to adopt it.
    Start {
        /// The attempt's number, counted from 1.
        attempt: u64,
    },
    /// Drop the candidate of this attempt, and with it everything new.
    Abandon {
        /// Which one.
        attempt: u64,
    },
    /// Stop sources, let operations end, close everything.
    Drain,
    /// The end.
    Exit,
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
        /// Whether another one has to follow.
        pending: bool,
    },
    /// Draining for the end.
    Stopping,
    /// Ended.
    Stopped,
}

/// The coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Coordinator {
    phase: Phase,
    /// How many attempts were started.
    attempts: u64,
}

impl Default for Coordinator {
    fn default() -> Self {
        Self {
            phase: Phase::Idle,
            attempts: 0,
        }
    }
}

impl Coordinator {
    /// What is going on.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The number of the attempt that contains a change made before now, once [`Event::Trigger`] was given.
    pub fn attempt_of_trigger(&self) -> Option<u64> {
        match self.phase {
            Phase::Reloading { attempt, pending } => {
                Some(if pending { attempt + 1 } else { attempt })
            }
            Phase::Idle | Phase::Stopping | Phase::Stopped => None,
        }
    }

    /// The next state, and what is to be done, in this order.
    #[must_use]
    pub fn step(self, event: Event) -> (Self, Vec<Effect>) {
        match (self.phase, event) {
            (Phase::Idle, Event::Trigger) => self.start(),
            (Phase::Reloading { attempt, .. }, Event::Trigger) => (
                Self {
                    phase: Phase::Reloading {
                        attempt,
                        pending: true,
                    },
                    ..self
                },
                vec![],
            ),
            (Phase::Reloading { attempt, pending }, Event::Finished { attempt: ended })
                if attempt == ended =>
            {
                self.ended(pending, vec![])
            }
            (Phase::Reloading { attempt, pending }, Event::TimedOut { attempt: late })
                if attempt == late =>
            {
                self.ended(pending, vec![Effect::Abandon { attempt }])
            }
            (Phase::Idle, Event::Terminate) => (self.at(Phase::Stopping), vec![Effect::Drain]),
            (Phase::Reloading { attempt, .. }, Event::Terminate) => (
                self.at(Phase::Stopping),
                vec![Effect::Abandon { attempt }, Effect::Drain],
            ),
            (Phase::Stopping, Event::Drained) => (self.at(Phase::Stopped), vec![Effect::Exit]),
            // Late news of an attempt that was abandoned, a trigger after the end began, a second signal.
            _ => (self, vec![]),
        }
    }

    fn at(self, phase: Phase) -> Self {
        Self { phase, ..self }
    }

    fn start(self) -> (Self, Vec<Effect>) {
        let attempt = self.attempts + 1;
        (
            Self {
                phase: Phase::Reloading {
                    attempt,
                    pending: false,
                },
                attempts: attempt,
            },
            vec![Effect::Start { attempt }],
        )
    }

    fn ended(self, pending: bool, mut effects: Vec<Effect>) -> (Self, Vec<Effect>) {
        if !pending {
            return (self.at(Phase::Idle), effects);
        }
        let (next, start) = self.at(Phase::Idle).start();
        effects.extend(start);
        (next, effects)
    }
}

#[cfg(test)]
mod tests;
