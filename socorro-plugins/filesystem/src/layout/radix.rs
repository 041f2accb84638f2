//! The directory levels between a day and its crashes: pairs of characters from the front of the id.
//!
//! How many there are is the id's seventh character from the end. Socorro of 2015 read 0 as four levels,
//! today's as none, and antenna puts something else there altogether; so reading tries what any of them
//! may have meant.

use socorro_core::crash::StoredId;

/// Levels where the digit says nothing.
const DEFAULT_DEPTH: u8 = 2;
/// What 0 meant in 2015.
const OLD_HARD_DEPTH: u8 = 4;

/// How many levels an id gets when it is written.
pub(crate) fn writing_depth(digit: Option<u8>) -> u8 {
    match digit {
        Some(depth @ 0..=4) => depth,
        _ => DEFAULT_DEPTH,
    }
}

/// How many levels an id may have, the likeliest first.
pub(crate) fn reading_depths(digit: Option<u8>) -> Vec<u8> {
    match digit {
        Some(0) => vec![0, OLD_HARD_DEPTH],
        Some(depth @ 1..=4) => vec![depth],
        // Nothing kept the originals from taking 5 to 9 at their word.
        Some(depth) => vec![DEFAULT_DEPTH, depth],
        None => vec![DEFAULT_DEPTH, OLD_HARD_DEPTH, 0, 1, 3],
    }
}

/// The levels as a path, such as `0b/ba`; empty for none. Deep ones run into the dashes of the id, as they
/// did in the originals.
pub(crate) fn path(id: &str, depth: u8) -> String {
    let pairs: Vec<&str> = (0..usize::from(depth))
        .map_while(|level| id.get(level * 2..level * 2 + 2))
        .collect();
    pairs.join("/")
}

/// [`writing_depth`] of an id.
pub(crate) fn of(id: &StoredId) -> u8 {
    writing_depth(id.digit())
}
