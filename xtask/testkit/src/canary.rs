//! Secrets that can be found again: each secret that tests use begins with one token, and whatever is printed during
//! the test run is searched for it. No output may have a secret in it.

use std::io::Write;
use std::sync::LazyLock;

use base64::Engine;

/// What every secret in a test begins with. It is hexadecimal, because some servers take no other keys.
pub const TOKEN: &str = "ca9a27ca9a27";

/// A secret that nobody has used before, of `length` hexadecimal digits or a few more.
///
/// Fails when the system gives no random numbers.
pub fn secret(length: usize) -> anyhow::Result<String> {
    let mut random = vec![0; length.saturating_sub(TOKEN.len()).div_ceil(2)];
    getrandom::fill(&mut random)?;
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{TOKEN}{random}"))
}

/// The token as it may look in output: as it is, in base64 as in the header of a request, in hexadecimal, and as
/// the numbers that `Debug` makes of bytes.
pub fn forms() -> Vec<String> {
    let bytes = TOKEN.as_bytes();
    let mut forms = vec![TOKEN.to_owned()];
    for before in 0..3 {
        let text = base64::engine::general_purpose::STANDARD
            .encode([&vec![b'x'; before][..], bytes].concat());
        // Of the first and last letters, neighbours decide too.
        let (from, to) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
        forms.extend(text.get(from..to).map(str::to_owned));
    }
    forms.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    forms.push(numbers.join(", "));
    forms
}

/// Is a secret in this output?
pub fn is_in(output: &[u8]) -> bool {
    static FORMS: LazyLock<Vec<String>> = LazyLock::new(forms);
    FORMS.iter().any(|form| {
        output
            .windows(form.len())
            .any(|window| window == form.as_bytes())
    })
}

/// Prints what a program under test printed when there is a secret in it, past the capture of tests: a test looks
/// at few of a program's lines, and whoever searches the output of the whole run has to see them all.
pub fn pass_on(output: &[u8]) {
    if is_in(output) {
        let mut stderr = std::io::stderr().lock();
        // Without a standard error there is no output that has a secret in it.
        let _ = stderr
            .write_all(output)
            .and_then(|()| stderr.write_all(b"\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        let secret = secret(32).unwrap_or_default();
        assert_eq!((secret.len(), secret.starts_with(TOKEN)), (32, true));
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        for output in [
            format!("the password is {secret}!"),
            format!("Basic {}", encode(&format!("me:{secret}"))),
            format!("Basic {}", encode(&format!("you:{secret}"))),
            format!("Basic {}", encode(&format!("them:{secret}"))),
            format!("0x{hex}"),
            format!("{:?}", secret.as_bytes()),
        ] {
            assert!(is_in(output.as_bytes()), "{output}");
        }
        assert!(!is_in(b"the canary sings, ca9a27 ca9a27"));
    }
}
