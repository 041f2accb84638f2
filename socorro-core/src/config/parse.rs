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

/// Keys of more bytes are not repeated in a message.
const LONGEST_KEY: usize = 80;

fn too_deep() -> Wrong {
    Wrong::new(Class::TooDeep, format!("more than {DEPTH} levels deep"))
}

/// `key` as it is written the second time, if that is known.
fn said_twice(key: Option<&str>) -> Wrong {
    let why = match key.map(str::trim) {
        Some(key) if !key.is_empty() && !key.contains('\n') && key.len() <= LONGEST_KEY => {
            format!("the key {key} is there twice; keep one")
        }
        _ => "the same key is there twice; keep one".to_owned(),
    };
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
