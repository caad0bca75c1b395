//! Bouts: the intervals of a video in which a behaviour occurs, from the probabilities of its class over time.
//!
//! The steps are:
//!
//! 1. *Smooth*: each probability is replaced by the mean of those within half the smoothing window before and after it,
//!    by time.
//! 2. *Threshold with hysteresis*: a bout starts where the threshold is reached and ends before the first scored frame
//!    below the end threshold.
//! 3. *Close gaps* that are shorter than the minimum gap.
//! 4. *Drop* bouts that are shorter than the minimum duration.
//!
//! A scored frame represents the frames up to the next one. One whose probability is NaN is never part of a run, is
//! excluded from all means, and ends a bout as a low probability does.

use serde::{Deserialize, Serialize};

use super::FrameScores;
use crate::error::{Error, Result};
use crate::evaluation::segments::TimeSegment;

/// Tolerance: durations in seconds and probabilities that differ only by rounding are equal.
const ROUNDING: f64 = 1e-6;

/// Settings for finding the bouts of a class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoutSettings {
    /// Width of the moving mean in seconds; 0 for none.
    pub smoothing_secs: f64,
    /// Threshold: the probability from which a bout starts.
    pub threshold: f64,
    /// Hysteresis: the lower probability below which a bout ends.
    pub end_threshold: f64,
    /// Minimum duration of a bout in seconds.
    pub min_secs: f64,
    /// Minimum gap between two bouts in seconds; bouts with a shorter gap are merged.
    pub gap_secs: f64,
}

impl BoutSettings {
    /// A threshold of one half, without smoothing or minimum durations.
    pub const PLAIN: Self =
        Self { smoothing_secs: 0.0, threshold: 0.5, end_threshold: 0.5, min_secs: 0.0, gap_secs: 0.0 };

    /// Returns the same settings at another threshold, with the end threshold in proportion.
    pub fn at(self, threshold: f64) -> Self {
        let share = if self.threshold > 0.0 { self.end_threshold / self.threshold } else { 1.0 };
        Self { threshold, end_threshold: share * threshold, ..self }
    }

    /// Checks the settings of `class`.
    ///
    /// # Errors
    /// If a setting is out of range; the message names the first one.
    pub fn check(&self, class: &str) -> Result<()> {
        let refuse = |cause: String, remedy: &str| Err(Error::usage(format!("Bouts of '{class}'"), cause, remedy));
        let lengths = [("smoothing", self.smoothing_secs), ("length", self.min_secs), ("gap", self.gap_secs)];
        for (name, secs) in lengths {
            if !(secs.is_finite() && secs >= 0.0) {
                return refuse(format!("the {name} is {secs} s"), "Give 0 or more seconds");
            }
        }
        for (name, share) in [("threshold", self.threshold), ("end threshold", self.end_threshold)] {
            if !(0.0..=1.0).contains(&share) {
                return refuse(format!("the {name} is {share}"), "Give a probability from 0 to 1");
            }
        }
        if self.end_threshold > self.threshold {
            let cause = format!("the end threshold {} is above the threshold {}", self.end_threshold, self.threshold);
            return refuse(cause, "Give an end threshold that is not above the threshold");
        }
        Ok(())
    }
}

impl Default for BoutSettings {
    /// Returns settings for behaviours that last about a second or longer.
    fn default() -> Self {
        Self { smoothing_secs: 0.5, threshold: 0.5, end_threshold: 0.4, min_secs: 0.5, gap_secs: 0.5 }
    }
}

/// An interval of a video in which a class occurs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bout {
    /// Its first frame.
    pub start_frame: usize,
    /// The frame after its last one.
    pub end_frame: usize,
    /// Start, seconds on the clock of the file.
    pub start_secs: f64,
    /// End, seconds on the clock of the file.
    pub end_secs: f64,
    /// Mean of its probabilities before smoothing, including closed gaps.
    pub mean: f64,
    /// Maximum of its probabilities before smoothing.
    pub max: f64,
}

impl Bout {
    /// Returns the duration in seconds.
    pub fn secs(&self) -> f64 {
        self.end_secs - self.start_secs
    }

    /// Returns the bout as a detection with its mean probability as score, for
    /// [`SegmentReport`](crate::evaluation::segments::SegmentReport).
    pub fn segment(&self, video: &str, class: &str) -> TimeSegment {
        let (video, class) = (video.to_owned(), class.to_owned());
        TimeSegment { video, class, start_secs: self.start_secs, end_secs: self.end_secs, score: self.mean }
    }
}

/// Range of scored frames, the second excluded.
type ScoredRun = [usize; 2];

/// Returns the bouts of class `class`, regardless of the other classes.
pub fn bouts(scores: &FrameScores, class: usize, settings: &BoutSettings) -> Vec<Bout> {
    let smooth = smoothed(scores, class, settings.smoothing_secs);
    let runs = closed(scores, &runs(&smooth, settings), settings, |_| true);
    finished(scores, class, &runs, settings)
}

/// Returns the bouts of every class without overlap: each frame belongs only to its most probable class after
/// smoothing, the first among equals. Only gaps without a run of another class are closed.
///
/// `settings` has an entry for each class.
pub fn exclusive_bouts(scores: &FrameScores, settings: &[BoutSettings]) -> Vec<Vec<Bout>> {
    let mut smooth: Vec<Vec<f64>> =
        settings.iter().enumerate().map(|(class, own)| smoothed(scores, class, own.smoothing_secs)).collect();
    for place in 0..scores.scored() {
        let known = (0..smooth.len()).filter(|&class| !smooth[class][place].is_nan());
        let likeliest = known.reduce(|best, next| if smooth[next][place] > smooth[best][place] { next } else { best });
        let others = (0..smooth.len()).filter(|&class| Some(class) != likeliest);
        others.for_each(|class| smooth[class][place] = f64::NAN);
    }
    let all: Vec<Vec<ScoredRun>> = smooth.iter().zip(settings).map(|(smooth, own)| runs(smooth, own)).collect();
    let mut taken = vec![0_usize; scores.scored() + 1]; // number of frames before each that belong to any class
    all.iter().flatten().for_each(|&[start, end]| taken[start + 1..=end].fill(1));
    (1..taken.len()).for_each(|place| taken[place] += taken[place - 1]);
    let is_free = |[start, end]: ScoredRun| taken[start] == taken[end];
    let finish = |(class, (runs, own)): (usize, (&Vec<ScoredRun>, &BoutSettings))| {
        finished(scores, class, &closed(scores, runs, own, is_free), own)
    };
    all.iter().zip(settings).enumerate().map(finish).collect()
}

/// Returns the moving mean of a class; NaN where the probability is NaN.
fn smoothed(scores: &FrameScores, class: usize, window_secs: f64) -> Vec<f64> {
    let own: Vec<f64> = scores.class(class).map(f64::from).collect();
    let reach = window_secs / 2.0 + ROUNDING;
    if window_secs <= 0.0 {
        return own;
    }
    let (mut sums, mut counts) = (vec![0.0], vec![0_usize]); // prefix sums over the scored frames
    for &value in &own {
        let (sum, count) = if value.is_nan() { (0.0, 0) } else { (value, 1) };
        sums.push(sums[sums.len() - 1] + sum);
        counts.push(counts[counts.len() - 1] + count);
    }
    let (mut first, mut after) = (0, 0); // both only move forwards, as the times are ascending
    let mean = |(place, &value): (usize, &f64)| {
        let secs = scores.secs[place];
        first += scores.secs[first..].iter().take_while(|&&other| other < secs - reach).count();
        after += scores.secs[after..].iter().take_while(|&&other| other <= secs + reach).count();
        if value.is_nan() { value } else { (sums[after] - sums[first]) / (counts[after] - counts[first]) as f64 }
    };
    own.iter().enumerate().map(mean).collect()
}

/// Returns the runs that reach the threshold and stay at or above the end threshold.
fn runs(smooth: &[f64], settings: &BoutSettings) -> Vec<ScoredRun> {
    // 0.7 in single precision is slightly below 0.7.
    let (begin, end) = (settings.threshold - ROUNDING, settings.end_threshold.min(settings.threshold) - ROUNDING);
    let (mut runs, mut open) = (Vec::new(), None);
    for (place, &value) in smooth.iter().enumerate() {
        match open {
            None if value >= begin => open = Some(place),
            Some(start) if value < end || value.is_nan() => {
                runs.push([start, place]);
                open = None;
            }
            _ => {}
        }
    }
    runs.extend(open.map(|start| [start, smooth.len()]));
    runs
}

/// Merges runs whose gap is shorter than the minimum and may be closed.
fn closed(
    scores: &FrameScores,
    runs: &[ScoredRun],
    settings: &BoutSettings,
    may_close: impl Fn(ScoredRun) -> bool,
) -> Vec<ScoredRun> {
    let mut joined: Vec<ScoredRun> = Vec::new();
    for &[start, end] in runs {
        match joined.last_mut() {
            Some(last) if is_shorter(scores, [last[1], start], settings.gap_secs) && may_close([last[1], start]) => {
                last[1] = end;
            }
            _ => joined.push([start, end]),
        }
    }
    joined
}

/// Drops runs that are too short and returns the others as bouts.
fn finished(scores: &FrameScores, class: usize, runs: &[ScoredRun], settings: &BoutSettings) -> Vec<Bout> {
    let kept = runs.iter().filter(|&&run| !is_shorter(scores, run, settings.min_secs));
    let bout = |&[start, end]: &ScoredRun| {
        let known = (start..end).map(|place| f64::from(scores.row(place)[class])).filter(|value| !value.is_nan());
        let (sum, count, max) =
            known.fold((0.0, 0_usize, 0.0_f64), |(sum, count, max), value| (sum + value, count + 1, max.max(value)));
        Bout {
            start_frame: start * scores.stride,
            end_frame: (end * scores.stride).min(scores.frames),
            start_secs: secs(scores, start),
            end_secs: secs(scores, end),
            mean: sum / count.max(1) as f64,
            max,
        }
    };
    kept.map(bout).collect()
}

fn is_shorter(scores: &FrameScores, [start, end]: ScoredRun, least_secs: f64) -> bool {
    secs(scores, end) - secs(scores, start) < least_secs - ROUNDING
}

/// Returns the time at which a scored frame is shown; the end of the video for the index after the last.
fn secs(scores: &FrameScores, place: usize) -> f64 {
    scores.secs.get(place).copied().unwrap_or(scores.end_secs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns scores for as many classes as `rows` have numbers, at 10 scored frames per second.
    fn scores(stride: usize, frames: usize, rows: &[&[f32]]) -> FrameScores {
        let secs: Vec<f64> = (0..rows.len()).map(|i| (i * stride) as f64 / 10.0).collect();
        FrameScores {
            video: "a.mp4".into(),
            frames,
            fps: 10.0,
            stride,
            classes: (0..rows.first().map_or(1, |row| row.len())).map(|i| format!("class {i}")).collect(),
            secs,
            end_secs: frames as f64 / 10.0,
            probabilities: rows.concat(),
        }
    }

    fn of_one(stride: usize, frames: usize, values: &[f32]) -> FrameScores {
        scores(stride, frames, &values.chunks(1).collect::<Vec<_>>())
    }

    fn frames(bouts: &[Bout]) -> Vec<[usize; 2]> {
        bouts.iter().map(|bout| [bout.start_frame, bout.end_frame]).collect()
    }

    /// By hand: starts at 0.6, continues through 0.45, ends before 0.3; mean of 0.6, 0.45, 0.9.
    #[test]
    fn a_bout_ends_below_the_lower_threshold() {
        let scores = of_one(1, 6, &[0.45, 0.6, 0.45, 0.9, 0.3, 0.45]);
        let settings = BoutSettings { end_threshold: 0.4, ..BoutSettings::PLAIN };
        let [bout] = bouts(&scores, 0, &settings)[..] else { panic!("one bout") };
        assert_eq!((bout.start_frame, bout.end_frame, bout.start_secs, bout.end_secs), (1, 4, 0.1, 0.4));
        assert!((bout.mean - 0.65).abs() < 1e-6 && (bout.max - 0.9).abs() < 1e-6);
        assert_eq!(frames(&bouts(&scores, 0, &BoutSettings::PLAIN)), [[1, 2], [3, 4]]);
    }

    /// By hand: the means over up to three scored frames are 1/2, 1/3, 1/3, 1/3, 1/3, 0.
    #[test]
    fn probabilities_are_smoothed_before_the_threshold() {
        let scores = of_one(1, 6, &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        let settings = BoutSettings { smoothing_secs: 0.2, threshold: 0.3, end_threshold: 0.3, ..BoutSettings::PLAIN };
        assert_eq!(frames(&bouts(&scores, 0, &settings)), [[0, 5]]);
        let settings = BoutSettings { threshold: 0.4, end_threshold: 0.4, ..settings };
        assert_eq!(frames(&bouts(&scores, 0, &settings)), [[0, 1]], "0.5, then thirds");
    }

    #[test]
    fn gaps_are_closed_before_short_bouts_are_dropped() {
        let scores = of_one(1, 10, &[1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        let settings = BoutSettings { gap_secs: 0.2, min_secs: 0.3, ..BoutSettings::PLAIN };
        assert_eq!(frames(&bouts(&scores, 0, &settings)), [[0, 3]]);
        let settings = BoutSettings { gap_secs: 0.1, min_secs: 0.0, ..settings };
        assert_eq!(frames(&bouts(&scores, 0, &settings)), [[0, 1], [2, 3], [6, 7]], "a gap of just the least stays");
    }

    #[test]
    fn the_last_scored_frame_stands_for_the_frames_to_the_end() {
        let scores = of_one(4, 10, &[0.0, 1.0, 1.0]);
        let [bout] = bouts(&scores, 0, &BoutSettings::PLAIN)[..] else { panic!("one bout") };
        assert_eq!((bout.start_frame, bout.end_frame, bout.start_secs, bout.end_secs), (4, 10, 0.4, 1.0));
        assert_eq!(frames(&bouts(&of_one(4, 10, &[1.0, 1.0, 1.0]), 0, &BoutSettings::default())), [[0, 10]]);
        assert!(bouts(&of_one(1, 0, &[]), 0, &BoutSettings::default()).is_empty());
        assert_eq!(exclusive_bouts(&of_one(1, 0, &[]), &[BoutSettings::default()]), [[]]);
    }

    /// Two scored frames of 0.1 s, then two of 1 s: only the second pair is long enough.
    #[test]
    fn lengths_are_those_of_the_clock_where_the_rate_varies() {
        let mut scores = of_one(1, 6, &[1.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
        (scores.secs, scores.end_secs) = (vec![0.0, 0.1, 0.2, 1.0, 2.0, 3.0], 4.0);
        let settings = BoutSettings { min_secs: 0.5, ..BoutSettings::PLAIN };
        let [bout] = bouts(&scores, 0, &settings)[..] else { panic!("one bout") };
        assert_eq!((bout.start_frame, bout.end_frame, bout.secs()), (3, 5, 2.0));
        let settings = BoutSettings { gap_secs: 0.9, ..settings };
        assert_eq!(frames(&bouts(&scores, 0, &settings)), [[0, 5]], "the gap is 0.8 s");
    }

    #[test]
    fn what_is_not_a_number_belongs_to_no_bout_and_no_mean() {
        let scores = of_one(1, 5, &[1.0, f32::NAN, 0.5, 0.0, f32::NAN]);
        assert_eq!(frames(&bouts(&scores, 0, &BoutSettings::PLAIN)), [[0, 1], [2, 3]]);
        let settings = BoutSettings { gap_secs: 0.2, ..BoutSettings::PLAIN };
        let [bout] = bouts(&scores, 0, &settings)[..] else { panic!("one bout") };
        assert_eq!((bout.end_frame, bout.mean, bout.max), (3, 0.75, 1.0), "mean of 1 and 0.5");
    }

    #[test]
    fn exclusive_bouts_go_to_the_likeliest_class() {
        let rows: [&[f32]; 6] = [&[0.9, 0.6], &[0.6, 0.8], &[0.9, 0.1], &[0.2, 0.3], &[0.7, 0.7], &[0.1, 0.9]];
        let settings = [BoutSettings { gap_secs: 0.25, ..BoutSettings::PLAIN }, BoutSettings::PLAIN];
        let found = exclusive_bouts(&scores(1, 6, &rows), &settings);
        assert_eq!(
            frames(&found[0]),
            [[0, 1], [2, 5]],
            "the gap with the other class in it stays, the empty one does not"
        );
        assert_eq!(frames(&found[1]), [[1, 2], [5, 6]]);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        assert!(BoutSettings::default().check("walk").is_ok() && BoutSettings::PLAIN.check("walk").is_ok());
        for wrong in [
            BoutSettings { end_threshold: 0.6, ..BoutSettings::default() },
            BoutSettings { threshold: f64::NAN, ..BoutSettings::default() },
            BoutSettings { min_secs: -1.0, ..BoutSettings::default() },
            BoutSettings { gap_secs: f64::INFINITY, ..BoutSettings::default() },
        ] {
            assert!(wrong.check("walk").unwrap_err().subject.contains("walk"), "{wrong:?}");
        }
    }

    fn any_scores() -> impl Strategy<Value = FrameScores> {
        let value = prop_oneof![9 => 0.0_f32..=1.0, 1 => Just(f32::NAN)];
        (prop::collection::vec((value.clone(), value, 0.01_f64..0.5), 0..60), 1_usize..4).prop_map(|(rows, stride)| {
            let values: Vec<[f32; 2]> = rows.iter().map(|(a, b, _)| [*a, *b]).collect();
            let rows_of: Vec<&[f32]> = values.iter().map(|row| &row[..]).collect();
            let mut scores = scores(stride, rows.len() * stride, &rows_of);
            let mut secs = 0.0;
            for (place, (_, _, length)) in rows.iter().enumerate() {
                scores.secs[place] = secs;
                secs += length;
            }
            FrameScores { end_secs: secs, classes: vec!["a".into(), "b".into()], ..scores }
        })
    }

    fn any_settings() -> impl Strategy<Value = BoutSettings> {
        (0.0_f64..1.0, 0.2_f64..0.9, 0.0_f64..1.0, 0.0_f64..1.0, 0.0_f64..1.0).prop_map(
            |(smoothing_secs, threshold, share, min_secs, gap_secs)| BoutSettings {
                smoothing_secs,
                threshold,
                end_threshold: threshold * share,
                min_secs,
                gap_secs,
            },
        )
    }

    proptest! {
        #[test]
        fn bouts_are_long_enough_and_far_enough_apart(scores in any_scores(), settings in any_settings()) {
            let found = bouts(&scores, 0, &settings);
            for bout in &found {
                prop_assert!(bout.secs() >= settings.min_secs - 2e-6 && bout.start_frame < bout.end_frame);
                prop_assert!(bout.end_frame <= scores.frames && bout.mean <= bout.max && bout.max <= 1.0);
            }
            for pair in found.windows(2) {
                prop_assert!(pair[0].end_frame < pair[1].start_frame);
                prop_assert!(pair[1].start_secs - pair[0].end_secs >= settings.gap_secs - 2e-6);
            }
        }

        #[test]
        fn no_frame_has_two_exclusive_bouts(scores in any_scores(), a in any_settings(), b in any_settings()) {
            let mut found: Vec<Bout> = exclusive_bouts(&scores, &[a, b]).concat();
            found.sort_by_key(|bout| bout.start_frame);
            for pair in found.windows(2) {
                prop_assert!(pair[0].end_frame <= pair[1].start_frame);
            }
        }
    }
}
