//! Cache of computed flows by their frames, so that each new frame of a stream costs only one pair.

use std::collections::HashMap;
use std::sync::Arc;

use crate::nets::MotionOutput;
use crate::video::Frame;

/// Frames around the current window whose results are kept: at 224² with two-frame networks about 17 MB.
const REACH: usize = 64;

/// Indices of the input frames of one evaluation of the motion network. The first and the last would be ambiguous: near
/// the end of a clip, windows of several strides are padded with its last frame.
pub(in crate::engine) type SeenFrames = Vec<usize>;

/// Outputs of the motion network around the current window.
#[derive(Clone, Default)]
pub(in crate::engine) struct FlowCache(HashMap<SeenFrames, MotionOutput>);

impl FlowCache {
    /// Returns the output computed from these frames.
    pub fn get(&self, frames: &[usize]) -> Option<&MotionOutput> {
        self.0.get(frames)
    }

    /// Stores a result.
    pub fn insert(&mut self, frames: SeenFrames, output: MotionOutput) {
        self.0.insert(frames, output);
    }

    /// Removes results far from the frames of a window, or of several.
    pub fn keep_near<'a>(&mut self, frames: impl IntoIterator<Item = &'a Arc<Frame>>) {
        let indices = frames.into_iter().map(|frame| [frame.index; 2]);
        let Some([first, last]) = indices.reduce(|[a, b], [c, d]| [a.min(c), b.max(d)]) else { return };
        let near = first.saturating_sub(REACH)..=last + REACH;
        self.0.retain(|frames, _| frames.first().is_some_and(|first| near.contains(first)));
    }

    /// Removes all results, for another clip.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::FlowPyramid;

    fn no_flow() -> MotionOutput {
        MotionOutput { flow: FlowPyramid { levels: Vec::new() }, logits: None }
    }

    fn frame(index: usize) -> Arc<Frame> {
        let display = Arc::new(image::RgbImage::new(1, 1));
        Arc::new(Frame { index, pts_secs: 0.0, duration_secs: 0.0, display, scaled: Vec::new() })
    }

    #[test]
    fn the_cache_of_an_endless_clip_stays_small() {
        let mut cache = FlowCache::default();
        for start in 0..10_000 {
            cache.keep_near(&[frame(start)]);
            cache.insert(vec![start, start + 1], no_flow());
        }
        assert!(cache.0.len() <= REACH + 1);
        assert!(cache.get(&[9_999, 10_000]).is_some() && cache.get(&[9_900, 9_901]).is_none());
    }

    #[test]
    fn windows_of_two_strides_that_end_alike_are_two() {
        let mut cache = FlowCache::default();
        cache.insert(vec![0, 2, 4, 6, 8, 8], no_flow());
        assert!(cache.get(&[0, 4, 8, 8, 8, 8]).is_none() && cache.get(&[0, 2, 4, 6, 8, 8]).is_some());
    }
}
