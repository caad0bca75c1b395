//! Confidence intervals of accuracies, which show how reliable a fraction of few clips is.

/// The 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Returns the 95 % Wilson score interval of the fraction `correct` / `of`; `None` if `of` is 0.
///
/// Unlike the normal approximation p ± z·√(p(1 − p)/n), it stays within 0 and 1 and is accurate for few clips and for
/// fractions near either end (E. B. Wilson, 1927).
pub fn wilson_interval(correct: usize, of: usize) -> Option<[f64; 2]> {
    (of > 0).then_some(())?;
    let (n, z2) = (of as f64, Z * Z);
    let share = (correct as f64 / n).min(1.0);
    let centre = share + z2 / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // Rounding may exceed 0 and 1 slightly.
    Some([((centre - half) / scale).clamp(0.0, share), ((centre + half) / scale).clamp(share, 1.0)])
}

/// Returns the 95 % Wilson score interval of an accuracy over `clips` clips.
pub fn interval_of_share(share: f64, clips: usize) -> Option<[f64; 2]> {
    wilson_interval((share * clips as f64).round() as usize, clips)
}

/// Returns an interval in percent, `43.8–82.8`; a dash for `None`.
pub fn interval_in_percent(interval: Option<[f64; 2]>) -> String {
    interval.map_or("–".into(), |[low, high]| format!("{:.1}–{:.1}", 100.0 * low, 100.0 * high))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998),
    /// table I, method 3.
    #[test]
    fn intervals_are_those_that_newcombe_published() {
        for (correct, of, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let found = wilson_interval(correct, of).unwrap();
            for (found, published) in found.into_iter().zip([low, high]) {
                assert!((found - published).abs() < 5.1e-5, "{correct} of {of}: {found} instead of {published}");
            }
        }
    }

    #[test]
    fn an_interval_is_symmetric_within_0_and_1_and_around_its_share() {
        for (correct, of) in [(0, 1), (1, 1), (3, 7), (9, 10), (10, 10), (999, 1000)] {
            let [low, high] = wilson_interval(correct, of).unwrap();
            let [other_low, other_high] = wilson_interval(of - correct, of).unwrap();
            assert!((low + other_high - 1.0).abs() < 1e-12 && (high + other_low - 1.0).abs() < 1e-12);
            let share = correct as f64 / of as f64;
            assert!(0.0 <= low && low <= share && share <= high && high <= 1.0, "{correct} of {of}: {low} to {high}");
        }
        assert_eq!(wilson_interval(0, 0), None);
    }

    #[test]
    fn intervals_in_percent() {
        assert_eq!(interval_in_percent(wilson_interval(8, 12)), "39.1–86.2");
        assert_eq!(interval_of_share(8.0 / 12.0, 12), wilson_interval(8, 12));
        assert_eq!(interval_in_percent(wilson_interval(0, 0)), "–");
    }
}
