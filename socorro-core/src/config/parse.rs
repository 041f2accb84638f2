//! Text to values, each with its place: TOML, and JSON without duplicate keys.

mod json;
mod toml;

pub(crate) use json::{json, program};
pub(crate) use toml::{inline, toml};

use super::class::Class;
use super::error::Wrong;

/// Levels of nesting in a configuration; deeper ones are a mistake or an attack.
const DEPTH: usize = 32;

/// Of one file at most so many syntax errors are told; the later ones follow from the first.
const ERRORS: usize = 8;

fn too_deep() -> Wrong {
    Wrong::new(Class::TooDeep, format!("more than {DEPTH} levels deep"))
}

fn said_twice() -> Wrong {
    let why = "the same key is there twice; keep one";
    Wrong::new(Class::DuplicateKey, why)
}

fn not_finite() -> Wrong {
    Wrong::new(Class::NotFinite, "expected a finite number")
}

fn too_large() -> Wrong {
    Wrong::new(
        Class::IntegerTooLarge,
        "expected a number of at most 64 bits with sign",
    )
}
