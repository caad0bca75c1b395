//! Confidence intervals of accuracies.

/// The 97.5 % quantile of the normal distribution: of a 95 % interval 2.5 % are beyond each side.
const QUANTILE: f64 = 1.959_963_984_540_054;

/// Returns the 95 % confidence interval of a share of which `correct` of `total` was seen; `[0, 1]` of nothing seen.
///
/// The score interval of E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
/// American Statistical Association 22 (1927), without correction for continuity. Unlike the usual ± it holds for few clips and
/// for shares near 0 and 1.
pub fn wilson_interval(correct: usize, total: usize) -> [f64; 2] {
    if total == 0 {
        return [0.0, 1.0];
    }
    let (count, share) = (total as f64, correct.min(total) as f64 / total as f64);
    let of_count = QUANTILE * QUANTILE / count;
    let centre = share + of_count / 2.0;
    let half = QUANTILE * (share * (1.0 - share) / count + of_count / (4.0 * count)).sqrt();
    [centre - half, centre + half].map(|bound| (bound / (1.0 + of_count)).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I,
    /// method 3.
    #[test]
    fn intervals_are_the_published_ones() {
        for (correct, total, published) in [
            (81, 263, [0.2553, 0.3662]),
            (15, 148, [0.0624, 0.1605]),
            (0, 20, [0.0, 0.1611]),
            (1, 29, [0.0061, 0.1718]),
        ] {
            let found = wilson_interval(correct, total);
            let is_close = found.iter().zip(published).all(|(found, published)| (found - published).abs() < 5e-5);
            assert!(is_close, "{correct} of {total}: {found:?}, published {published:?}");
        }
        let [low, high] = wilson_interval(20, 20);
        assert!((low - 0.8389).abs() < 5e-5 && high == 1.0, "as of none of 20, mirrored: {low} {high}");
        assert_eq!(wilson_interval(0, 0), [0.0, 1.0]);
    }
}
