//! Connections to the server, on threads of their own.
//!
//! The client blocks and must not be used on a thread of an async runtime. So an instance has a bounded number
//! of threads, and a bounded queue of work for them; each takes a connection for as long as it needs one.
//!
//! | file | idea |
//! |---|---|
//! | [`address`] | where the server is and how to get in, from the options |
//! | [`tls`] | whom to trust |
//! | [`session`] | one connection and its prepared statements |
//! | [`database`] | connections that are idle, and the transaction protocol over them |
//! | [`pool`] | the threads and their queue |
//! | [`ticket`] | one operation that somebody may be waiting for |
//! | [`batcher`] | operations that are done several at a time |

mod address;
mod batcher;
mod database;
mod pool;
mod session;
mod ticket;
mod tls;

pub(crate) use batcher::{Batchable, Batcher, Waiter};
pub(crate) use database::Database;
pub(crate) use pool::Pool;
pub(crate) use session::Session;
