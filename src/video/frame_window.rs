//! The decoded frames around the position of a player.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::Frame;

/// Frames kept on each side of the position where memory allows.
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
    /// Frames to keep on each side of the position.
    pub fn reach(&self) -> usize {
        let affordable = BUDGET_BYTES / self.bytes_per_frame.max(1);
        REACH.min(affordable.saturating_sub(1) / 2).max(1)
    }

    /// Adds a frame and lets go of all that are out of reach of `position`.
    pub fn insert(&mut self, frame: Arc<Frame>, position: usize) {
        self.bytes_per_frame = self.bytes_per_frame.max(frame.bytes());
        self.frames.insert(frame.index, frame);
        let reach = self.reach();
        self.frames.retain(|index, _| index.abs_diff(position) <= reach);
    }

    /// Frame `index`, if it is there.
    pub fn get(&self, index: usize) -> Option<Arc<Frame>> {
        self.frames.get(&index).cloned()
    }

    /// `count` frames from `start` on, if all of them are there.
    pub fn run(&self, start: usize, count: usize) -> Option<Vec<Arc<Frame>>> {
        (start..start.checked_add(count)?).map(|index| self.get(index)).collect()
    }

    /// The first frame in `range` that is not there.
    pub fn first_missing(&self, mut range: RangeInclusive<usize>) -> Option<usize> {
        range.find(|index| !self.frames.contains_key(index))
    }

    /// How many frames directly before `position` are there without a gap.
    pub fn run_before(&self, position: usize) -> usize {
        (0..position).rev().take_while(|index| self.frames.contains_key(index)).count()
    }

    /// Lets go of everything.
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
    fn the_window_stays_within_reach_and_memory() {
        let mut window = FrameWindow::default();
        (0..200).for_each(|index| window.insert(frame(index, 2), 100.min(index)));
        assert_eq!(window.first_missing(52..=148), None);
        assert_eq!((window.get(51).is_some(), window.get(149).is_some()), (false, false));
        assert_eq!(window.run_before(100), 48);
        assert!(window.run(140, 9).is_some() && window.run(140, 10).is_none());

        window.clear();
        (0..20).for_each(|index| window.insert(frame(index, 3000), index)); // 27 MB each
        assert_eq!(window.reach(), 4);
        assert_eq!(window.run_before(19), 4);
    }
}
