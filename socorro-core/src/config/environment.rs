//! Variables to one layer: `SOCORRO__STORAGE__ARCHIVE__BUCKET=x` is `storage.archive.bucket`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use super::class::Class;
use super::error::{ConfigError, ConfigErrors, Wrong};
use super::merge::{Layer, Part};
use super::origin::Origin;
use super::tree::{Kind, Node, Table};

/// A text longer than this is no option.
const TEXT_LIMIT: usize = 64 * 1024;

/// Whether a variable's name is ours, whatever the rest of it is.
pub(crate) fn is_ours(prefix: &str, name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let Some((head, rest)) = name.split_at_checked(prefix.len()) else {
        return false;
    };
    head.eq_ignore_ascii_case(prefix.as_bytes()) && rest.starts_with(b"__")
}

/// The layer that these variables are, all of which are ours.
pub(crate) fn layer(
    prefix: &str,
    variables: &[(OsString, OsString)],
    errors: &mut ConfigErrors,
) -> Layer {
    let mut found: BTreeMap<Vec<String>, (Origin, String)> = BTreeMap::new();
    let mut wrong = |origin: Origin, key: String, class, why| {
        errors.extend([ConfigError::new(origin, key, Wrong::new(class, why))]);
    };
    for (name, value) in variables {
        let origin = Origin::Variable(name.to_string_lossy().into());
        match read(prefix, name, value) {
            Err(Wrong { class, message, .. }) => wrong(origin, String::new(), class, message),
            Ok((path, text)) => {
                let key = path.join(".");
                if let Some((other, _)) = found.get(&path) {
                    let why = format!("{other} says the same key; unset one of them");
                    wrong(origin, key, Class::VariablesCollide, why);
                } else {
                    found.insert(path, (origin, text));
                }
            }
        }
    }
    // In this order a key comes right before the keys below it.
    let paths: Vec<&Vec<String>> = found.keys().collect();
    for (above, below) in paths.iter().zip(paths.iter().skip(1)) {
        if below.starts_with(above)
            && let (Some((origin, _)), Some((other, _))) = (found.get(*above), found.get(*below))
        {
            let why = format!("{other} says a key below it; unset one of them");
            wrong(origin.clone(), above.join("."), Class::VariableAbove, why);
        }
    }
    found
        .into_iter()
        .map(|(path, (origin, text))| part(origin, &path, text))
        .collect()
}

fn read(prefix: &str, name: &OsStr, value: &OsStr) -> Result<(Vec<String>, String), Wrong> {
    let not_utf8 = Class::VariableNameNotUtf8;
    let name = name
        .to_str()
        .ok_or_else(|| Wrong::new(not_utf8, "the name is not UTF-8"))?;
    let not_utf8 = Class::VariableNotUtf8;
    let text = value
        .to_str()
        .ok_or_else(|| Wrong::new(not_utf8, "the value is not UTF-8"))?;
    too_long(text)?;
    let rest = name.get(prefix.len() + 2..).unwrap_or_default();
    let path: Vec<String> = rest.split("__").map(str::to_ascii_lowercase).collect();
    check_path(&path)?;
    Ok((path, text.to_owned()))
}

/// The text of a variable or flag is bounded.
pub(crate) fn too_long(text: &str) -> Result<(), Wrong> {
    if text.len() > TEXT_LIMIT {
        let why = format!("the value has more than {TEXT_LIMIT} bytes");
        return Err(Wrong::new(Class::TextTooLong, why));
    }
    Ok(())
}

/// A key written in parts must have all of them, and not too many.
pub(crate) fn check_path(path: &[String]) -> Result<(), Wrong> {
    const PARTS: usize = 16;
    if path.iter().any(String::is_empty) {
        let why =
            "a part of the key is empty: two separators follow each other, or one is at an end";
        return Err(Wrong::new(Class::KeyPartEmpty, why));
    }
    if path.len() > PARTS {
        let why = format!("the key has more than {PARTS} parts");
        return Err(Wrong::new(Class::KeyTooLong, why));
    }
    Ok(())
}

/// One text at `path`.
pub(crate) fn part(origin: Origin, path: &[String], text: String) -> Part {
    let origin = Arc::new(origin);
    let mut node = Node::new(&origin, Kind::Text(text));
    for name in path.iter().skip(1).rev() {
        let table = Table::from([(name.clone(), node)]);
        node = Node::new(&origin, Kind::Table(table));
    }
    let table = path
        .first()
        .map(|name| Table::from([(name.clone(), node)]))
        .unwrap_or_default();
    Part { table }
}
