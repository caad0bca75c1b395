//! The order of classes by their scores. Of equal scores the first class wins, as in NumPy's arg-max.

/// The class of the highest score; 0 if there is none.
pub fn best(scores: &[f32]) -> usize {
    (1..scores.len()).fold(0, |best, class| if scores[class] > scores[best] { class } else { best })
}

/// How many classes come before `class`: 0 for the best.
pub fn rank(scores: &[f32], class: usize) -> usize {
    let score = scores[class];
    let before = |(other, &value): (usize, &f32)| value > score || (value == score && other < class);
    scores.iter().enumerate().filter(|&pair| before(pair)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_wins() {
        let scores = [1.0, 5.0, 2.0, 5.0];
        assert_eq!(best(&scores), 1);
        assert_eq!([0, 1, 2, 3].map(|class| rank(&scores, class)), [3, 0, 2, 1]);
        assert_eq!((best(&[]), best(&[-1.0]), rank(&[0.0, 0.0], 1)), (0, 0, 1));
    }
}
