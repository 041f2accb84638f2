//! Programs that embed `socorro-core`: see the files beside `Cargo.toml`. The examples in the project's
//! documents are compiled here, so that they stay true.

#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
pub struct Readme;

#[doc = include_str!("../../docs/write-a-plugin.md")]
#[cfg(doctest)]
pub struct WriteAPlugin;
