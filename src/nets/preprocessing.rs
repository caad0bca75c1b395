//! Conversion of images to the tensors that the networks read.

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;

/// The mean colour subtracted from every image, in blue, green, red (ImageNet's, as in the authors' files).
pub const MEAN_BGR: [f32; 3] = [104.0, 117.0, 123.0];

/// Converts windows of n frames each to [b, 3n, h, w]: frame by frame, blue, green, red within a frame, (x − mean) /
/// 255.
///
/// # Panics
/// If the windows differ in length or the frames in size.
pub fn motion_input(windows: &[Vec<&RgbImage>], device: &Device) -> Tensor<4> {
    let frames: Vec<&RgbImage> = windows.iter().flatten().copied().collect();
    let window_frames = windows.first().map_or(0, Vec::len);
    planes(&frames, window_frames, 1.0 / 255.0, device)
}

/// Converts single frames to [b, 3, h, w]: blue, green, red, x − mean, the input of ImageNet's Caffe classifiers.
///
/// # Panics
/// If the frames differ in size.
pub fn spatial_input(frames: &[&RgbImage], device: &Device) -> Tensor<4> {
    planes(frames, 1, 1.0, device)
}

/// Converts clips of n images each to [b, 3n, h, w]: image by image in the format of [`spatial_input`].
///
/// # Panics
/// If the clips differ in length or the images in size.
pub fn clip_input(clips: &[Vec<&RgbImage>], device: &Device) -> Tensor<4> {
    let frames: Vec<&RgbImage> = clips.iter().flatten().copied().collect();
    planes(&frames, clips.first().map_or(0, Vec::len), 1.0, device)
}

/// Converts images [b, 3(n+1), h, w] to the differences of each to the one before it, [b, 3n, h, w], in signed grey
/// levels (temporal segment networks, Wang et al. 2016). A mean subtracted from all images cancels out.
pub fn rgb_differences(pictures: Tensor<4>) -> Tensor<4> {
    let channels = pictures.dims()[1] - 3;
    pictures.clone().narrow(1, 3, channels) - pictures.narrow(1, 0, channels)
}

/// Returns `scale` · (x − mean) of all frames as colour planes, with `window_frames` frames per sample.
fn planes(frames: &[&RgbImage], window_frames: usize, scale: f32, device: &Device) -> Tensor<4> {
    let (width, height) = frames.first().map_or((0, 0), |frame| frame.dimensions());
    assert!(frames.iter().all(|frame| frame.dimensions() == (width, height)), "frames of one batch differ in size");
    let [width, height] = [width as usize, height as usize];

    let mut values = Vec::with_capacity(frames.len() * 3 * width * height);
    for frame in frames {
        for (channel, mean) in [2, 1, 0].into_iter().zip(MEAN_BGR) {
            values.extend(frame.as_raw().chunks_exact(3).map(|pixel| (f32::from(pixel[channel]) - mean) * scale));
        }
    }
    let batch = frames.len() / window_frames.max(1);
    Tensor::from_data(TensorData::new(values, [batch, 3 * window_frames, height, width]), device)
}
