//! Which rules have to do with secrets. What is written where such a rule holds is not shown, however wrong it is:
//! a password where a table with one is expected is still a password.

use std::collections::BTreeMap;

use super::{Rule, Schema};

impl Schema {
    /// Marks every rule that is a secret's or has one inside.
    pub(super) fn mark_guarded(&mut self) {
        loop {
            let known: BTreeMap<String, bool> = self
                .defs
                .iter()
                .map(|(name, rule)| (name.clone(), rule.guarded))
                .collect();
            for rule in self.defs.values_mut() {
                mark(rule, &known);
            }
            // Definitions refer to each other, in a circle if they like.
            if self
                .defs
                .iter()
                .all(|(name, rule)| known.get(name) == Some(&rule.guarded))
            {
                mark(&mut self.root, &known);
                return;
            }
        }
    }
}

fn mark(rule: &mut Rule, defs: &BTreeMap<String, bool>) -> bool {
    let mut guarded = rule.secret;
    if let Some(name) = &rule.reference {
        guarded |= defs.get(name).copied().unwrap_or(false);
    }
    let boxed = rule.additional.iter_mut().chain(&mut rule.items);
    let inside = boxed
        .map(AsMut::as_mut)
        .chain(rule.properties.values_mut())
        .chain(&mut rule.all_of)
        .chain(&mut rule.any_of)
        .chain(&mut rule.one_of);
    for rule in inside {
        guarded |= mark(rule, defs);
    }
    rule.guarded = guarded;
    guarded
}
