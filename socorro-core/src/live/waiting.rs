//! Who waits for which attempt.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::report::ReloadReport;
use super::saved::SavedPlan;

type Reply = oneshot::Sender<ReloadReport>;

/// Everybody who is to be told what came of an attempt. When the program ends, who is still here is told so by the
/// drop.
#[derive(Default)]
pub(super) struct Waiting {
    /// For the attempt under way.
    current: Vec<Reply>,
    /// For the next one that is made for who triggered.
    next: Vec<Reply>,
    /// For one of their own, by ticket.
    expecting: HashMap<u64, (Box<SavedPlan>, Reply)>,
    tickets: u64,
}

impl Waiting {
    pub(super) fn for_next(&mut self, reply: Option<Reply>) {
        self.next.extend(reply);
    }

    /// The ticket of a request that expects this plan.
    pub(super) fn expecting(&mut self, plan: Box<SavedPlan>, reply: Reply) -> u64 {
        self.tickets += 1;
        self.expecting.insert(self.tickets, (plan, reply));
        self.tickets
    }

    /// An attempt begins that reads what everybody wants read who came until now.
    pub(super) fn begin(&mut self) {
        self.current.append(&mut self.next);
    }

    /// An attempt begins for this ticket; the plan that it has to come to.
    pub(super) fn begin_expecting(&mut self, ticket: u64) -> Option<Box<SavedPlan>> {
        let (plan, reply) = self.expecting.remove(&ticket)?;
        self.current.push(reply);
        Some(plan)
    }

    /// The attempt under way ended so.
    pub(super) fn answer(&mut self, report: &ReloadReport) {
        for reply in self.current.drain(..) {
            // Who asked may have gone.
            let _ = reply.send(report.clone());
        }
    }

    /// There is no attempt for this ticket.
    pub(super) fn refuse(&mut self, ticket: u64, report: ReloadReport) {
        if let Some((_, reply)) = self.expecting.remove(&ticket) {
            // Who asked may have gone.
            let _ = reply.send(report);
        }
    }
}
