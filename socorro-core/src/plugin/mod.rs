//! The plugin boundary: backends as shared libraries behind a C interface.
//!
//! | file | idea |
//! |---|---|
//! | [`abi`] | the C types that cross, and their layout hash |
//! | [`author`] | what a plugin author in Rust implements |
//!
//! `unsafe` lives in this room and nowhere else.
#![allow(unsafe_code)]

pub mod abi;
#[cfg(feature = "plugin")]
pub mod author;
mod resource;

pub use resource::Resource;
