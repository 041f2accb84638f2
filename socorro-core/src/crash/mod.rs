//! The model: what a crash is, whichever store keeps it.
//!
//! A crash is a [`RawCrash`] (the JSON document that came with it), named [`Dumps`], and later a
//! [`ProcessedCrash`], all under one [`CrashId`] that carries the crash's date. Documents are kept as their
//! exact bytes; moving a crash never parses or rewrites it.

mod date;
mod dump_name;
mod dumps;
mod id;
pub(crate) mod json;
mod legacy_id;
mod limits;
mod processed;
mod raw;
mod redaction;
mod stored_id;

pub use date::CrashDate;
pub use dump_name::DumpName;
pub use dumps::{Dump, Dumps};
pub use id::CrashId;
pub use legacy_id::LegacyId;
pub use limits::Limits;
pub use processed::ProcessedCrash;
pub use raw::RawCrash;
pub use redaction::Redaction;
pub use stored_id::StoredId;

#[cfg(test)]
mod tests;
