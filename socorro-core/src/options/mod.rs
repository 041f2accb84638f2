//! Types for options, of core and of plugins alike: they read from configuration and document themselves in
//! the JSON Schema.

mod duration;
mod secret;
mod size;
mod tls;

pub use duration::HumanDuration;
pub use secret::Secret;
pub use size::ByteSize;
pub use tls::{Identity, Tls};

#[cfg(test)]
mod tests;
