//! A trend, and how certain it is.

/// A trend of values over equal steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// Growth for each step.
    pub each: f64,
    /// Half of its 95 % confidence interval.
    pub margin: f64,
}

/// Means of so many blocks are what the line goes through: values that follow each other are alike, and taking
/// each for an observation of its own would make the trend look far more certain than it is.
const BLOCKS: usize = 20;
/// Of Student's distribution with 18 degrees of freedom, at 97.5 %.
const STUDENT: f64 = 2.101;

impl Slope {
    /// The least-squares line through `values`; `None` when there are fewer than two for each block.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let length = values.len() / BLOCKS;
        if length < 2 {
            return None;
        }
        let blocks = values.chunks_exact(length).take(BLOCKS);
        let means: Vec<f64> = blocks
            .map(|block| block.iter().sum::<f64>() / length as f64)
            .collect();
        let count = BLOCKS as f64;
        let middle = (count - 1.0) / 2.0;
        let mean = means.iter().sum::<f64>() / count;
        let spread: f64 = (0..BLOCKS).map(|x| (x as f64 - middle).powi(2)).sum();
        let together: f64 = means
            .iter()
            .enumerate()
            .map(|(x, y)| (x as f64 - middle) * (y - mean))
            .sum();
        let slope = together / spread;
        let rest: f64 = means
            .iter()
            .enumerate()
            .map(|(x, y)| (y - mean - slope * (x as f64 - middle)).powi(2))
            .sum();
        let error = (rest / (count - 2.0) / spread).sqrt();
        Some(Self {
            each: slope / length as f64,
            margin: STUDENT * error / length as f64,
        })
    }

    /// The least growth that the values allow.
    pub fn least(&self) -> f64 {
        self.each - self.margin
    }

    /// Is no growth at all within the interval?
    pub fn may_be_flat(&self) -> bool {
        self.each.abs() <= self.margin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn a_trend_is_found_within_noise_and_none_where_there_is_none() {
        for seed in 0..50 {
            let mut random = Random::new(seed);
            let mut noise = || random.unit() * 100.0;
            let flat: Vec<f64> = (0..2000).map(|_| noise()).collect();
            let rising: Vec<f64> = (0..2000).map(|x| f64::from(x) * 0.5 + noise()).collect();
            let (flat, rising) = (Slope::of(&flat), Slope::of(&rising));
            assert!(
                flat.is_some_and(|slope| slope.least() < 0.01),
                "seed {seed}"
            );
            let near = |slope: Slope| (slope.each - 0.5).abs() < 0.02 && slope.least() > 0.45;
            assert!(rising.is_some_and(near), "seed {seed}: {rising:?}");
        }
        assert_eq!(Slope::of(&[1.0; 39]), None);
        let line: Vec<f64> = (0..40).map(f64::from).collect();
        assert!(Slope::of(&line).is_some_and(|slope| (slope.each - 1.0).abs() < 1e-9));
    }
}
