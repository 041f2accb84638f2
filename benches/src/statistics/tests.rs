use super::{median, percentile, ratio};

#[test]
fn the_median_is_in_the_middle() {
    assert!((median(&[9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
    assert!((median(&[4.0, 1.0, 2.0, 9.0]) - 3.0).abs() < 1e-9);
    assert!(median(&[]).abs() < 1e-9);
}

#[test]
fn percentiles_are_values_that_occurred() {
    let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
    assert!((percentile(&values, 50) - 100.0).abs() < 1e-9);
    assert!((percentile(&values, 99) - 198.0).abs() < 1e-9);
    assert!((percentile(&[3.0], 99) - 3.0).abs() < 1e-9);
    assert!(percentile(&[], 50).abs() < 1e-9);
}

#[test]
fn a_ratio_compares_within_rounds() {
    // The second round was disturbed, for both.
    assert!((ratio(&[2.0, 20.0, 2.0], &[1.0, 10.0, 1.0]) - 2.0).abs() < 1e-9);
}
