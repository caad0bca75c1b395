//! Ranking of classes by score. Of equal scores the first class wins, as in NumPy's `argmax`; NaN never wins.

use std::cmp::Ordering;

/// Returns the index of the highest score, the first of equal ones. `None` if there are no scores or all are NaN.
pub fn arg_max<'a>(scores: impl IntoIterator<Item = &'a f32>) -> Option<usize> {
    let numbers = scores.into_iter().enumerate().filter(|(_, score)| !score.is_nan());
    numbers.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(class, _)| class)
}

/// Compares scores in falling order, with NaN last. A stable sort keeps the order of equal scores.
pub fn falling(a: &f32, b: &f32) -> Ordering {
    b.partial_cmp(a).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Returns the number of classes that rank before `class`: 0 for the best.
pub fn rank(scores: &[f32], class: usize) -> usize {
    let before = |(other, score): (usize, &f32)| falling(score, &scores[class]).then(other.cmp(&class)).is_lt();
    scores.iter().enumerate().filter(|&pair| before(pair)).count()
}

/// Returns the quantile of `values` at `share`, 0 to 1; 0 for no values.
pub(crate) fn quantile(mut values: Vec<f32>, share: f32) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let rank = ((values.len() - 1) as f32 * share).round() as usize;
    *values.select_nth_unstable_by(rank, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_wins() {
        let scores = [1.0, 5.0, 2.0, 5.0];
        assert_eq!(arg_max(&scores), Some(1));
        assert_eq!([0, 1, 2, 3].map(|class| rank(&scores, class)), [3, 0, 2, 1]);
        assert_eq!((arg_max(&[]), arg_max(&[-1.0]), rank(&[0.0, 0.0], 1)), (None, Some(0), 1));
    }

    #[test]
    fn what_is_not_a_number_never_wins() {
        for nan in [f32::NAN, -f32::NAN] {
            let scores = [nan, 1.0, f32::NEG_INFINITY, 1.0, nan];
            assert_eq!(arg_max(&scores), Some(1));
            assert_eq!([0, 1, 2, 3, 4].map(|class| rank(&scores, class)), [3, 0, 2, 1, 4]);
            let mut sorted = scores;
            sorted.sort_by(falling);
            assert!(sorted[..3] == [1.0, 1.0, f32::NEG_INFINITY] && sorted[3..].iter().all(|score| score.is_nan()));
            assert_eq!(arg_max(&[nan, nan]), None);
        }
        assert_eq!(arg_max(&[f32::NEG_INFINITY]), Some(0));
    }
}
