//! Who waits for which attempt.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::asked::Asked;
use super::report::{ReloadReport, Trigger};
use super::saved::SavedPlan;

type Reply = oneshot::Sender<ReloadReport>;

/// Everybody who is to be told what came of an attempt. When the program ends, who is still here is told so by the
/// drop.
#[derive(Default)]
pub(super) struct Waiting {
    /// For the attempt under way.
    current: Vec<Reply>,
    /// For the next one that is made for who triggered, and why it is made.
    next: Vec<Reply>,
    asked: Option<Asked>,
    /// For one of their own, by ticket.
    expecting: HashMap<u64, (Trigger, Box<SavedPlan>, Reply)>,
    tickets: u64,
}

impl Waiting {
    /// Somebody triggers the next attempt, and may want to be told what came of it.
    pub(super) fn for_next(&mut self, asked: Asked, reply: Option<Reply>) {
        self.asked = Some(match self.asked.take() {
            Some(earlier) => earlier.and(asked),
            None => asked,
        });
        self.next.extend(reply);
    }

    /// The ticket of a request that expects this plan.
    pub(super) fn expecting(
        &mut self,
        trigger: Trigger,
        plan: Box<SavedPlan>,
        reply: Reply,
    ) -> u64 {
        self.tickets += 1;
        self.expecting.insert(self.tickets, (trigger, plan, reply));
        self.tickets
    }

    /// An attempt begins that reads what everybody wants read who came until now.
    pub(super) fn begin(&mut self) -> Asked {
        self.current.append(&mut self.next);
        let asked = self.asked.take();
        asked.unwrap_or(Asked::by(Trigger::Request))
    }

    /// An attempt begins for this ticket: who asked for it, and the plan that it has to come to.
    pub(super) fn begin_expecting(&mut self, ticket: u64) -> (Asked, Option<Box<SavedPlan>>) {
        let Some((trigger, plan, reply)) = self.expecting.remove(&ticket) else {
            return (Asked::by(Trigger::Request), None);
        };
        self.current.push(reply);
        (Asked::by(trigger), Some(plan))
    }

    /// The attempt under way ended so.
    pub(super) fn answer(&mut self, report: &ReloadReport) {
        for reply in self.current.drain(..) {
            // Who asked may have gone.
            let _ = reply.send(report.clone());
        }
    }

    /// There is no attempt for this ticket.
    pub(super) fn refuse(&mut self, ticket: u64, report: impl FnOnce(Trigger) -> ReloadReport) {
        if let Some((trigger, _, reply)) = self.expecting.remove(&ticket) {
            // Who asked may have gone.
            let _ = reply.send(report(trigger));
        }
    }
}
