//! Detection of repeated frames, as in clips converted to a higher frame rate or from slow cameras.

use image::RgbImage;

/// Number of pixels that are compared.
const SAMPLE: usize = 40_000;
/// Maximum change of a channel by the codec in a repeated picture, of 255.
const CODEC_CHANGE: u8 = 8;
/// One in this many pixels may change more.
const FEW: usize = 1000;

/// Returns whether `second` repeats `first`: at most one pixel in a thousand differs by more than a codec changes it.
/// The flow between such pictures does not represent the motion in the clip.
pub(in crate::engine) fn is_repeated(first: &RgbImage, second: &RgbImage) -> bool {
    if first.dimensions() != second.dimensions() {
        return false;
    }
    let count = (first.width() as usize * first.height() as usize).max(1);
    let step = count.div_ceil(SAMPLE);
    let sampled =
        |picture: &'_ RgbImage| -> Vec<[u8; 3]> { picture.pixels().step_by(step).map(|pixel| pixel.0).collect() };
    let (first, second) = (sampled(first), sampled(second));
    let has_changed = |(a, b): &(&[u8; 3], &[u8; 3])| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > CODEC_CHANGE);
    first.iter().zip(&second).filter(has_changed).count() * FEW <= first.len()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn what_a_codec_changes_is_the_same_picture_and_a_small_thing_that_moves_is_not() {
        let picture = RgbImage::from_fn(320, 240, |x, y| Rgb([x as u8, y as u8, 90]));
        let coded = RgbImage::from_fn(320, 240, |x, y| Rgb([x as u8, y as u8, 90 + (x + y) as u8 % 6]));
        assert!(is_repeated(&picture, &picture) && is_repeated(&picture, &coded));
        let with_square = |left: u32| {
            let mut picture = picture.clone();
            (0..256).for_each(|i| picture.put_pixel(left + i % 16, 100 + i / 16, Rgb([255; 3])));
            picture
        };
        assert!(!is_repeated(&with_square(100), &with_square(104)));
        assert!(!is_repeated(&picture, &RgbImage::new(160, 120)));
    }
}
