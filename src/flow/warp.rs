//! Backward warping of a picture by a flow field.

use image::{Rgb, RgbImage};

use super::FlowField;

/// Returns `second` warped to `first`: pixel p is sampled bilinearly at p + `flow`(p). Where the flow is unknown or
/// leaves the picture, the pixel is copied from `first`, as if nothing had moved.
///
/// # Panics
/// If the pictures or the field differ in size.
pub fn warp_backward(first: &RgbImage, second: &RgbImage, flow: &FlowField) -> RgbImage {
    let (width, height) = second.dimensions();
    assert_eq!(first.dimensions(), (width, height), "pictures of different sizes");
    assert_eq!((flow.width, flow.height), (width as usize, height as usize), "a flow field of another size");
    let (right, bottom) = ((width - 1) as f32, (height - 1) as f32);
    RgbImage::from_fn(width, height, |x, y| {
        let [u, v] = flow.at(x as usize, y as usize);
        let [there_x, there_y] = [x as f32 + u, y as f32 + v];
        let inside = (0.0..=right).contains(&there_x) && (0.0..=bottom).contains(&there_y);
        if inside { sample(second, there_x, there_y) } else { *first.get_pixel(x, y) }
    })
}

/// Returns the colour at a point inside the picture.
fn sample(picture: &RgbImage, x: f32, y: f32) -> Rgb<u8> {
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let (column, row) = (x as u32, y as u32);
    let (fx, fy) = (x - column as f32, y - row as f32);
    let corner =
        |dx: u32, dy: u32| picture.get_pixel((column + dx).min(right), (row + dy).min(bottom)).0.map(f32::from);
    let [a, b, c, d] = [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)];
    let between = |i: usize| (1.0 - fy) * ((1.0 - fx) * a[i] + fx * b[i]) + fy * ((1.0 - fx) * c[i] + fx * d[i]);
    Rgb([0, 1, 2].map(|i| between(i).round() as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_come_from_where_the_flow_points() {
        let picture = RgbImage::from_fn(3, 2, |x, y| Rgb([(10 * x) as u8, (100 * y) as u8, 7]));
        let uv = vec![[1.0, 0.0], [0.5, 0.5], [9.0, -9.0], [0.0, 0.0], [f32::NAN, 0.0], [-0.26, 0.0]];
        let first = RgbImage::from_pixel(3, 2, Rgb([1, 2, 3]));
        let seen = warp_backward(&first, &picture, &FlowField::new(3, 2, uv));
        let expected = [[10, 0, 7], [15, 50, 7], [1, 2, 3], [0, 100, 7], [1, 2, 3], [17, 100, 7]];
        assert_eq!(seen.pixels().map(|pixel| pixel.0).collect::<Vec<_>>(), expected);
    }
}
