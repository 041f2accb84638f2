//! `--set storage.archive.bucket=x`.

use super::class::Class;
use super::environment::{check_path, part, too_long};
use super::error::{ConfigError, ConfigErrors, Wrong};
use super::merge::Layer;
use super::origin::Origin;

/// The layer that these flags are, the later ones winning.
pub(crate) fn layer(flags: &[String], errors: &mut ConfigErrors) -> Layer {
    let mut parts = Layer::new();
    for flag in flags {
        match read(flag) {
            Ok((path, text)) => {
                let origin = Origin::Flag(path.join(".").into());
                parts.push(part(origin, &path, text));
            }
            Err((key, wrong)) => {
                errors.extend([ConfigError::new(Origin::Flag(key.into()), "", wrong)]);
            }
        }
    }
    parts
}

fn read(flag: &str) -> Result<(Vec<String>, String), (String, Wrong)> {
    let Some((key, text)) = flag.split_once('=') else {
        // Not shown whole: what lacks the sign may be a value.
        let why = "expected KEY=VALUE, as in storage.archive.bucket=crashes";
        return Err((String::new(), Wrong::new(Class::FlagWithoutValue, why)));
    };
    let key = key.trim();
    let path: Vec<String> = key.split('.').map(|part| part.trim().to_owned()).collect();
    check_path(&path).map_err(|wrong| (key.to_owned(), wrong))?;
    too_long(text).map_err(|wrong| (key.to_owned(), wrong))?;
    Ok((path, text.to_owned()))
}
