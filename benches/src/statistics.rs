//! Medians and percentiles.

/// The value that `percent` percent of the values do not exceed; 0 when there are none.
pub fn percentile(values: &[f64], percent: usize) -> f64 {
    per_mille(values, percent * 10)
}

/// The value that so many of a thousand values do not exceed; 0 when there are none.
pub fn per_mille(values: &[f64], share: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * share).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// The middle value, or the mean of the two in the middle; 0 when there are none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (
        sorted.len() % 2,
        sorted.get(middle),
        sorted.get(middle.wrapping_sub(1)),
    ) {
        (0, Some(high), Some(low)) => f64::midpoint(*low, *high),
        (_, Some(value), _) => *value,
        _ => 0.0,
    }
}

/// The median of the ratios of values that were measured in the same round: what disturbed a round disturbed
/// both of them.
pub fn ratio(of: &[f64], to: &[f64]) -> f64 {
    let ratios: Vec<f64> = of.iter().zip(to).map(|(of, to)| of / to).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests;
