//! What the benchmarks of backends with servers share: saving and reading crashes of real sizes at 8 and 64
//! callers, with the processor time that each costs this process beside the rate.
//!
//! | file | idea |
//! |---|---|
//! | [`load`] | the crashes: log-normal dumps |
//! | [`peer`] | who saves and reads |
//! | [`ours`] | the loaded plugin, behind a handle of a running program |
//! | [`sample`] | many callers, one measurement |
//! | [`report`] | the rounds, the table and the verdicts |

pub mod load;
pub mod ours;
pub mod peer;
pub mod report;
pub mod sample;
