//! The open clip, and the frames to process, shared by the threads that follow the player.

use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::{FlowSelection, WINDOW_FRAMES, WINDOW_PAIRS};
use crate::video::{Frame, Geometry, Player};

/// The open clip.
#[derive(Clone)]
pub(in crate::engine) struct PlayedClip {
    /// Its player.
    pub player: Arc<Player>,
    /// Path of its file.
    pub path: PathBuf,
    /// Number of frames, at least 1.
    pub frames: usize,
    /// Size of its pictures in the video's own pixels.
    pub size: Geometry,
}

impl PlayedClip {
    /// Returns whether both are the same opening of the same file.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.player, &other.player)
    }

    /// Returns `count` frames of the window of `target`, from the `from`-th on, or fewer at the end of the clip, once
    /// all are decoded.
    pub fn window(&self, target: &InferenceTarget, from: usize, count: usize) -> Option<Vec<Arc<Frame>>> {
        let start = target.window_start + from * target.stride;
        let there = (self.frames - 1).checked_sub(start)? / target.stride + 1;
        self.player.window(start, count.min(there), target.stride)
    }

    /// Returns at most `count` frames around the position of `target`, for networks that read more than eleven frames.
    /// At least the frames after it must be decoded: half of `count`, more near the beginning of the clip, and at most
    /// as many as the player keeps. Before the position, those still in memory are used.
    pub fn around(&self, target: &InferenceTarget, count: usize) -> Option<Vec<Arc<Frame>>> {
        let InferenceTarget { frame, stride, .. } = *target;
        let there = (self.frames - 1 - frame) / stride;
        let least_before = (count / 2).min(frame / stride);
        let after = (count - 1 - least_before).min(self.player.reach() / stride).min(there);
        let is_kept = |strides: &usize| self.player.window(frame - strides * stride, 1, 1).is_some();
        let before = (1..=(count - 1 - after).min(frame / stride)).take_while(is_kept).count();
        self.player.window(frame - before * stride, before + 1 + after, stride)
    }

    /// Returns the two frames of a pair, once both are decoded.
    pub fn pair(&self, [first, second]: [usize; 2]) -> Option<[Arc<Frame>; 2]> {
        let frame = |index| self.player.window(index, 1, 1)?.pop();
        Some([frame(first)?, frame(second)?])
    }
}

/// The frames to show: a pair and its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct InferenceTarget {
    /// The player's position.
    pub frame: usize,
    /// First frame of the window of eleven.
    pub window_start: usize,
    /// Index of the pair in the window.
    pub pair: usize,
    /// Pyramid level.
    pub level: usize,
    /// Distance between the window's frames.
    pub stride: usize,
}

impl InferenceTarget {
    /// Creates the target at `position`. Its window begins there, or earlier near the end, so that eleven frames fit.
    pub fn new(position: usize, frames: usize, selection: FlowSelection, stride: usize) -> Self {
        let frame = position.min(frames - 1);
        // A clip of two frames has no pair with a distance of two.
        let stride = stride.clamp(1, (frames - 1).max(1));
        let strides_after = (frames - 1 - frame) / stride;
        let strides_before = WINDOW_PAIRS.saturating_sub(strides_after).min(frame / stride);
        let window_start = frame - strides_before * stride;
        // The last frame of its phase begins no pair, so the pair that ends with it is shown.
        let pairs = ((frames - 1 - window_start) / stride).clamp(1, WINDOW_PAIRS);
        let pair = selection.pair.map_or(strides_before.min(pairs - 1), |pair| pair.min(WINDOW_PAIRS - 1));
        Self { frame, window_start, pair, level: selection.level, stride }
    }

    /// Returns the frames of a pair of the window in a clip of `frames` frames; frames beyond the end are replaced by
    /// the last one.
    pub fn pair_frames(&self, pair: usize, frames: usize) -> [usize; 2] {
        [pair, pair + 1].map(|i| (self.window_start + i * self.stride).min(self.last(frames)))
    }

    /// Returns how many frames of the window are beyond the end of a clip of `frames` frames.
    pub fn padded(&self, frames: usize) -> usize {
        WINDOW_FRAMES - 1 - (self.last(frames) - self.window_start) / self.stride
    }

    /// Returns the window's last frame within the clip.
    fn last(&self, frames: usize) -> usize {
        let strides = ((frames - 1 - self.window_start) / self.stride).min(WINDOW_PAIRS);
        self.window_start + strides * self.stride
    }
}

/// Returns the two frames whose flow is shown at `position` of a clip of `frames` frames.
pub fn shown_pair(position: usize, frames: usize, selection: FlowSelection, stride: usize) -> [usize; 2] {
    let target = InferenceTarget::new(position, frames.max(1), selection, stride);
    target.pair_frames(target.pair, frames.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(position: usize, frames: usize, stride: usize) -> InferenceTarget {
        InferenceTarget::new(position, frames, FlowSelection::default(), stride)
    }

    fn target_of_last(frames: usize, stride: usize) -> [usize; 2] {
        let target = target(frames - 1, frames, stride);
        target.pair_frames(target.pair, frames)
    }

    #[test]
    fn the_pair_begins_at_the_current_frame_and_the_window_stays_inside_the_clip() {
        for frames in [12, 25, 40] {
            for stride in 1..=4 {
                for position in 0..frames {
                    let target = target(position, frames, stride);
                    let [first, second] = target.pair_frames(target.pair, frames);
                    let has_next = position + stride < frames;
                    assert!(!has_next || (first, second) == (position, position + stride), "{target:?}");
                    assert!(second < frames && first <= position);
                    let fits = target.window_start + 10 * stride < frames;
                    assert_eq!(target.padded(frames) == 0, fits, "{target:?}");
                }
            }
        }
    }

    #[test]
    fn the_last_frame_is_shown_by_the_pair_that_leads_to_it() {
        let target = target(39, 40, 1);
        assert_eq!((target.window_start, target.pair), (29, 9));
        assert_eq!(target.pair_frames(9, 40), [38, 39]);
        let short = target_of_last(14, 3);
        assert_eq!(short, [10, 13]);
        assert_eq!(target_of_last(1, 1), [0, 0], "a single frame has no other pair than with itself");
    }

    #[test]
    fn a_short_clip_repeats_its_last_frame() {
        let target = target(0, 4, 1);
        assert_eq!((target.padded(4), target.pair_frames(2, 4), target.pair_frames(3, 4)), (7, [2, 3], [3, 3]));
    }
}
