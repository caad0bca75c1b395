//! Tests of agreement against values computed by hand and by scikit-learn.

use std::ops::Range;

use super::*;
use crate::frame_times::FrameTimes;
use crate::predictions::LabelledSpan;

fn span(class: Option<usize>, frames: Range<usize>) -> LabelledSpan {
    LabelledSpan { class, frames }
}

fn classes() -> Vec<String> {
    ["walk", "rear", "groom"].map(String::from).to_vec()
}

/// Returns one video of `frames` frames at 10 frames per second.
fn compared(frames: usize, a: &[LabelledSpan], b: &[LabelledSpan], unlabelled: Unlabelled) -> Agreement {
    let times = FrameTimes::even(frames, 10.0, 0.0).unwrap();
    let video = TwiceLabelled { video: "a.mp4", times: &times, a: a.to_vec(), b: b.to_vec() };
    Agreement::of(&classes(), &[video], unlabelled, &[0.5, 0.75])
}

/// Returns runs of equal labels as spans; 3 is background.
fn spans(labels: &[usize]) -> Vec<LabelledSpan> {
    let (mut spans, mut start) = (Vec::new(), 0);
    for run in labels.chunk_by(|one, next| one == next) {
        spans.push(span(Some(run[0]).filter(|&label| label < 3), start..start + run.len()));
        start += run.len();
    }
    spans
}

fn close(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-6), "{found:?} for {expected}");
}

/// By hand: `a` walks 0 to 6 and is background after that, `b` walks 0 to 4, rears 4 to 6 and has not labelled the
/// rest.
#[test]
fn frames_that_one_has_not_labelled_are_not_compared() {
    let (a, b) = ([span(Some(0), 0..6), span(None, 6..10)], [span(Some(0), 0..4), span(Some(1), 4..6)]);
    let agreement = compared(10, &a, &b, Unlabelled::Excluded);
    assert_eq!((agreement.frames, agreement.several), (6, 0));
    assert!((agreement.secs - 0.6).abs() < 1e-9 && (agreement.left_out_secs - 0.4).abs() < 1e-9);
    let walk = &agreement.classes[0];
    assert_eq!((walk.frames.both, walk.frames.only_a, walk.frames.only_b), (4, 2, 0));
    assert_eq!((walk.frames.precision, walk.frames.recall, walk.frames.f1), (Some(1.0), Some(4.0 / 6.0), Some(0.8)));
    close(agreement.accuracy, 4.0 / 6.0);
    assert_eq!(agreement.confusion.counts[0], [4, 2, 0, 0]);
    let [found] = &agreement.disagreements[..] else { panic!("one disagreement") };
    assert_eq!((found.start_frame, found.end_frame, &*found.a, &*found.b), (4, 6, "walk", "rear"));
    let whole = compared(10, &a, &b, Unlabelled::Background);
    assert_eq!((whole.frames, whole.left_out_secs, whole.confusion.counts[3][3]), (10, 0.0, 4));
}

/// By hand, without background: of 6 frames 4 agree; by chance 6·4/36. Kappa is (2/3 − 2/3) / (1 − 2/3) = 0.
#[test]
fn kappa_is_agreement_beyond_chance() {
    close(cohen_kappa(&[vec![4, 2], vec![0, 0]]), 0.0);
    close(cohen_kappa(&[vec![20, 5], vec![10, 15]]), 0.4); // Cohen's textbook example: 0.7 agreed, 0.5 by chance.
    assert_eq!(cohen_kappa(&[vec![7, 0], vec![0, 0]]), None, "both say the same of everything");
    assert_eq!(cohen_kappa(&[vec![0, 0], vec![0, 0]]), None);
    close(cohen_kappa(&[vec![5, 0], vec![0, 5]]), 1.0);
}

#[test]
fn a_class_without_frames_has_no_figures() {
    let walk = [span(Some(0), 0..10)];
    let agreement = compared(10, &walk, &walk, Unlabelled::Excluded);
    let groom = &agreement.classes[2];
    assert_eq!((groom.secs, groom.frames.f1, groom.frames.kappa), ([0.0; 2], None, None));
    assert_eq!((groom.bouts.a, &groom.bouts.f1[..]), (0, &[None, None][..]));
    assert_eq!((agreement.kappa, agreement.accuracy, agreement.macro_f1), (None, Some(1.0), Some(1.0)));
    assert!(serde_json::to_string(&agreement).unwrap().contains("\"kappa\":null"));
    let nothing = compared(10, &walk, &[], Unlabelled::Excluded);
    assert_eq!((nothing.frames, nothing.accuracy, nothing.bouts.a), (0, None, 0));
    assert_eq!(compared(0, &[], &[], Unlabelled::Background).accuracy, None, "no frames");
}

/// By hand: 0–10 has IoU 0.6 with 0–6 and 4/14 with 6–14, which has 8/12 with 6–18: the pairs are (6–18, 6–14), (0–10,
/// 0–6). 30–40 against 31–39 has 0.8; 50–60 is alone.
#[test]
fn bouts_are_matched_one_to_one_the_closest_first() {
    let a = [span(Some(0), 0..10), span(Some(0), 6..18), span(Some(0), 30..40), span(Some(0), 50..60)];
    let b = [span(Some(0), 0..6), span(Some(0), 6..14), span(Some(0), 31..39)];
    let agreement = compared(100, &a, &b, Unlabelled::Background);
    let walk = &agreement.classes[0].bouts;
    assert_eq!((walk.a, walk.b, &walk.matched[..]), (4, 3, &[3, 1][..]));
    assert_eq!(walk.f1, [Some(6.0 / 7.0), Some(2.0 / 7.0)]);
    assert_eq!(agreement.bouts, *walk, "no other class has bouts");
}

/// By hand: of 0–10 only 0–5 is compared, where both agree. 20–30 is in an interval that `b` has not labelled.
#[test]
fn bouts_are_compared_where_both_have_labelled() {
    let a = [span(Some(0), 0..10), span(Some(0), 20..30)];
    let agreement = compared(40, &a, &[span(Some(0), 0..5)], Unlabelled::Excluded);
    let walk = &agreement.classes[0].bouts;
    assert_eq!((walk.a, walk.b, &walk.matched[..]), (1, 1, &[1, 1][..]));
    assert!(agreement.disagreements.is_empty());
}

#[test]
fn several_classes_at_a_time_count_by_class_and_not_in_the_matrix() {
    let a = [span(Some(0), 0..10), span(Some(1), 5..10)];
    let agreement = compared(10, &a, &[span(Some(0), 0..10)], Unlabelled::Excluded);
    assert_eq!((agreement.several, agreement.confusion.right()), (5, (5, 5)));
    assert_eq!((agreement.classes[0].frames.f1, agreement.classes[1].frames.recall), (Some(1.0), Some(0.0)));
    assert_eq!((&*agreement.disagreements[0].a, &*agreement.disagreements[0].b), ("walk + rear", "walk"));
}

/// By hand: 4 of 6 frames of a class are right; with a class `background` 9 of 13 frames.
#[test]
fn the_likeliest_class_counts_on_frames_of_a_class_of_the_model() {
    let confusion = Confusion { counts: vec![vec![3, 1, 2], vec![1, 1, 0], vec![0, 0, 5]] };
    let found = [false, true].map(|has_background| LikeliestClass::of(&confusion, has_background));
    assert_eq!(found.map(|one| one.frames), [6, 13]);
    close(found[0].accuracy, 4.0 / 6.0);
    close(found[1].accuracy, 9.0 / 13.0);
    assert_eq!(LikeliestClass::of(&Confusion { counts: vec![vec![7]] }, false).accuracy, None);
}

/// The labels of 200 frames and the figures are those of `tests/compare_agreement.py`, label 3 being background.
#[test]
fn figures_are_those_of_scikit_learn() {
    let a: Vec<usize> = (0..200).map(|i| (i * i / 50 + i / 13) % 4).collect();
    let b: Vec<usize> = a.iter().enumerate().map(|(i, &label)| if i * 5 % 7 < 5 { label } else { i * 3 % 4 }).collect();
    let agreement = compared(200, &spans(&a), &spans(&b), Unlabelled::Excluded);
    assert_eq!(agreement.confusion.counts, [[44, 0, 4, 5], [6, 36, 4, 4], [1, 2, 31, 3], [1, 8, 4, 47]]);
    close(agreement.kappa, 0.7182437191829067);
    close(agreement.macro_f1, 0.7876984126984127);
    close(agreement.overall.f1, 0.7900355871886121);
    for (class, [kappa, f1, precision, recall]) in agreement.classes.iter().zip([
        [0.7804752066115702, 0.8380952380952381, 0.8461538461538461, 0.8301886792452831],
        [0.6712328767123288, 0.75, 0.782608695652174, 0.72],
        [0.7191449524106726, 0.775, 0.7209302325581395, 0.8378378378378378],
    ]) {
        close(class.frames.kappa, kappa);
        close(class.frames.f1, f1);
        close(class.frames.precision, precision);
        close(class.frames.recall, recall);
    }
}
