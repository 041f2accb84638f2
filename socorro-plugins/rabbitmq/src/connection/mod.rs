//! The way to the broker.
//!
//! | file | idea |
//! |---|---|
//! | `link` | one connection, made within a time limit, gone for certain when dropped |
//! | `tls` | whom to trust and who to be |
//! | `slot` | a connection made on demand, and replaced when it was lost |

mod link;
mod slot;
mod tls;

pub(crate) use link::{Link, Target};
pub(crate) use slot::{Open, Slot};
