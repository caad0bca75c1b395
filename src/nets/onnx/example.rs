//! Example inputs for the exported files with this program's outputs, to verify a runtime.

use image::{Rgb, RgbImage};
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};

use super::OnnxOptions;
use crate::error::{Error, Result};
use crate::nets::read_back::read_back;
use crate::nets::{FLOW_UNIT_PX, FrameSize, HiddenTwoStream, Layers, MotionCrop, WINDOW_FRAMES};

/// Returns a safetensors file of inputs and outputs under the names used in the ONNX files: `frames` and `picture` or
/// `pictures`, the `flow` of those frames, `temporal_logits`, `spatial_logits` and `probabilities`, as far as `model`
/// has them.
///
/// # Errors
/// If the device fails.
pub fn example(model: &HiddenTwoStream, options: &OnnxOptions) -> Result<Vec<u8>> {
    let OnnxOptions { batch, motion, spatial, .. } = *options;
    let stack = model.temporal.as_ref().map(|stream| stream.input());
    let count = stack.map_or(WINDOW_FRAMES, |input| input.frames()).max(model.motion.frames());
    let clips: Vec<Vec<RgbImage>> =
        (0..batch).map(|clip| (0..count).map(|frame| picture(motion, clip, frame)).collect()).collect();
    let windows: Vec<Vec<&RgbImage>> = clips.iter().map(|clip| clip.iter().collect()).collect();
    let raw = model.motion.flows(&windows).into_finest();
    let [_, maps, height, width] = raw.dims();
    let [rows, columns] = [motion.height as usize, motion.width as usize];
    let mut tensors = vec![
        ("frames", vec![batch, count, 3, rows, columns], planes(clips.iter().flatten())),
        ("flow", vec![batch, maps / 2, 2, height, width], read_back(raw.clone() * FLOW_UNIT_PX)?),
    ];
    let mut both = [None, None];
    if let Some(stream) = model.temporal.as_ref().filter(|stream| stream.reading().crop == MotionCrop::Whole) {
        let logits = match stream.input().modality.is_of_frames() {
            true => stream.spatial_logits(&windows)?,
            false => stream.temporal_logits(raw)?,
        };
        tensors.push(("temporal_logits", vec![batch, model.card.classes.len()], logits.concat()));
        both[1] = Some(logits);
    }
    if let Some(stream) = model.spatial.as_ref().filter(|stream| !matches!(stream.layers, Layers::I3d(_))) {
        let length = stream.input().count;
        let first = if stream.backbone().reads_clips() { 0 } else { count / 2 };
        let clips: Vec<Vec<RgbImage>> = (0..batch)
            .map(|clip| (first..first + length).map(|frame| picture(spatial, clip, frame)).collect())
            .collect();
        let logits = stream.spatial_logits(&clips.iter().map(|clip| clip.iter().collect()).collect::<Vec<_>>())?;
        let [rows, columns] = [spatial.height as usize, spatial.width as usize];
        let (name, shape) = match stream.backbone().reads_clips() {
            true => ("pictures", vec![batch, length, 3, rows, columns]),
            false => ("picture", vec![batch, 3, rows, columns]),
        };
        tensors.push((name, shape, planes(clips.iter().flatten())));
        tensors.push(("spatial_logits", vec![batch, model.card.classes.len()], logits.concat()));
        both[0] = Some(logits);
    }
    if let [Some(spatial), Some(temporal)] = both {
        let fusion = model.card.fusion;
        let shares = spatial.iter().zip(&temporal).flat_map(|(a, b)| fusion.shares(&fusion.fuse(a, b))).collect();
        tensors.push(("probabilities", vec![batch, model.card.classes.len()], shares));
    }
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(.., values)| values.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
    let failed = |error: safetensors::SafeTensorError| Error::new("example", error.to_string(), "Report this");
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (*name, view)));
    let views = views.collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
    serialize(views, None).map_err(failed)
}

/// Returns a synthetic image of waves that move by two pixels per frame.
fn picture(FrameSize { width, height }: FrameSize, clip: usize, frame: usize) -> RgbImage {
    let shift = 2.0 * frame as f32 + 17.0 * clip as f32;
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 - shift, y as f32);
        Rgb([0.0, 1.0, 2.0]
            .map(|colour| (127.5 + 100.0 * (0.21 * x + 0.13 * y + colour).sin() * (0.09 * y).cos()) as u8))
    })
}

/// Returns the red, green and blue planes of `pictures`.
fn planes<'a>(pictures: impl Iterator<Item = &'a RgbImage>) -> Vec<f32> {
    let plane = |picture: &'a RgbImage, colour: usize| picture.pixels().map(move |pixel| f32::from(pixel.0[colour]));
    pictures.flat_map(|picture| (0..3).flat_map(move |colour| plane(picture, colour))).collect()
}
