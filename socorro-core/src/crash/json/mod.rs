//! JSON as real collectors stored it, looked at without being rewritten.
//!
//! Python's encoder writes `NaN`, `Infinity` and lone surrogates, and its decoder lets duplicate keys pass;
//! a strict parser would refuse, or silently change, crashes that were accepted years ago. So documents are
//! scanned by the grammar of Python's `json` module: RFC 8259 and these words besides, a byte order mark in
//! front allowed, raw control characters in strings refused.
//!
//! Nothing here recurses on input: however deep a document is, the stack stays as it is.

mod check;
mod complaint;
mod field;
mod number;
mod scan;
mod splice;
mod string;
mod value;

pub(crate) use check::check_object;
pub(crate) use field::field;
pub(crate) use splice::without;
pub(crate) use value::parse;

use super::Limits;

/// Bounds for what a store gives back: it was accepted once, perhaps under other limits. No configured
/// limit reaches beyond them, so that whatever was accepted can be read back.
pub(crate) const STORED: Limits = Limits {
    crash_size: 1 << 30,
    dumps: usize::MAX,
    json_depth: 1024,
};

#[cfg(test)]
mod tests;
