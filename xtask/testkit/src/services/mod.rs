//! Real servers for tests: the shared ones that `cargo xtask services up` starts, and ones of a test's own.
//!
//! A test gets the shared server of a kind with [`shared`], makes a database, bucket, vhost or index prefix of
//! its own there, and an account that may use just that. A test that kills, stops or pauses a server gets one
//! of its own with [`own`].
//!
//! | file | idea |
//! |---|---|
//! | `kind`, `server` | what a server is to a test |
//! | `shared`, `own` | the two ways to get one |
//! | `set` | starts, stops and shows the shared ones |
//! | `state` | the file that says what was started |
//! | `install` | what has to be on the machine |
//! | `process`, `user`, `ports`, `place` | processes, who runs them, where |
//! | `certificate`, `front` | TLS |
//! | `postgres`, `rabbitmq`, `ceph`, `garage`, `elasticsearch`, `opensearch` | one file each |
//!
//! Steps, with what can go wrong in each:
//!
//! 1. *Installed?* A missing program is an error that says what to install; `services up` installs it first.
//! 2. *Place.* A directory, owned by the ordinary user that runs the servers. Root hands it to `nobody`; where
//!    `nobody` cannot reach the target directory, it is made in the directory for temporary files. Tests have it in
//!    memory, where there is a file system with room.
//! 3. *Prepare.* Ports, passwords, certificates, an empty database. Failure shows the tool's output.
//! 4. *Start.* Each process is in the state file as soon as it exists, and carries a mark in its environment:
//!    whoever starts servers and dies leaves nothing that `services down` does not find.
//! 5. *Ready.* The server is asked until it answers. A process that ends early, or takes too long, is an error
//!    with the end of its log.

mod ceph;
mod certificate;
mod elasticsearch;
mod front;
mod garage;
mod http;
mod install;
mod kind;
mod kinds;
mod opensearch;
mod own;
mod place;
mod ports;
mod postgres;
mod process;
mod rabbitmq;
mod secret;
mod server;
mod set;
mod shared;
mod state;
mod user;

pub use ceph::ceph_user;
pub use garage::garage_key;
pub use http::Answer;
pub use kind::Kind;
pub use own::{Own, own};
pub use ports::free as free_ports;
pub use rabbitmq::rabbitmq_knows;
pub use server::Server;
pub use set::{Status, down, fetch, status, up};
pub use shared::{STATE_VARIABLE, shared, state_file};

/// What a server is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Many tests at a time, none of which kills it.
    Shared,
    /// One test that may kill it.
    Own,
}
