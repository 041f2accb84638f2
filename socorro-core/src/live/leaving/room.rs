//! How many instances may be leaving when another is opened.

use super::departures::Departures;
use super::{Leaving, Stage};
use crate::live::plan::Part;

/// Instances of one name that leave at once. A reload beyond it waits, at most for as long as it may take in all,
/// until the first of them has ended: a storm of reloads becomes slower and loses nothing.
pub(super) const LEAVING: usize = 32;

/// Instances that were given up and of which something still runs. Each may hold threads and connections for ever,
/// so past it nothing new is opened, and the reload says that it takes a restart.
pub(super) const LEFT_BEHIND: usize = 64;

impl Departures {
    /// Waits until there is room to open these.
    ///
    /// Why nothing can be opened before the program is started anew. Dropping the future is all it takes to stop
    /// waiting.
    pub(in crate::live) async fn room(&self, parts: &[Part]) -> Result<(), String> {
        let mut changes = self.watch();
        loop {
            changes.borrow_and_update();
            let all = self.all();
            if parts.is_empty() || is_roomy(&all, parts)? {
                return Ok(());
            }
            if changes.changed().await.is_err() {
                return Ok(());
            }
        }
    }
}

fn is_roomy(all: &[Leaving], parts: &[Part]) -> Result<bool, String> {
    let left_behind: Vec<_> = all
        .iter()
        .filter(|one| one.stage == Stage::LeftBehind)
        .collect();
    if left_behind.len() >= LEFT_BEHIND {
        let mut names: Vec<String> = left_behind.iter().map(|one| one.part.to_string()).collect();
        names.sort_unstable();
        names.dedup();
        return Err(format!(
            "{} instances that were replaced never ended ({}), which is the bound; nothing more is opened: see \
             what hangs in these plugins, and restart the program",
            left_behind.len(),
            names.join(", ")
        ));
    }
    let leaving = |part: &Part| {
        let of_it = all
            .iter()
            .filter(|one| one.part == *part && one.stage != Stage::LeftBehind);
        of_it.count()
    };
    Ok(parts.iter().all(|part| leaving(part) < LEAVING))
}
