//! Actions in untrimmed video: segments with scores against annotated ones, by average precision at temporal overlap.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An action from one time to another, detected or annotated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Which video.
    pub video: String,
    /// Name of the class.
    pub class: String,
    /// When it begins, in seconds after the video's first frame.
    pub start_secs: f64,
    /// When it ends, not before the beginning.
    pub end_secs: f64,
    /// How sure a detection is; 1 for annotations.
    pub score: f64,
}

/// How precision at the places of a ranking becomes its average.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Averaging {
    /// ActivityNet's and PASCAL VOC 2012's: at every recall the best precision at this recall or a higher one.
    #[default]
    Activitynet,
    /// THUMOS 2014's: the precision itself at every hit.
    Thumos,
}

/// Average precision of every class at several overlaps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentReport {
    /// Least temporal intersection over union of a hit.
    pub ious: Vec<f64>,
    /// How precision was averaged.
    pub averaging: Averaging,
    /// Mean over the classes, one an overlap.
    pub map: Vec<f64>,
    /// Mean over the overlaps.
    pub mean_map: f64,
    /// Average precision of each annotated class, one an overlap.
    pub classes: BTreeMap<String, Vec<f64>>,
    /// Annotated segments.
    pub truths: usize,
    /// Segments in which it is hard to tell what happens: a detection there that hits nothing is no mistake.
    pub ambiguous: usize,
    /// Detected segments of annotated classes.
    pub detections: usize,
}

impl Segment {
    /// Temporal intersection over union; 0 if both are instants.
    pub fn iou(&self, other: &Self) -> f64 {
        let shared = self.end_secs.min(other.end_secs) - self.start_secs.max(other.start_secs);
        let union = self.end_secs.max(other.end_secs) - self.start_secs.min(other.start_secs);
        if shared > 0.0 { shared / union } else { 0.0 }
    }
}

impl SegmentReport {
    /// Measures `detections` against `truths`; classes that are not annotated do not count. Detections that touch one of the
    /// `ambiguous` segments, whatever their class, and hit nothing do not count either, as in THUMOS 2014's own script.
    pub fn of(
        detections: &[Segment],
        truths: &[Segment],
        ambiguous: &[Segment],
        ious: &[f64],
        averaging: Averaging,
    ) -> Self {
        let by_class = |segments: &[Segment]| {
            let mut classes: BTreeMap<String, Vec<Segment>> = BTreeMap::new();
            segments.iter().for_each(|s| classes.entry(s.class.clone()).or_default().push(s.clone()));
            classes
        };
        let (detected, annotated) = (by_class(detections), by_class(truths));
        let found = |class: &String| detected.get(class).map_or(&[][..], Vec::as_slice);
        let precisions = |(class, truths): (&String, &Vec<Segment>)| {
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

/// Average precision of the `detections` of one class. In the order of their scores each one hits the free annotation of its
/// video that it overlaps most, if by `iou` or more; a second detection of the same annotation is a miss. One that hits nothing
/// and touches an `ambiguous` segment of its video is left out (THUMOS 2014, `TH14eventdetpr.m`).
pub fn average_precision(
    detections: &[Segment],
    truths: &[Segment],
    ambiguous: &[Segment],
    iou: f64,
    averaging: Averaging,
) -> f64 {
    let mut order: Vec<&Segment> = detections.iter().collect();
    order.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut in_video: BTreeMap<&str, Vec<(&Segment, bool)>> = BTreeMap::new();
    truths.iter().for_each(|truth| in_video.entry(&truth.video).or_default().push((truth, false)));
    let is_exempt = |detection: &Segment| {
        ambiguous.iter().any(|doubtful| doubtful.video == detection.video && doubtful.iou(detection) > 0.0)
    };

    let (mut hits, mut counted) = (0, 0);
    let mut precisions = Vec::new(); // after every hit
    for detection in order {
        let free = in_video.get_mut(detection.video.as_str()).into_iter().flatten().filter(|(_, taken)| !taken);
        let closest = free.max_by(|(a, _), (b, _)| a.iou(detection).total_cmp(&b.iou(detection)));
        if let Some((truth, taken)) = closest
            && truth.iou(detection) >= iou
        {
            *taken = true;
            hits += 1;
            counted += 1;
            precisions.push(f64::from(hits) / f64::from(counted));
        } else if !is_exempt(detection) {
            counted += 1;
        }
    }
    if averaging == Averaging::Activitynet {
        for i in (1..precisions.len()).rev() {
            precisions[i - 1] = precisions[i - 1].max(precisions[i]);
        }
    }
    precisions.iter().sum::<f64>() / truths.len().max(1) as f64
}

/// The detections of one class and video of which no better one overlaps by more than `iou`, the best first.
pub fn suppress_overlaps(mut detections: Vec<Segment>, iou: f64) -> Vec<Segment> {
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Segment> = Vec::new();
    for detection in detections {
        if kept.iter().all(|better| better.iou(&detection) <= iou) {
            kept.push(detection);
        }
    }
    kept
}

/// A window of a video and how probable one class is in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredWindow {
    /// When it begins, seconds.
    pub start_secs: f64,
    /// When it ends.
    pub end_secs: f64,
    /// The class's probability.
    pub probability: f64,
}

/// Segments of `class` in a video seen through a sliding window: for every threshold the runs of neighbouring windows that
/// reach it, with their mean probability as score; of those that overlap by more than `iou` the best.
pub fn segments_of_windows(
    video: &str,
    class: &str,
    windows: &[ScoredWindow],
    thresholds: &[f64],
    iou: f64,
) -> Vec<Segment> {
    let mut windows = windows.to_vec();
    windows.sort_by(|a, b| a.start_secs.total_cmp(&b.start_secs));
    let runs = thresholds.iter().flat_map(|&threshold| {
        let same =
            move |a: &ScoredWindow, b: &ScoredWindow| (a.probability >= threshold) == (b.probability >= threshold);
        windows.chunk_by(same).filter(move |run| run[0].probability >= threshold)
    });
    let segment = |run: &[ScoredWindow]| Segment {
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

    fn segment(video: &str, start_secs: f64, end_secs: f64, score: f64) -> Segment {
        Segment { video: video.into(), class: "golf".into(), start_secs, end_secs, score }
    }

    /// Three annotations, five detections in the order of their scores.
    fn example() -> (Vec<Segment>, Vec<Segment>) {
        let truths = vec![segment("a", 0.0, 10.0, 1.0), segment("a", 20.0, 30.0, 1.0), segment("b", 5.0, 15.0, 1.0)];
        let detections = vec![
            segment("a", 22.0, 30.0, 0.5), // 8 of 10 s: 0.8 of the second
            segment("a", 0.0, 10.0, 0.9),  // 1 of the first
            segment("b", 5.0, 13.0, 0.7),  // 0.8 of the third
            segment("a", 1.0, 11.0, 0.8),  // 9 of 11 s of the first, which is taken
            segment("a", 24.0, 34.0, 0.6), // 6 of 14 s: 0.43 of the second
        ];
        (detections, truths)
    }

    /// By hand. At 0.5 the ranking is hit, miss, hit, miss, hit: precisions 1, 2/3, 3/5 at recalls 1/3, 2/3, 1, which fall, so that
    /// interpolation changes nothing. At 0.4 the fourth is a hit and the fifth comes too late: 1, 2/3, 3/4; interpolated 1, 3/4, 3/4.
    #[test]
    fn average_precision_of_a_worked_example() {
        let (detections, truths) = example();
        for (iou, averaging, expected) in [
            (0.5, Averaging::Thumos, (1.0 + 2.0 / 3.0 + 0.6) / 3.0),
            (0.5, Averaging::Activitynet, (1.0 + 2.0 / 3.0 + 0.6) / 3.0),
            (0.4, Averaging::Thumos, (1.0 + 2.0 / 3.0 + 0.75) / 3.0),
            (0.4, Averaging::Activitynet, 2.5 / 3.0),
            (0.9, Averaging::Activitynet, 1.0 / 3.0),
        ] {
            let precision = average_precision(&detections, &truths, &[], iou, averaging);
            assert!((precision - expected).abs() < 1e-12, "{averaging:?} at {iou}: {precision}");
        }
        assert_eq!(average_precision(&[], &truths, &[], 0.5, Averaging::Thumos), 0.0);
    }

    /// By hand, at 0.5: without exemption hit, miss, hit, miss, hit. From 33 s of video a it is hard to tell: the last but one in
    /// the order (24 to 34 s) is left out, so that the last hit is the third of four: 1, 2/3, 3/4. What hits is a hit wherever it
    /// lies: doubt over all of video b changes nothing, nor does doubt that only touches, or in another video.
    #[test]
    fn misses_where_it_is_hard_to_tell_do_not_count() {
        let (detections, truths) = example();
        let at = |ambiguous: &[Segment]| average_precision(&detections, &truths, ambiguous, 0.5, Averaging::Thumos);
        let doubtful = |video: &str, start: f64, end: f64| Segment {
            class: "Ambiguous".into(),
            ..segment(video, start, end, 1.0)
        };
        let before = (1.0 + 2.0 / 3.0 + 0.6) / 3.0;
        assert!((at(&[doubtful("a", 33.0, 40.0)]) - (1.0 + 2.0 / 3.0 + 0.75) / 3.0).abs() < 1e-12);
        for nothing in [doubtful("b", 0.0, 99.0), doubtful("a", 34.0, 40.0), doubtful("c", 0.0, 99.0)] {
            assert!((at(&[nothing]) - before).abs() < 1e-12);
        }
        // Both misses: three hits of three.
        assert!((at(&[doubtful("a", 10.5, 33.0)]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn classes_without_detections_count_and_classes_without_annotations_do_not() {
        let (mut detections, mut truths) = example();
        truths.push(Segment { class: "jump".into(), ..segment("a", 0.0, 1.0, 1.0) });
        detections.push(Segment { class: "run".into(), ..segment("a", 0.0, 1.0, 1.0) });
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

    /// By hand: five windows of 2 s every second. At 0.5 windows 1 to 3 are a run, at 0.8 window 2 alone; they overlap by 2 of 4 s.
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
