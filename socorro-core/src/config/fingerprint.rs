//! Telling whether two sets of resolved options are equal without keeping their secrets.

use std::io::{self, Write};
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A hash of `value` under a key that this process made up, so that a fingerprint that gets out tells nothing.
pub(crate) fn fingerprint(value: &Value) -> Result<[u8; 32], String> {
    let mut hash = keyed()?;
    canonical(value, &mut Hasher(&mut hash)).map_err(|error| error.to_string())?;
    Ok(hash.finalize().into())
}

/// The fingerprint of the JSON string that is `text`, which is not copied for it.
pub(crate) fn fingerprint_of_text(text: &str) -> Result<[u8; 32], String> {
    let mut hash = keyed()?;
    serde_json::to_writer(&mut Hasher(&mut hash), text).map_err(|error| error.to_string())?;
    Ok(hash.finalize().into())
}

/// A hash that the key of this process has gone into.
fn keyed() -> Result<Sha256, String> {
    static KEY: OnceLock<[u8; 32]> = OnceLock::new();
    let key = match KEY.get() {
        Some(key) => key,
        None => {
            let mut key = [0; 32];
            getrandom::fill(&mut key)
                .map_err(|error| format!("the system gives no random numbers: {error}"))?;
            KEY.get_or_init(|| key)
        }
    };
    let mut hash = Sha256::new();
    hash.update(key);
    Ok(hash)
}

struct Hasher<'a>(&'a mut Sha256);

impl Write for Hasher<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// JSON with the keys of objects in order, whichever map the `serde_json` of this build has.
fn canonical(value: &Value, out: &mut Hasher<'_>) -> io::Result<()> {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            out.write_all(b"{")?;
            for (key, value) in members {
                serde_json::to_writer(&mut *out, key)?;
                out.write_all(b":")?;
                canonical(value, out)?;
                out.write_all(b",")?;
            }
            out.write_all(b"}")
        }
        Value::Array(items) => {
            out.write_all(b"[")?;
            for item in items {
                canonical(item, out)?;
                out.write_all(b",")?;
            }
            out.write_all(b"]")
        }
        scalar => Ok(serde_json::to_writer(&mut *out, scalar)?),
    }
}
