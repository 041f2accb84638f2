//! A hash that is the same in every process: for what is no secret.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The SHA-256 of `value` as hexadecimal digits, whatever order its keys are in. Not for secrets, which could be
/// guessed from it; those have a fingerprint under a key of the process.
pub(crate) fn digest(value: &Value) -> String {
    let mut hash = Sha256::new();
    add(&mut hash, value);
    let digits = hash.finalize();
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn add(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            hash.update(b"{");
            for (key, value) in members {
                add(hash, &Value::from(key.as_str()));
                add(hash, value);
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            items.iter().for_each(|item| add(hash, item));
            hash.update(b"]");
        }
        scalar => {
            hash.update(scalar.to_string());
            hash.update(b",");
        }
    }
}
