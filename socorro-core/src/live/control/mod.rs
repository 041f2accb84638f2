//! The control socket: asking a running program how it is, and telling it to reload.
//!
//! `[control] socket` says where it is; it is opened only if the program asks for it with
//! [`Builder::control`](super::Builder::control). Who may use it is who runs as the same user: the file is of
//! mode 0600 from the moment it is there, and the user of each peer is compared besides.
//!
//! A request is one line of JSON, `{"command":"status"}`, `{"command":"history"}`, `{"command":"reload","wait":true}` with an `expect`
//! of a saved plan if only that may happen, or `{"command":"diff"}`; so is each answer: `{"ok":…}` or
//! `{"error":"…"}`. Both are bounded in size, and each takes only so long.

mod answer;
mod connection;
mod request;
mod server;
mod socket;

pub(super) use server::{Access, Server};
pub(super) use socket::Socket;
