//! Names of storages, sources and pipelines.

/// Is this `[a-z][a-z0-9]*(_[a-z0-9]+)*`? Double underscores separate the parts of environment variables.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('_').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

/// What a name has to look like, for messages.
pub(crate) const RULE: &str =
    "a name is up to 64 small letters, digits and single underscores, a letter first";
