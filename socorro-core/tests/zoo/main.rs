//! A zoo of broken plugins. Each is visited by a process of its own, which must see one clear error, come to no
//! harm, and load and use a sound plugin afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod build;
mod cage;
mod entries;
mod files;
mod hangs;
mod instances;
mod layout;
mod limits;
mod notes;
mod panics;
mod replaced;
mod sound;
mod tables;
