//! The steps of an attempt to adopt a configuration, each taken under its name.
//!
//! [`Steps`] is the record of one attempt. Work is handed to [`Steps::take`] or [`Steps::take_async`] together with
//! its [`Step`]; there is no other way to take one. The record is what the report is made from: how long each step
//! took, in which one the attempt failed or panicked, and which are under way when its time is up. It is also where
//! tests make steps fail: with feature `failpoints` a step that was armed fails, panics or hangs in the place of its
//! work, on the thread that does it.
//!
//! A step that fails returns the error of its work. One that panics is noted and panics on: the panic ends the
//! attempt's task, or the control thread the step was on, and nothing else. One that hangs stays under way until
//! whoever waits gives up.
//!
//! # What is left behind when a step hangs
//!
//! * *Plan, health, commit, drain, close*: nothing. They wait without a thread, and are dropped.
//! * *Read, parse, merge, check, secret*: one control thread ([`apart`]) with the text it had read, until the system
//!   answers. What it comes to is dropped there. The runtime's threads are not touched, and the end of the program
//!   does not wait for it.
//! * *Copy, load, handshake*: the control thread that works on the library, and one that waits for it, at most
//!   `plugins.timeout`. No other new library can be loaded meanwhile, because the linker takes one at a time; those in
//!   memory serve on. When it comes back after all, the image and its copy stay, as those of every library do.
//! * *Construct*: the control thread in the plugin. An instance that comes too late is destroyed there.
//!
//! | file | idea |
//! |---|---|
//! | `list` | the steps |
//! | `record`, `stopped` | what an attempt went through, and where it ended |
//! | `apart` | blocking work on a thread of its own |
//! | `failpoint`, `injected` | faults for tests, and nothing in their place otherwise |

mod apart;
#[cfg(feature = "failpoints")]
mod failpoint;
#[cfg(not(feature = "failpoints"))]
#[path = "no_failpoint.rs"]
mod failpoint;
mod injected;
mod list;
mod record;
mod stopped;

pub(crate) use apart::apart;
#[cfg(not(feature = "failpoints"))]
pub(crate) use failpoint::Failpoints;
#[cfg(feature = "failpoints")]
pub use failpoint::{Failpoints, Fault};
pub(crate) use injected::Injected;
pub use list::Step;
pub(crate) use record::Steps;
pub(crate) use stopped::listed;
pub use stopped::{How, StoppedIn};

#[cfg(test)]
mod tests;
