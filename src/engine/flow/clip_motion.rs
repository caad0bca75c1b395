//! The thread "clip motion": estimates the motion range of the open clip from a few pairs spread over it.
//!
//! The colours of flow need one scale for the whole clip. A scale that grows with the flows seen so far would show the
//! same frame in different colours in the first and the second pass.

use std::path::Path;
use std::sync::Arc;

use super::LatestFlows;
use super::desired::SharedDesiredFlows;
use crate::engine::Message;
use crate::engine::inference::repeated_frame::is_repeated;
use crate::engine::inference::target::PlayedClip;
use crate::engine::runtime::events::EventSender;
use crate::error::Result;
use crate::flow::dis::{Dis, DisPreset};
use crate::flow::{FlowEstimator, TypicalLengths};
use crate::panic_guard::caught;
use crate::video::{Sizes, VideoReader};

/// Number of pairs.
const PAIRS: usize = 8;
/// Number of following frames to try if a pair shows the same picture twice: animation at 6 pictures per second repeats
/// each four times.
const REPEATS: usize = 5;
/// Longest side of their pictures in pixels; DIS takes a few milliseconds per pair.
const SIDE: u32 = 256;

/// The state of the thread.
pub(super) struct ClipMotionWorker {
    desired: SharedDesiredFlows,
    flows: Arc<LatestFlows>,
    events: EventSender,
    /// The clip measured last.
    measured: Option<PlayedClip>,
}

impl ClipMotionWorker {
    /// Creates a worker that measures the clips of `desired` and stores the result in `flows`.
    pub fn new(desired: SharedDesiredFlows, flows: Arc<LatestFlows>, events: EventSender) -> Self {
        Self { desired, flows, events, measured: None }
    }

    /// Measures the open clip, once; returns false, as there is nothing more to do.
    pub fn step(&mut self) -> bool {
        let clip = self.desired.get().clip;
        let is_known = match (&self.measured, &clip) {
            (Some(known), Some(clip)) => known.is_same(clip),
            (known, clip) => known.is_none() && clip.is_none(),
        };
        if is_known {
            return false;
        }
        self.measured.clone_from(&clip);
        let Some(clip) = clip else { return false };
        let stop = || clip.player.is_closed();
        match caught("clip motion", || longest_share(&clip.path, &stop)) {
            Ok(Some(share)) => {
                self.flows.put_motion(share, &clip);
                self.events.wake();
            }
            Ok(None) => {}
            // Not reported as an error: the scale then grows with the flows seen.
            Err(error) => self.events.send(Message::Note(format!("The motion of the clip was not measured: {error}"))),
        }
        false
    }
}

/// Returns the length that exceeds nearly all motion between adjacent frames in three quarters of the pairs, relative
/// to the width of the picture, 0 for a still clip; `None` for a single frame, or if `stop` returns true. A pair with
/// the same picture twice is replaced by the next one with motion.
fn longest_share(clip: &Path, stop: &dyn Fn() -> bool) -> Result<Option<f32>> {
    let mut reader = VideoReader::open(clip, Sizes { display_max: SIDE, scaled: Vec::new() })?;
    let frames = reader.info().frames;
    let mut dis = Dis::new(DisPreset::Fast);
    let mut lengths = TypicalLengths::default();
    for first in first_frames(frames) {
        let mut before = reader.frame(first)?;
        for second in (first + 1..frames).take(REPEATS) {
            if stop() {
                return Ok(None);
            }
            let after = reader.frame(second)?;
            if !is_repeated(&before.display, &after.display) {
                let flow = dis.estimate(&before.display, &after.display)?;
                lengths.push(flow.typical_magnitude() / flow.width as f32);
                break;
            }
            before = after;
        }
    }
    Ok((frames > 1).then(|| lengths.longest().unwrap_or_default()))
}

/// Returns the first frames of pairs that are spread evenly over a clip of `frames` frames.
fn first_frames(frames: usize) -> Vec<usize> {
    let pairs = frames.saturating_sub(1);
    let count = PAIRS.min(pairs);
    (0..count).map(|i| i * (pairs - 1) / (count - 1).max(1)).collect()
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::video::{Geometry, VideoWriter};

    #[test]
    fn pairs_are_spread_from_the_first_to_the_last() {
        assert_eq!(first_frames(1), [0; 0]);
        assert_eq!(first_frames(2), [0]);
        assert_eq!(first_frames(4), [0, 1, 2]);
        let many = first_frames(1000);
        assert_eq!((many.len(), many[0], many[PAIRS - 1]), (PAIRS, 0, 998));
    }

    #[test]
    fn the_motion_of_a_clip_is_that_of_what_moves_fastest_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clip.mp4");
        let size = Geometry { width: 256, height: 192 };
        // A soft square that moves by 4 px per picture; each picture is shown once, or for four frames.
        for repeats in [1, 4] {
            let mut writer = VideoWriter::create(&path, size, 25.0).unwrap();
            for frame in 0..10 * repeats {
                let at = |x: u32, y: u32| {
                    let (dx, dy) = (x as f32 - 60.0 - 4.0 * (frame / repeats) as f32, y as f32 - 96.0);
                    Rgb([(40.0 + 200.0 * (-(dx * dx + dy * dy) / 800.0).exp()) as u8; 3])
                };
                writer.push(&RgbImage::from_fn(size.width, size.height, at)).unwrap();
            }
            writer.finish().unwrap();
            let share = longest_share(&path, &|| false).unwrap().unwrap();
            // DIS overshoots in areas without texture; a scale within a factor of two is good enough.
            assert!((2.0..8.0).contains(&(share * 256.0)), "{} px of {repeats}", share * 256.0);
            assert_eq!(longest_share(&path, &|| true), Ok(None), "another clip was opened");
        }
    }
}
