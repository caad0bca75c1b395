//! Average precision of class scores, and per-class thresholds from the F1 score.

/// Minimum numbers of positive and of negative clips for choosing a threshold.
const FEWEST_CLIPS: usize = 3;
/// Threshold of a class without enough clips.
pub const DEFAULT_THRESHOLD: f64 = 0.5;

/// Returns the average precision of a class: Σ (Rₙ − Rₙ₋₁) Pₙ over the scores in descending order, with ties grouped,
/// as in scikit-learn; `None` if no clip shows the class. `clips` are pairs of a score and whether the clip shows the
/// class.
pub fn average_precision(clips: &[(f32, bool)]) -> Option<f64> {
    let positives = clips.iter().filter(|(_, shown)| *shown).count();
    let mut sum = 0.0;
    let mut before = 0;
    for [answered, right] in counts_above(clips) {
        sum += (right - before) as f64 / positives as f64 * right as f64 / answered as f64;
        before = right;
    }
    (positives > 0).then_some(sum)
}

/// Returns the mean [average precision](average_precision) over the classes that any of the clips shows; `None` if none
/// is shown. `rows` are the scores of the clips; `shows(clip, class)` is `true` if the clip shows the class.
pub fn mean_average_precision(rows: &[&[f32]], shows: impl Fn(usize, usize) -> bool) -> Option<f64> {
    let classes = rows.iter().map(|row| row.len()).max()?;
    let of_class = |class| average_precision(&column(rows, class, &shows));
    let precisions: Vec<f64> = (0..classes).filter_map(of_class).collect();
    (!precisions.is_empty()).then(|| precisions.iter().sum::<f64>() / precisions.len() as f64)
}

/// Returns for each class the score threshold with the highest F1 on these clips: half-way between the scores on either
/// side, to be independent of a single clip. Classes with few clips get [`DEFAULT_THRESHOLD`].
pub fn thresholds(rows: &[&[f32]], shows: impl Fn(usize, usize) -> bool) -> Vec<f64> {
    let classes = rows.iter().map(|row| row.len()).max().unwrap_or_default();
    (0..classes).map(|class| best_threshold(&column(rows, class, &shows))).collect()
}

fn column(rows: &[&[f32]], class: usize, shows: &impl Fn(usize, usize) -> bool) -> Vec<(f32, bool)> {
    rows.iter().enumerate().filter_map(|(clip, row)| Some((*row.get(class)?, shows(clip, class)))).collect()
}

fn best_threshold(clips: &[(f32, bool)]) -> f64 {
    let positives = clips.iter().filter(|(_, shown)| *shown).count();
    if positives < FEWEST_CLIPS || clips.len() - positives < FEWEST_CLIPS {
        return DEFAULT_THRESHOLD;
    }
    let mut scores: Vec<f32> = clips.iter().map(|(score, _)| *score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let middle = |answered: usize| {
        let [lowest, next] =
            [answered - 1, answered].map(|place| scores.get(place).map_or(0.0, |score| f64::from(*score)));
        (lowest + next) / 2.0
    };
    let candidates = counts_above(clips)
        .into_iter()
        .map(|[answered, right]| (2.0 * right as f64 / (answered + positives) as f64, middle(answered)));
    let from_default = |threshold: f64| (threshold - DEFAULT_THRESHOLD).abs();
    let best = candidates.max_by(|(f1, at), (other, other_at)| {
        f1.total_cmp(other).then(from_default(*other_at).total_cmp(&from_default(*at)))
    });
    best.map_or(DEFAULT_THRESHOLD, |(_, threshold)| threshold)
}

/// Returns for each score in descending order the number of clips with that score or a higher one, and the number of
/// them that show the class.
fn counts_above(clips: &[(f32, bool)]) -> Vec<[usize; 2]> {
    let mut clips = clips.to_vec();
    clips.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut found = Vec::new();
    let (mut answered, mut right) = (0, 0);
    for equal in clips.chunk_by(|(a, _), (b, _)| a == b) {
        answered += equal.len();
        right += equal.iter().filter(|(_, shown)| *shown).count();
        found.push([answered, right]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scikit-learn 1.9.1: `average_precision_score([1, 0, 1, 1, 0], [.9, .8, .7, .7, .1])` is 0.8333…; with the first two equal,
    /// 0.6666…. By hand: ⅓ + ⅔ · ¾ and ⅓ · ½ + ⅔ · ¾.
    #[test]
    fn average_precision_is_that_of_scikit_learn() {
        let clips = [(0.9, true), (0.8, false), (0.7, true), (0.7, true), (0.1, false)];
        assert!((average_precision(&clips).unwrap() - (1.0 / 3.0 + 2.0 / 3.0 * 0.75)).abs() < 1e-12);
        let equal = [(0.9, true), (0.9, false), (0.7, true), (0.7, true), (0.1, false)];
        assert!((average_precision(&equal).unwrap() - (1.0 / 6.0 + 0.5)).abs() < 1e-12);
        assert_eq!(average_precision(&[(0.5, false)]), None);
    }

    #[test]
    fn the_mean_is_over_the_classes_that_are_shown() {
        let rows: [&[f32]; 3] = [&[0.9, 0.1, 0.3], &[0.2, 0.8, 0.4], &[0.4, 0.9, 0.5]];
        let shown = [vec![0], vec![1], vec![0, 1]];
        assert_eq!(mean_average_precision(&rows, |clip, class| shown[clip].contains(&class)), Some(1.0));
        assert_eq!(mean_average_precision(&rows, |_, _| false), None);
    }

    #[test]
    fn a_threshold_lies_between_the_clips_that_show_a_class_and_the_others() {
        let scores = [0.95, 0.9, 0.8, 0.3, 0.2, 0.1];
        let rows: Vec<&[f32]> = scores.iter().map(std::slice::from_ref).collect();
        let at = |wanted: usize| thresholds(&rows, |clip, _| clip < wanted)[0];
        assert!((at(3) - 0.55).abs() < 1e-6, "{}", at(3));
        assert_eq!(at(2), DEFAULT_THRESHOLD, "two clips are too few");
        // Five of six clips show it, in no order of scores: predicting it for all is best, with a threshold below the
        // lowest score.
        let low = thresholds(&rows, |clip, _| clip != 2 && clip != 0 && clip != 4)[0];
        assert!(low > 0.0 && low < 0.1, "{low}");
    }
}
