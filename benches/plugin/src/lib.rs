//! A storage made for measuring what the plugin boundary costs. It keeps nothing.
//!
//! | operation | does |
//! |---|---|
//! | `delete` | ten small I/O steps: sends a kilobyte to an echo server and reads it back, ten times in turn |
//! | `get_dump` | returns a payload that it holds |
//! | `save_raw_crash` | accepts |
//! | `get_raw_crash` | says when it was reached, as [`Reached`] |

mod config;
mod connections;
mod reached;
mod storage;

pub use config::StepsConfig;
pub use reached::Reached;
pub use storage::StepsStorage;

socorro_core::export_plugin! { name: "steps", storage: StepsStorage }
