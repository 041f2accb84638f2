//! An S3 server in the process of a test, with faults.
//!
//! Requests are parsed, their signatures and digests checked by the `s3s` library, which shares no code with the
//! client under test. The objects live in memory: a condition is checked and an object stored under one lock, and of
//! a body whose digest is wrong nothing is stored.
//!
//! ```no_run
//! use socorro_testkit_s3::{Action, Fault, Operation, Server};
//!
//! # async fn example() -> std::io::Result<()> {
//! let server = Server::start().await?;
//! // The second PUT is answered with 503.
//! server.inject(Fault::new(Action::status(503, "SlowDown")).on(Operation::PutObject).skip(1));
//! println!("{} {} {}", server.url(), Server::ACCESS_KEY, Server::BUCKET);
//! assert_eq!(server.count(Operation::PutObject), 0);
//! # Ok(())
//! # }
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `server` | the listener, and what a test asks of it |
//! | `operation` | which operation a request is |
//! | `fault` | what goes wrong, and when |
//! | `service` | a request on its way through log, faults and `s3s` |
//! | `shelf` | the objects, behind one lock |
//! | `backend` | the S3 operations on a shelf |
//! | `digest` | checksums of a body |

mod backend;
mod digest;
mod fault;
mod operation;
mod server;
mod service;
mod shelf;

pub use fault::{Action, Fault};
pub use operation::Operation;
pub use server::{Conditions, Request, Server};
