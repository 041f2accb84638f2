//! What was aimed at, and whether it was met.

/// Prints a target beside what was measured.
pub fn report(met: bool, target: &str, measured: &str) {
    let verdict = if met { "met    " } else { "NOT met" };
    println!("  {verdict}  {target}: {measured}");
}
