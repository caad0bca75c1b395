//! Temporal action detection in untrimmed video: average precision of scored segments at temporal overlaps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An action from one time to another, detected or annotated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeSegment {
    /// Name of the video.
    pub video: String,
    /// Name of the class.
    pub class: String,
    /// Start, in seconds on the clock of the file.
    pub start_secs: f64,
    /// End, not before the start.
    pub end_secs: f64,
    /// Confidence of a detection; 1 for annotations.
    pub score: f64,
}

/// The evaluation kit to follow: how detections and annotations are matched, and how precision is averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Averaging {
    /// ActivityNet's: each detection is matched to an annotation; precision is interpolated: at every recall, the best
    /// precision at this or a higher recall, as in PASCAL VOC 2012.
    #[default]
    Activitynet,
    /// THUMOS 2014's, as updated in 2015: each annotation is matched to a detection; the precision at every hit is
    /// averaged without interpolation.
    Thumos,
}

/// Average precision of every class at several overlaps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentReport {
    /// Minimum temporal intersection over union of a hit.
    pub ious: Vec<f64>,
    /// The kit that was followed.
    pub averaging: Averaging,
    /// Mean over the classes, one per overlap.
    pub map: Vec<f64>,
    /// Mean over the overlaps.
    pub mean_map: f64,
    /// Average precision of each annotated class, one per overlap.
    pub classes: BTreeMap<String, Vec<f64>>,
    /// Number of annotated segments.
    pub truths: usize,
    /// Number of ambiguous segments: with THUMOS' averaging, a detection there that hits nothing is not counted as a
    /// mistake.
    pub ambiguous: usize,
    /// Number of detected segments of annotated classes.
    pub detections: usize,
}

impl TimeSegment {
    /// Returns the temporal intersection over union; 0 if both are instants.
    pub fn iou(&self, other: &Self) -> f64 {
        let shared = self.end_secs.min(other.end_secs) - self.start_secs.max(other.start_secs);
        let union = self.end_secs.max(other.end_secs) - self.start_secs.min(other.start_secs);
        if shared > 0.0 { shared / union } else { 0.0 }
    }
}

impl SegmentReport {
    /// Measures `detections` against `truths`; classes without annotations do not count. With THUMOS 2014's averaging,
    /// detections without a hit that touch one of the `ambiguous` segments, of any class, do not count either.
    pub fn of(
        detections: &[TimeSegment],
        truths: &[TimeSegment],
        ambiguous: &[TimeSegment],
        ious: &[f64],
        averaging: Averaging,
    ) -> Self {
        let by_class = |segments: &[TimeSegment]| {
            let mut classes: BTreeMap<String, Vec<TimeSegment>> = BTreeMap::new();
            segments.iter().for_each(|s| classes.entry(s.class.clone()).or_default().push(s.clone()));
            classes
        };
        let (detected, annotated) = (by_class(detections), by_class(truths));
        let found = |class: &String| detected.get(class).map_or(&[][..], Vec::as_slice);
        let precisions = |(class, truths): (&String, &Vec<TimeSegment>)| {
            let at = |iou: &f64| average_precision(found(class), truths, ambiguous, *iou, averaging);
            (class.clone(), ious.iter().map(at).collect::<Vec<f64>>())
        };
        let classes: BTreeMap<String, Vec<f64>> = annotated.iter().map(precisions).collect();
        let map: Vec<f64> = (0..ious.len()).map(|i| mean(classes.values().map(|precisions| precisions[i]))).collect();
        Self {
            ious: ious.to_vec(),
            averaging,
            mean_map: mean(map.iter().copied()),
            map,
            truths: truths.len(),
            ambiguous: ambiguous.len(),
            detections: annotated.keys().map(|class| found(class).len()).sum(),
            classes,
        }
    }
}

/// Returns the average precision of the `detections` of one class against the `truths` of that class, as in the kit of
/// the data set.
///
/// ActivityNet: in descending order of score, each detection is matched to the unmatched annotation of its video with
/// the largest overlap, if that is at least `iou`. THUMOS 2014 (`TH14eventdetpr.m`): in their order, each annotation is
/// matched to the unmatched detection of its video with the largest overlap, regardless of the score, if that is more
/// than `iou`; of the other detections, those that touch an `ambiguous` segment do not count.
pub fn average_precision(
    detections: &[TimeSegment],
    truths: &[TimeSegment],
    ambiguous: &[TimeSegment],
    iou: f64,
    averaging: Averaging,
) -> f64 {
    let hits = match averaging {
        Averaging::Activitynet => activity_net_hits(detections, truths, iou),
        Averaging::Thumos => thumos_hits(detections, truths, ambiguous, iou),
    };
    let mut count = 0;
    let mut precisions = Vec::new(); // after every hit
    for (before, _) in hits.iter().enumerate().filter(|(_, is_hit)| **is_hit) {
        count += 1;
        precisions.push(f64::from(count) / (before + 1) as f64);
    }
    if averaging == Averaging::Activitynet {
        for i in (1..precisions.len()).rev() {
            precisions[i - 1] = precisions[i - 1].max(precisions[i]);
        }
    }
    precisions.iter().sum::<f64>() / truths.len().max(1) as f64
}

/// Returns for each detection, in descending order of score, whether it is a hit.
fn activity_net_hits(detections: &[TimeSegment], truths: &[TimeSegment], iou: f64) -> Vec<bool> {
    let mut order: Vec<&TimeSegment> = detections.iter().collect();
    order.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut in_video: BTreeMap<&str, Vec<(&TimeSegment, bool)>> = BTreeMap::new();
    truths.iter().for_each(|truth| in_video.entry(&truth.video).or_default().push((truth, false)));
    let is_hit = |detection: &TimeSegment| {
        let free = in_video.get_mut(detection.video.as_str()).into_iter().flatten().filter(|(_, taken)| !taken);
        let closest = free.max_by(|(a, _), (b, _)| a.iou(detection).total_cmp(&b.iou(detection)));
        let Some((_, taken)) = closest.filter(|(truth, _)| truth.iou(detection) >= iou) else { return false };
        *taken = true;
        true
    };
    order.into_iter().map(is_hit).collect()
}

/// Returns for each counted detection, in descending order of score, whether it is a hit.
fn thumos_hits(detections: &[TimeSegment], truths: &[TimeSegment], ambiguous: &[TimeSegment], iou: f64) -> Vec<bool> {
    let mut order: Vec<&TimeSegment> = detections.iter().collect();
    // For equal scores, the script orders by video name, then by order of the detections.
    order.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.video.cmp(&b.video)));
    let mut in_video: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    order.iter().enumerate().for_each(|(place, found)| in_video.entry(&found.video).or_default().push(place));
    let mut hits = vec![false; order.len()];
    for truth in truths {
        let places = in_video.get(truth.video.as_str()).into_iter().flatten();
        let free = places.filter(|&&place| !hits[place]).map(|&place| (place, order[place].iou(truth)));
        let closest = free.reduce(|best, next| if next.1 > best.1 { next } else { best }); // the first of equals
        if let Some((place, overlap)) = closest
            && overlap > iou
        {
            hits[place] = true;
        }
    }
    let is_exempt = |detection: &TimeSegment| {
        ambiguous.iter().any(|doubtful| doubtful.video == detection.video && doubtful.iou(detection) > 0.0)
    };
    let counted = order.into_iter().zip(hits).filter(|(found, is_hit)| *is_hit || !is_exempt(found));
    counted.map(|(_, is_hit)| is_hit).collect()
}

/// Returns the detections of one class and video after non-maximum suppression: no better one overlaps by more than
/// `iou`; the best first.
pub fn suppress_overlaps(mut detections: Vec<TimeSegment>, iou: f64) -> Vec<TimeSegment> {
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<TimeSegment> = Vec::new();
    for detection in detections {
        if kept.iter().all(|better| better.iou(&detection) <= iou) {
            kept.push(detection);
        }
    }
    kept
}

/// A window of a video and the probability of one class in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredWindow {
    /// Start, seconds.
    pub start_secs: f64,
    /// End, seconds.
    pub end_secs: f64,
    /// The class's probability.
    pub probability: f64,
}

/// Returns the segments of `class` in a video from sliding-window probabilities: for every threshold, the runs of
/// neighbouring windows that reach it, with their mean probability as score; of segments that overlap by more than
/// `iou`, only the best is kept.
pub fn segments_of_windows(
    video: &str,
    class: &str,
    windows: &[ScoredWindow],
    thresholds: &[f64],
    iou: f64,
) -> Vec<TimeSegment> {
    let mut windows = windows.to_vec();
    windows.sort_by(|a, b| a.start_secs.total_cmp(&b.start_secs));
    let runs = thresholds.iter().flat_map(|&threshold| {
        let same =
            move |a: &ScoredWindow, b: &ScoredWindow| (a.probability >= threshold) == (b.probability >= threshold);
        windows.chunk_by(same).filter(move |run| run[0].probability >= threshold)
    });
    let segment = |run: &[ScoredWindow]| TimeSegment {
        video: video.into(),
        class: class.into(),
        start_secs: run[0].start_secs,
        end_secs: run.iter().map(|window| window.end_secs).fold(run[0].end_secs, f64::max),
        score: mean(run.iter().map(|window| window.probability)),
    };
    suppress_overlaps(runs.map(segment).collect(), iou)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(video: &str, start_secs: f64, end_secs: f64, score: f64) -> TimeSegment {
        TimeSegment { video: video.into(), class: "golf".into(), start_secs, end_secs, score }
    }

    /// Three annotations, five detections in the order of their scores.
    fn example() -> (Vec<TimeSegment>, Vec<TimeSegment>) {
        let truths = vec![segment("a", 0.0, 10.0, 1.0), segment("a", 20.0, 30.0, 1.0), segment("b", 5.0, 15.0, 1.0)];
        let detections = vec![
            segment("a", 22.0, 30.0, 0.5), // 8 of 10 s: 0.8 of the second
            segment("a", 0.0, 10.0, 0.9),  // 1 of the first
            segment("b", 5.0, 13.0, 0.7),  // 0.8 of the third
            segment("a", 1.0, 11.0, 0.8),  // 9 of 11 s of the first, which is already matched
            segment("a", 24.0, 34.0, 0.6), // 6 of 14 s: 0.43 of the second
        ];
        (detections, truths)
    }

    /// By hand. At 0.5 the ranking is hit, miss, hit, miss, hit: precisions 1, 2/3, 3/5 at recalls 1/3, 2/3, 1, which
    /// are decreasing, so that interpolation changes nothing. At 0.4 the fourth is a hit for ActivityNet and the fifth
    /// comes too late: 1, 2/3, 3/4; interpolated 1, 3/4, 3/4. THUMOS' annotation is matched to the fifth, which
    /// overlaps it more, and the ranking stays as at 0.5.
    #[test]
    fn average_precision_of_a_worked_example() {
        let (detections, truths) = example();
        for (iou, averaging, expected) in [
            (0.5, Averaging::Thumos, (1.0 + 2.0 / 3.0 + 0.6) / 3.0),
            (0.5, Averaging::Activitynet, (1.0 + 2.0 / 3.0 + 0.6) / 3.0),
            (0.4, Averaging::Thumos, (1.0 + 2.0 / 3.0 + 0.6) / 3.0),
            (0.4, Averaging::Activitynet, 2.5 / 3.0),
            (0.9, Averaging::Activitynet, 1.0 / 3.0),
        ] {
            let precision = average_precision(&detections, &truths, &[], iou, averaging);
            assert!((precision - expected).abs() < 1e-12, "{averaging:?} at {iou}: {precision}");
        }
        assert_eq!(average_precision(&[], &truths, &[], 0.5, Averaging::Thumos), 0.0);
    }

    /// By hand, at 0.5: without exemption hit, miss, hit, miss, hit. From 33 s on, video a is ambiguous: the last but
    /// one in the order (24 to 34 s) is exempt, so that the last hit is the third of four: 1, 2/3, 3/4. A hit counts
    /// even in an ambiguous segment: one over all of video b changes nothing, nor does one that only touches, or one in
    /// another video.
    #[test]
    fn misses_where_it_is_hard_to_tell_do_not_count() {
        let (detections, truths) = example();
        let at = |ambiguous: &[TimeSegment]| average_precision(&detections, &truths, ambiguous, 0.5, Averaging::Thumos);
        let doubtful = |video: &str, start: f64, end: f64| TimeSegment {
            class: "Ambiguous".into(),
            ..segment(video, start, end, 1.0)
        };
        let before = (1.0 + 2.0 / 3.0 + 0.6) / 3.0;
        assert!((at(&[doubtful("a", 33.0, 40.0)]) - (1.0 + 2.0 / 3.0 + 0.75) / 3.0).abs() < 1e-12);
        for nothing in [doubtful("b", 0.0, 99.0), doubtful("a", 34.0, 40.0), doubtful("c", 0.0, 99.0)] {
            assert!((at(&[nothing]) - before).abs() < 1e-12);
        }
        // Both misses are exempt: three hits of three.
        assert!((at(&[doubtful("a", 10.5, 33.0)]) - 1.0).abs() < 1e-12);
    }

    /// By hand, with the annotation 0 to 10 s and at 0.5: A (score 0.9) overlaps by 0.6, B (score 0.5) by 0.9. THUMOS'
    /// annotation is matched to B, so that the ranking is miss, hit; ActivityNet's A is matched to the annotation, and
    /// the ranking is hit, miss.
    #[test]
    fn an_annotation_of_thumos_takes_the_closest_detection_whatever_its_score() {
        let truths = [segment("a", 0.0, 10.0, 1.0)];
        let detections = [segment("a", 0.0, 6.0, 0.9), segment("a", 0.0, 9.0, 0.5)];
        let at = |averaging| average_precision(&detections, &truths, &[], 0.5, averaging);
        assert_eq!((at(Averaging::Thumos), at(Averaging::Activitynet)), (0.5, 1.0));
    }

    /// By hand: 0 to 10 s overlaps the detections by 0.6 and 2/14, 4 to 10 s by 1 and 2/10. The annotation that comes
    /// first is matched to the first detection; the other is left with the second.
    #[test]
    fn annotations_of_thumos_choose_in_their_order() {
        let truths = [segment("a", 0.0, 10.0, 1.0), segment("a", 4.0, 10.0, 1.0)];
        let detections = [segment("a", 4.0, 10.0, 0.9), segment("a", 8.0, 14.0, 0.8)];
        let at = |truths: &[TimeSegment], iou| average_precision(&detections, truths, &[], iou, Averaging::Thumos);
        assert_eq!(at(&truths, 0.5), 0.5, "hit, miss");
        let turned = [truths[1].clone(), truths[0].clone()];
        assert_eq!(at(&turned, 0.5), 0.5);
        assert_eq!((at(&truths, 0.1), at(&turned, 0.15)), (1.0, 0.5));
    }

    #[test]
    fn an_overlap_of_just_the_threshold_is_a_hit_for_activitynet_only() {
        let (truths, detections) = ([segment("a", 0.0, 10.0, 1.0)], [segment("a", 0.0, 5.0, 0.9)]);
        let at = |averaging| average_precision(&detections, &truths, &[], 0.5, averaging);
        assert_eq!((at(Averaging::Thumos), at(Averaging::Activitynet)), (0.0, 1.0));
    }

    /// By hand: hit in b, miss in a, both with the same score. THUMOS orders video a first: 1/2. ActivityNet ignores
    /// ambiguous segments.
    #[test]
    fn equal_scores_and_doubt_are_as_in_the_kits() {
        let truths = [segment("b", 0.0, 10.0, 1.0)];
        let detections = [segment("b", 0.0, 10.0, 0.9), segment("a", 0.0, 10.0, 0.9)];
        let doubt = [segment("a", 0.0, 10.0, 1.0)];
        let at = |doubt: &[TimeSegment]| average_precision(&detections, &truths, doubt, 0.5, Averaging::Thumos);
        assert_eq!((at(&[]), at(&doubt)), (0.5, 1.0));
        let turned = [detections[1].clone(), detections[0].clone()];
        let of = |doubt: &[TimeSegment]| average_precision(&turned, &truths, doubt, 0.5, Averaging::Activitynet);
        assert_eq!(of(&doubt), of(&[]));
    }

    #[test]
    fn classes_without_detections_count_and_classes_without_annotations_do_not() {
        let (mut detections, mut truths) = example();
        truths.push(TimeSegment { class: "jump".into(), ..segment("a", 0.0, 1.0, 1.0) });
        detections.push(TimeSegment { class: "run".into(), ..segment("a", 0.0, 1.0, 1.0) });
        let report = SegmentReport::of(&detections, &truths, &[], &[0.4, 0.9], Averaging::Activitynet);
        assert_eq!(report.classes["jump"], [0.0, 0.0]);
        assert!(!report.classes.contains_key("run") && report.detections == 5 && report.truths == 4);
        assert!((report.map[0] - 2.5 / 6.0).abs() < 1e-12 && (report.map[1] - 1.0 / 6.0).abs() < 1e-12);
        assert!((report.mean_map - 3.5 / 12.0).abs() < 1e-12);
    }

    #[test]
    fn overlap_of_what_does_not_touch_is_nothing() {
        let iou = |a: (f64, f64), b: (f64, f64)| segment("a", a.0, a.1, 1.0).iou(&segment("a", b.0, b.1, 1.0));
        assert_eq!(iou((0.0, 2.0), (1.0, 3.0)), 1.0 / 3.0);
        assert_eq!(
            (iou((0.0, 1.0), (1.0, 2.0)), iou((0.0, 1.0), (5.0, 6.0)), iou((1.0, 1.0), (1.0, 1.0))),
            (0.0, 0.0, 0.0)
        );
    }

    /// By hand: five windows of 2 s every second. At 0.5 windows 1 to 3 are a run, at 0.8 window 2 alone; they overlap
    /// by 2 of 4 s.
    #[test]
    fn runs_of_windows_become_segments() {
        let windows: Vec<_> = [0.1, 0.6, 0.9, 0.6, 0.2]
            .into_iter()
            .zip(0u8..)
            .map(|(probability, i)| ScoredWindow { start_secs: i.into(), end_secs: f64::from(i) + 2.0, probability })
            .collect();
        let segments = segments_of_windows("a", "golf", &windows, &[0.5, 0.8], 0.5);
        assert_eq!(segments.len(), 2, "an overlap of one half is allowed");
        assert_eq!(segments[0], segment("a", 2.0, 4.0, 0.9));
        assert_eq!((segments[1].start_secs, segments[1].end_secs), (1.0, 5.0));
        assert!((segments[1].score - 0.7).abs() < 1e-12);
        assert_eq!(segments_of_windows("a", "golf", &windows, &[0.5, 0.8], 0.4).len(), 1);
        assert!(segments_of_windows("a", "golf", &windows, &[0.95], 0.4).is_empty());
    }
}
