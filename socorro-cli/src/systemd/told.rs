use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use socorro_core::live::Activity;
use socorro_core::live::coordinator::Phase;

/// What has been told, from which follows what is to be told next. Sends nothing itself.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The last attempt whose beginning was told.
    attempt: u64,
    /// Its end was not told yet.
    reloading: bool,
    stopping: bool,
}

impl Told {
    /// The messages for what the program is at now. `verdict` is on the last attempt that ended.
    pub(super) fn next(&mut self, now: Activity, verdict: &impl Fn() -> String) -> Vec<String> {
        let mut messages = Vec::new();
        if self.stopping {
            return messages;
        }
        if matches!(now.phase, Phase::Stopping | Phase::Stopped) {
            self.stopping = true;
            return vec!["STOPPING=1\nSTATUS=ending: finishing what is under way".to_owned()];
        }
        if now.attempt > self.attempt {
            messages.extend(self.end(verdict));
            let began = monotonic_usec(now.since);
            messages.push(format!(
                "RELOADING=1\nMONOTONIC_USEC={began}\nSTATUS=reading the configuration again"
            ));
            (self.attempt, self.reloading) = (now.attempt, true);
        }
        if !matches!(now.phase, Phase::Reloading { .. }) {
            messages.extend(self.end(verdict));
        }
        messages
    }

    /// The attempt whose beginning was told has ended.
    pub(super) fn end(&mut self, verdict: &impl Fn() -> String) -> Option<String> {
        let reloading = std::mem::take(&mut self.reloading);
        (reloading && !self.stopping).then(|| format!("READY=1\nSTATUS={}", verdict()))
    }

    /// Does systemd wait for something?
    pub(super) fn takes_time(&self) -> bool {
        self.reloading || self.stopping
    }
}

/// This moment on the clock that systemd compares with.
fn monotonic_usec(moment: Instant) -> u128 {
    // In this order it can only come out later, by the time between the two: an earlier one would not be taken
    // for an answer to the signal.
    let ago = moment.elapsed();
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from);
    now.saturating_sub(ago).as_micros()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(phase: Phase, attempt: u64) -> Activity {
        Activity {
            phase,
            attempt,
            since: Instant::now(),
        }
    }

    fn reloading(attempt: u64) -> Activity {
        let pending = attempt.is_multiple_of(2);
        at(Phase::Reloading { attempt, pending }, attempt)
    }

    /// The first lines of what is told of these, one after another.
    fn told(activities: &[Activity]) -> Vec<String> {
        let mut told = Told::default();
        let mut firsts = Vec::new();
        for activity in activities {
            for message in told.next(*activity, &|| "verdict".to_owned()) {
                firsts.extend(message.lines().next().map(str::to_owned));
            }
        }
        firsts
    }

    #[test]
    fn each_attempt_has_its_pair_whatever_is_missed() {
        let idle = |attempt| at(Phase::Idle, attempt);
        let pair = ["RELOADING=1", "READY=1"];
        assert!(told(&[idle(0), idle(0)]).is_empty());
        assert_eq!(told(&[reloading(1), reloading(1), idle(1)]), pair);
        // The attempt was over before anybody looked.
        assert_eq!(told(&[idle(0), idle(1), idle(1)]), pair);
        // Another followed at once.
        assert_eq!(
            told(&[reloading(1), reloading(2), idle(2)]),
            [pair, pair].concat()
        );
        assert_eq!(told(&[reloading(1), idle(3)]), [pair, pair].concat());
    }

    #[test]
    fn the_end_is_told_once_and_nothing_after_it() {
        let stopping = at(Phase::Stopping, 1);
        assert_eq!(
            told(&[reloading(1), stopping, at(Phase::Stopped, 1), reloading(2)]),
            ["RELOADING=1", "STOPPING=1"]
        );
    }

    #[test]
    fn the_time_is_when_the_attempt_began() {
        let before = monotonic_usec(Instant::now());
        let began = reloading(1);
        let after = monotonic_usec(Instant::now());
        let messages = Told::default().next(began, &|| String::new());
        let line = messages[0]
            .lines()
            .find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        let told: u128 = line.unwrap().parse().unwrap();
        assert!((before..=after + 1000).contains(&told));
    }

    #[test]
    fn whoever_runs_attempts_is_gone() {
        let mut told = Told::default();
        let verdict = || "verdict".to_owned();
        told.next(reloading(1), &verdict);
        assert!(told.takes_time());
        assert_eq!(
            told.end(&verdict).as_deref(),
            Some("READY=1\nSTATUS=verdict")
        );
        assert_eq!(told.end(&verdict), None);
        assert!(!told.takes_time());
    }
}
