//! The C3D descriptor of a clip (Tran et al. 2015): `fc6` of windows of 16 frames, averaged and normalised to length 1.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use image::RgbImage;

use super::View;
use crate::data::LabelledClip;
use crate::error::{Error, Result};
use crate::nets::preprocessing::clip_input;
use crate::nets::{Layers, Stream, device_of, read_rows};
use crate::video::{ClipReader, Geometry};

/// Stride between windows in frames: two windows overlap by half.
const STEP: usize = 8;
/// Windows per batch.
const AT_ONCE: usize = 4;

/// Returns the descriptor of `clip` by `stream`, a C3D that reads frames of `size`, of which it sees the centre square
/// of seven eighths of the height. A clip shorter than a window is padded with its last frame.
///
/// # Errors
/// If the stream is not a C3D, the clip cannot be read, the device fails, or `stop` returns true, which is checked
/// before every window.
pub fn clip_descriptor(
    stream: &Stream,
    size: Geometry,
    clip: &LabelledClip,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<f32>> {
    let Layers::C3d(network) = &stream.layers else {
        let cause = format!("{} has no fc6 of clips", stream.backbone().name());
        return Err(Error::new("descriptor", cause, "Choose a model whose spatial stream is a c3d"));
    };
    let mut reader = ClipReader::open(&clip.path, clip.segment_secs)?;
    reader.set_sizes(vec![size]);
    let (frames, length, view) = (reader.frames(), stream.input().count, centre(size));
    let starts: Vec<usize> = (0..=frames.saturating_sub(length)).step_by(STEP).collect();
    let mut seen: BTreeMap<usize, RgbImage> = BTreeMap::new();
    let mut rows = Vec::new();
    for starts in starts.chunks(AT_ONCE) {
        let windows: Vec<Vec<usize>> =
            starts.iter().map(|start| (*start..start + length).map(|place| place.min(frames - 1)).collect()).collect();
        seen.retain(|place, _| *place >= starts[0].min(frames - 1));
        for &place in windows.iter().flatten() {
            if stop() {
                return Err(Error::cancelled("descriptor", "it was stopped", "Start it again"));
            }
            if let Entry::Vacant(entry) = seen.entry(place) {
                entry.insert(view.of(&reader.pictures(place)?[0]));
            }
        }
        let pictures: Vec<Vec<&RgbImage>> =
            windows.iter().map(|window| window.iter().map(|place| &seen[place]).collect()).collect();
        rows.extend(read_rows(network.fc6(clip_input(&pictures, &device_of(stream))))?);
    }
    reader.warn();
    Ok(mean_of_length_one(&rows))
}

/// Returns the centre square of frames of `size`: 112×112 of 171×128.
fn centre(size: Geometry) -> View {
    let side = (size.height * 7 / 8).min(size.width).max(1);
    let (x, y) = ((size.width - side) / 2, (size.height - side) / 2);
    View { x, y, size: Geometry { width: side, height: side }, mirrored: false }
}

/// Returns the mean of `rows`, normalised to length 1; zeros are kept.
pub fn mean_of_length_one(rows: &[Vec<f32>]) -> Vec<f32> {
    let mut mean = vec![0.0f64; rows.first().map_or(0, Vec::len)];
    for row in rows {
        mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value) / rows.len() as f64);
    }
    let length = mean.iter().map(|value| value * value).sum::<f64>().sqrt();
    mean.into_iter().map(|value| if length > 0.0 { (value / length) as f32 } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_square_is_in_the_middle() {
        let View { x, y, size, .. } = centre(Geometry { width: 171, height: 128 });
        assert_eq!((x, y, size.width, size.height), (29, 8, 112, 112));
    }

    #[test]
    fn means_have_length_one() {
        assert_eq!(mean_of_length_one(&[vec![0.0, 2.0, 0.0], vec![6.0, 6.0, 0.0]]), [0.6, 0.8, 0.0]);
        assert_eq!(mean_of_length_one(&[vec![0.0; 2]]), [0.0; 2]);
    }
}
