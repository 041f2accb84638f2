//! Variables to one layer: `SOCORRO__STORAGE__ARCHIVE__BUCKET=x` is `storage.archive.bucket`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use figment::value::{Dict, Tag, Value};

use super::error::{ConfigError, ConfigErrors};
use super::merge::{Layer, Part};

/// A text longer than this is no option.
pub(crate) const TEXT_LIMIT: usize = 64 * 1024;

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
    let mut found: BTreeMap<Vec<String>, (String, String)> = BTreeMap::new();
    for (name, value) in variables {
        let origin = format!("environment variable {}", name.to_string_lossy());
        match read(prefix, name, value) {
            Err(why) => errors.extend([ConfigError::new(origin, "", why)]),
            Ok((path, text)) => {
                let key = path.join(".");
                if let Some((other, _)) = found.get(&path) {
                    let why = format!("{other} says the same key; unset one of them");
                    errors.extend([ConfigError::new(origin, key, why)]);
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
            errors.extend([ConfigError::new(origin, above.join("."), why)]);
        }
    }
    found
        .into_iter()
        .map(|(path, (origin, text))| part(origin, &path, text))
        .collect()
}

fn read(prefix: &str, name: &OsStr, value: &OsStr) -> Result<(Vec<String>, String), String> {
    let name = name.to_str().ok_or("the name is not UTF-8")?;
    let text = value.to_str().ok_or("the value is not UTF-8")?;
    if text.len() > TEXT_LIMIT {
        return Err(format!("the value has more than {TEXT_LIMIT} bytes"));
    }
    let rest = name.get(prefix.len() + 2..).unwrap_or_default();
    let path: Vec<String> = rest.split("__").map(str::to_ascii_lowercase).collect();
    check_path(&path)?;
    Ok((path, text.to_owned()))
}

/// A key written in parts must have all of them, and not too many.
pub(crate) fn check_path(path: &[String]) -> Result<(), String> {
    const PARTS: usize = 16;
    if path.iter().any(String::is_empty) {
        return Err("a part of the key is empty".to_owned());
    }
    if path.len() > PARTS {
        return Err(format!("the key has more than {PARTS} parts"));
    }
    Ok(())
}

/// One text at `path`.
pub(crate) fn part(origin: String, path: &[String], text: String) -> Part {
    let mut value = Value::from(text);
    for name in path.iter().skip(1).rev() {
        value = Value::Dict(Tag::Default, Dict::from([(name.clone(), value)]));
    }
    let dict = path
        .first()
        .map(|name| Dict::from([(name.clone(), value)]))
        .unwrap_or_default();
    Part {
        origin,
        text: true,
        dict,
    }
}
