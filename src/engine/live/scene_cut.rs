//! Detection of scene cuts and of restarts of a looped file in a live source: flow across them is arbitrary and long.

use std::ops::RangeInclusive;

use image::RgbImage;

use crate::video::LiveFrame;

/// Sampling grid of a picture, columns and rows: a cut changes the whole picture, and details do not matter.
const POINTS: [u32; 2] = [32, 24];
/// Minimum mean grey change between frames for a cut, of 255: hand-held cameras and gestures stay below.
const LEAST_CHANGE: f32 = 16.0;
/// Minimum ratio of a cut's change to the median change: a fast pan changes all frames.
const TIMES_USUAL: f32 = 3.0;

/// Relation of a flow's scene to that of the previous flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SceneChange {
    /// The same scene.
    #[default]
    None,
    /// A cut between the two flows: this is the first flow of another scene.
    Before,
    /// A cut among the frames of the flow, which is therefore not motion.
    Within,
}

impl SceneChange {
    /// Returns the position of the latest cut of `frames` relative to the frames of the flow.
    pub(super) fn of(frames: &[LiveFrame], flow: &RangeInclusive<usize>) -> Self {
        let pictures: Vec<&RgbImage> = frames.iter().map(|live| &*live.frame.display).collect();
        let restarts = (0..frames.len()).filter(|&place| frames[place].is_restart);
        let latest = cuts(&pictures).into_iter().chain(restarts).map(|place| frames[place].frame.index);
        match latest.filter(|index| index <= flow.end()).max() {
            None => Self::None,
            Some(index) if index <= *flow.start() => Self::Before,
            Some(_) => Self::Within,
        }
    }
}

/// Returns the indices of the pictures that begin another scene.
fn cuts(pictures: &[&RgbImage]) -> Vec<usize> {
    let greys: Vec<Vec<f32>> = pictures.iter().map(|picture| sampled_greys(picture)).collect();
    let changes: Vec<f32> = greys.windows(2).map(|pair| mean_change(&pair[0], &pair[1])).collect();
    let mut sorted = changes.clone();
    sorted.sort_by(f32::total_cmp);
    let Some(usual) = sorted.get(sorted.len().saturating_sub(1) / 2) else { return Vec::new() };
    let least = LEAST_CHANGE.max(TIMES_USUAL * usual);
    (1..pictures.len()).filter(|place| changes[place - 1] >= least).collect()
}

/// Returns the grey values of a picture on the sampling grid.
fn sampled_greys(picture: &RgbImage) -> Vec<f32> {
    let (width, height) = picture.dimensions();
    if width == 0 || height == 0 {
        return Vec::new();
    }
    let at = |place: u32, of: u32, side: u32| (2 * place + 1) * side / (2 * of);
    let [across, down] = POINTS;
    let points = (0..down).flat_map(|row| (0..across).map(move |column| (column, row)));
    let grey = |(column, row)| {
        let [r, g, b] = picture.get_pixel(at(column, across, width), at(row, down, height)).0.map(f32::from);
        0.299 * r + 0.587 * g + 0.114 * b // luma of ITU-R BT.601
    };
    points.map(grey).collect()
}

fn mean_change(first: &[f32], second: &[f32]) -> f32 {
    let sum: f32 = first.iter().zip(second).map(|(a, b)| (a - b).abs()).sum();
    sum / first.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use image::Rgb;

    use super::*;
    use crate::video::Frame;

    /// A picture of stripes, with soft edges, that are shifted by `shift` pixels.
    fn stripes(shift: u32) -> RgbImage {
        RgbImage::from_fn(160, 120, |x, _| Rgb([((x + shift) * 6 % 510).abs_diff(255) as u8; 3]))
    }

    #[test]
    fn a_cut_is_told_from_a_pan_and_from_stillness() {
        let of = |pictures: &[RgbImage]| cuts(&pictures.iter().collect::<Vec<_>>());
        assert!(of(&[]).is_empty() && of(&[stripes(0)]).is_empty());
        assert!(of(&(0..11).map(|_| stripes(0)).collect::<Vec<_>>()).is_empty());
        assert!(of(&(0..11).map(|i| stripes(9 * i)).collect::<Vec<_>>()).is_empty(), "every frame changes as much");
        let other = RgbImage::from_pixel(160, 120, Rgb([240; 3]));
        let cut: Vec<RgbImage> = (0..11).map(|i| if i < 9 { stripes(i) } else { other.clone() }).collect();
        assert_eq!(of(&cut), [9]);
    }

    #[test]
    fn a_flow_crosses_a_cut_among_its_frames_and_begins_a_scene_after_one() {
        let frame = |index: usize| {
            let display = Arc::new(if index < 9 { stripes(0) } else { RgbImage::from_pixel(160, 120, Rgb([240; 3])) });
            let frame = Frame { index, pts_secs: 0.0, duration_secs: 0.04, display, scaled: Vec::new() };
            LiveFrame { frame: Arc::new(frame), captured: Instant::now(), is_restart: false, source_secs: None }
        };
        let mut frames: Vec<LiveFrame> = (3..14).map(frame).collect();
        let of = |flow: RangeInclusive<usize>| SceneChange::of(&frames, &flow);
        assert_eq!([of(3..=8), of(8..=9), of(3..=13)], [SceneChange::None, SceneChange::Within, SceneChange::Within]);
        assert_eq!([of(9..=10), of(12..=13)], [SceneChange::Before; 2]);

        // A restart of a looped file hardly changes the picture, but is not motion.
        frames.truncate(6);
        frames[4].is_restart = true;
        let of = |flow: RangeInclusive<usize>| SceneChange::of(&frames, &flow);
        assert_eq!([of(3..=6), of(6..=7), of(7..=8)], [SceneChange::None, SceneChange::Within, SceneChange::Before]);
    }
}
