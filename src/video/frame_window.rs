//! The decoded frames around the position of a player.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::Frame;

/// Frames kept on each side of the position, on average, if memory allows.
const REACH: usize = 48;

/// Memory for decoded frames, bytes.
const BUDGET_BYTES: usize = 256 << 20;

/// Decoded frames by index, bounded in number and in memory.
#[derive(Default)]
pub(super) struct FrameWindow {
    frames: BTreeMap<usize, Arc<Frame>>,
    bytes_per_frame: usize,
}

impl FrameWindow {
    /// Returns the number of frames to keep on each side of the position, on average of both.
    pub fn reach(&self) -> usize {
        let affordable = BUDGET_BYTES / self.bytes_per_frame.max(1);
        REACH.min(affordable.saturating_sub(1) / 2).max(1)
    }

    /// Adds a frame.
    pub fn insert(&mut self, frame: Arc<Frame>) {
        self.bytes_per_frame = self.bytes_per_frame.max(frame.bytes());
        self.frames.insert(frame.index, frame);
    }

    /// Removes all frames outside `range`.
    pub fn keep(&mut self, range: &RangeInclusive<usize>) {
        self.frames.retain(|index, _| range.contains(index));
    }

    /// Returns frame `index`, if present.
    pub fn get(&self, index: usize) -> Option<Arc<Frame>> {
        self.frames.get(&index).cloned()
    }

    /// Returns `count` frames from `start`, `stride` apart, if all of them are present.
    pub fn run(&self, start: usize, count: usize, stride: usize) -> Option<Vec<Arc<Frame>>> {
        (0..count).map(|i| self.get(start.checked_add(i * stride)?)).collect()
    }

    /// Returns the first missing frame in `range`.
    pub fn first_missing(&self, mut range: RangeInclusive<usize>) -> Option<usize> {
        range.find(|index| !self.frames.contains_key(index))
    }

    /// Returns the number of frames directly before `position` that are present without a gap.
    pub fn run_before(&self, position: usize) -> usize {
        (0..position).rev().take_while(|index| self.frames.contains_key(index)).count()
    }

    /// Removes all frames.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    fn frame(index: usize, side: u32) -> Arc<Frame> {
        let display = Arc::new(RgbImage::new(side, side));
        Arc::new(Frame { index, pts_secs: 0.0, duration_secs: 0.0, display, scaled: Vec::new() })
    }

    #[test]
    fn memory_bounds_the_reach() {
        let mut window = FrameWindow::default();
        (0..100).for_each(|index| window.insert(frame(index, 2)));
        assert_eq!(window.reach(), 48);
        window.keep(&(40..=60));
        assert_eq!((window.first_missing(40..=60), window.first_missing(60..=99)), (None, Some(61)));
        assert_eq!(window.run_before(50), 10);
        assert!(window.run(55, 6, 1).is_some() && window.run(55, 7, 1).is_none());
        let every_third: Vec<_> = window.run(41, 4, 3).unwrap().iter().map(|frame| frame.index).collect();
        assert_eq!(every_third, [41, 44, 47, 50]);
        window.insert(frame(50, 3000)); // 27 MB
        assert_eq!(window.reach(), 4);
    }
}
