//! Where the parts of a crash lie: pure functions from an id to relative paths.
//!
//! | file | idea |
//! |---|---|
//! | [`names`] | file names of the parts |
//! | [`radix`] | the levels between a day and a crash, taken from the id |
//! | [`place`] | every place an id's files may lie in, the one that is written first |
//! | [`slot`] | the date tree by which new crashes are found |

pub(crate) mod names;
pub(crate) mod place;
pub(crate) mod radix;
pub(crate) mod slot;
#[cfg(test)]
mod tests;

pub(crate) use place::{Place, Shape};
pub(crate) use slot::Slot;
