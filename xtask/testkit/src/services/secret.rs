//! Passwords and keys, made at random for each server.

use anyhow::{Context, Result};

/// So many random bytes, in hexadecimal digits, for what is no secret.
pub(super) fn hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).context("no random numbers")?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A password or key of so many hexadecimal digits, which is recognised wherever it is printed.
pub(super) fn secret(digits: usize) -> Result<String> {
    crate::canary::secret(digits)
}
