//! Storages made of storages. A composite holds handles to its children by name, not the children: each
//! operation finds them in its own generation, so a reload can exchange a child under a composite that stays.
//!
//! A composite never retries: the executor in front of each child does.

mod fanout;

pub use fanout::Fanout;
pub(crate) use fanout::union;
