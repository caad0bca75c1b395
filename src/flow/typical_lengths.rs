//! The colour scale of flow: the length that the motion of most pairs of frames stays below.
//!
//! At a cut the two frames show different scenes, and the flow between them is long and arbitrary. Such a pair, or a few of
//! them, must not make all others pale, so the scale is a quantile over pairs and not their maximum.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// One in this many pairs may exceed the scale.
const OUTLIERS: usize = 4;
/// With three pairs, one that is this many times longer than the others counts as a scene change.
const CUT: f32 = 2.0;
/// Maximum number of stored pairs: later ones would hardly move the quantile.
const MOST: usize = 4096;
/// The time window of a live source.
const RECENT: Duration = Duration::from_secs(2);
/// Minimum number of pairs kept for a live source regardless of age: with fewer, an outlier cannot be recognised.
const LEAST: usize = 3;
/// Half-life in seconds of the scale of a live source after the motion has become slower.
const HALF_LIFE_SECS: f32 = 0.5;

/// Returns the length that the motion of three quarters of the pairs stays below. `sorted` holds the typical length of
/// each pair in ascending order. Of three pairs one that is a cut is left out; of two, neither is. `None` without
/// pairs.
pub fn robust_longest(sorted: &[f32]) -> Option<f32> {
    let cut = |[.., second, first]: [f32; 3]| first > CUT * second;
    let dropped = match *sorted {
        [a, b, c] if cut([a, b, c]) => 1,
        _ => sorted.len() / OUTLIERS,
    };
    sorted.len().checked_sub(dropped + 1).map(|at| sorted[at])
}

/// The typical lengths of the flows of a clip.
#[derive(Debug, Clone, Default)]
pub struct TypicalLengths(Vec<f32>);

impl TypicalLengths {
    /// Adds the typical length of a flow. Flow without motion is ignored: in a clip with repeated frames most pairs may
    /// be without motion, and the scale must be that of the others.
    pub fn push(&mut self, length: f32) {
        if self.0.len() < MOST && length.is_finite() && length > 0.0 {
            self.0.insert(self.0.partition_point(|other| *other <= length), length);
        }
    }

    /// Returns [`robust_longest`] of all pairs.
    pub fn longest(&self) -> Option<f32> {
        robust_longest(&self.0)
    }
}

/// The typical lengths of the most recent flows of a live source.
#[derive(Debug, Clone, Default)]
pub struct RecentLengths {
    recent: VecDeque<(Instant, f32)>,
    scale: f32,
}

impl RecentLengths {
    /// Discards all lengths, as the next flow belongs to another scene.
    pub fn begin_scene(&mut self) {
        *self = Self::default();
    }

    /// Adds the typical length of a flow captured at `at` and returns the scale: [`robust_longest`] over the last
    /// seconds, which may rise at once but falls gradually, so that colours do not flicker.
    pub fn follow(&mut self, at: Instant, length: f32) -> f32 {
        let secs = self.recent.back().map_or(0.0, |(last, _)| at.saturating_duration_since(*last).as_secs_f32());
        self.recent.push_back((at, if length.is_finite() { length } else { 0.0 }));
        let is_old = |(then, _): &(Instant, f32)| at.saturating_duration_since(*then) > RECENT;
        while self.recent.len() > LEAST && self.recent.front().is_some_and(is_old) {
            self.recent.pop_front();
        }
        let mut lengths: Vec<f32> = self.recent.iter().map(|(_, length)| *length).collect();
        lengths.sort_by(f32::total_cmp);
        let longest = robust_longest(&lengths).unwrap_or_default();
        self.scale = longest.max(self.scale * 0.5_f32.powf(secs / HALF_LIFE_SECS));
        self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_pairs_may_be_cuts() {
        let longest = |lengths: &[f32]| {
            let mut all = TypicalLengths::default();
            lengths.iter().for_each(|length| all.push(*length));
            all.longest().unwrap_or_default()
        };
        assert_eq!((longest(&[]), longest(&[3.0]), longest(&[1.0, 20.0])), (0.0, 3.0, 20.0));
        assert_eq!(longest(&[1.0, 20.0, 2.0]), 2.0, "one of three that is a cut");
        assert_eq!(longest(&[1.0, 3.0, 2.0]), 3.0, "one of three that is merely fast");
        assert_eq!(longest(&[1.0, 40.0, 2.0, 1.5, 30.0, 2.5, 1.0, 2.0]), 2.5, "two of eight");
        assert_eq!(longest(&[f32::NAN, 2.0]), 2.0);
        assert_eq!(longest(&[0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 3.0]), 3.0, "frames that are repeated are still");
    }

    #[test]
    fn a_live_scale_ignores_a_cut_and_follows_slower_motion_within_two_seconds() {
        for rate in [25, 4, 1] {
            let (mut scale, start) = (RecentLengths::default(), Instant::now());
            let mut follow = |frame: u32, length| scale.follow(start + frame * Duration::from_secs(1) / rate, length);
            let mut last = 0.0;
            for frame in 0..4 * rate.max(4) {
                let length = if frame == 2 * rate.max(4) { 50.0 } else { 2.0 };
                last = follow(frame, length);
                assert!(last <= 2.0, "the cut counts at {rate} per second: {last}");
            }
            assert_eq!(last, 2.0);
            // When motion becomes fast the colours follow at once; when it becomes slow they follow after the time
            // window.
            let fast = (0..4 * rate.max(4)).map(|frame| follow(100 + frame, 16.0)).last();
            assert_eq!(fast, Some(16.0), "{rate}");
            let slow = (0..4 * rate.max(4)).map(|frame| follow(500 + frame, 1.0)).last();
            assert!(slow.is_some_and(|slow| slow <= 1.01), "{rate}: {slow:?}");
        }
    }
}
