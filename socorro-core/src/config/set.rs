//! `--set storage.archive.bucket=x`.

use super::environment::{TEXT_LIMIT, check_path, part};
use super::error::{ConfigError, ConfigErrors};
use super::merge::Layer;

/// The layer that these flags are, the later ones winning.
pub(crate) fn layer(flags: &[String], errors: &mut ConfigErrors) -> Layer {
    let mut parts = Layer::new();
    for flag in flags {
        match read(flag) {
            Ok((path, text)) => {
                parts.push(part(format!("--set {}", path.join(".")), &path, text));
            }
            Err((key, why)) => {
                errors.extend([ConfigError::new(format!("--set {key}"), "", why)]);
            }
        }
    }
    parts
}

fn read(flag: &str) -> Result<(Vec<String>, String), (String, String)> {
    let Some((key, text)) = flag.split_once('=') else {
        // Not shown whole: what lacks the sign may be a value.
        let why = "expected KEY=VALUE, as in storage.archive.bucket=crashes";
        return Err((String::new(), why.to_owned()));
    };
    let key = key.trim();
    let path: Vec<String> = key.split('.').map(|part| part.trim().to_owned()).collect();
    check_path(&path).map_err(|why| (key.to_owned(), why))?;
    if text.len() > TEXT_LIMIT {
        let why = format!("the value has more than {TEXT_LIMIT} bytes");
        return Err((key.to_owned(), why));
    }
    Ok((path, text.to_owned()))
}
