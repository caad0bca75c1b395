//! Selection of the flow with the smallest photometric error: per pixel between several fields, or per pair between a
//! field and zero flow.

use image::RgbImage;
use rayon::prelude::*;

use super::FlowField;

/// The mean colour, in red, green, blue, that the networks and the loss subtract.
const MEAN: [f32; 3] = [123.0, 117.0, 104.0];
/// Side of the neighbourhood in pixels.
const WINDOW: usize = 9;
/// Error of a pixel whose flow leaves the picture; about the largest error possible.
const OUTSIDE: f32 = 1.0;
/// Keeps the robust difference smooth at zero, squared.
const EPSILON_SQUARED: f32 = 1e-6;

/// For each pixel the candidate under which `first` and the warped `second` differ least around it: the robust difference
/// of the locally normalised pictures that MotionNet's loss compares, averaged over 9 × 9 pixels. Of equals the first one.
///
/// # Panics
/// If there is no candidate, or one is not of the pictures' size.
pub fn best_explanation(first: &RgbImage, second: &RgbImage, candidates: Vec<FlowField>) -> FlowField {
    let (first, second) = (Normalised::of(first), Normalised::of(second));
    let mut candidates = candidates.into_iter();
    let mut best = candidates.next().expect("there is at least one flow to choose from");
    let mut least = local_errors(&first, &second, &best);
    for candidate in candidates {
        let errors = local_errors(&first, &second, &candidate);
        for (i, error) in errors.into_iter().enumerate() {
            if error < least[i] {
                least[i] = error;
                best.uv[i] = candidate.uv[i];
            }
        }
    }
    best
}

/// Returns `flow`, or zero flow if that has the smaller photometric error; the photometric ratio of the result is at
/// most 1.
///
/// # Panics
/// If the field is not of the pictures' size.
pub fn better_than_none(first: &RgbImage, second: &RgbImage, flow: FlowField) -> FlowField {
    let none = FlowField::new(flow.width, flow.height, vec![[0.0; 2]; flow.uv.len()]);
    let (first, second) = (Normalised::of(first), Normalised::of(second));
    if photometric_error(&first, &second, &flow) > photometric_error(&first, &second, &none) { none } else { flow }
}

/// Returns the photometric error: the sum of absolute differences between `first` and `second` warped by `flow`,
/// without the border that the loss leaves out, a tenth of the shorter side. Pixels whose flow leaves the picture are
/// compared with the mean colour, as in the loss, but count at least as much as without motion, so that leaving the
/// picture never lowers the error. Unknown vectors count as zero.
fn photometric_error(first: &Normalised, second: &Normalised, flow: &FlowField) -> f64 {
    let (width, height) = (first.width, first.height);
    assert_eq!((flow.width, flow.height), (width, height), "a flow field of another size");
    let border = (0.1 * width.min(height) as f32).round() as usize;
    let rows = border..height - border;
    let row_error = |y: usize| -> f64 {
        let error = |x: usize| {
            let i = y * width + x;
            let [u, v] = if FlowField::is_known(flow.uv[i]) { flow.uv[i] } else { [0.0; 2] };
            let difference =
                |there: [f32; 3]| first.pixels[i].iter().zip(there).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>();
            let there = second.at(x as f32 + u, y as f32 + v);
            there.map_or_else(|| difference([0.0; 3]).max(difference(second.pixels[i])), difference)
        };
        (border..width - border).map(error).sum()
    };
    rows.into_par_iter().map(row_error).collect::<Vec<_>>().iter().sum()
}

/// A picture after the loss's local response normalisation: y = x·(1 + (1/9)·Σ x²)^−0.7 over the colours.
struct Normalised {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
}

impl Normalised {
    fn of(picture: &RgbImage) -> Self {
        let normalise = |rgb: &[u8]| {
            let x: [f32; 3] = std::array::from_fn(|c| (f32::from(rgb[c]) - MEAN[c]) / 255.0);
            let factor = (1.0 + x.iter().map(|x| x * x).sum::<f32>() / 9.0).powf(-0.7);
            x.map(|x| x * factor)
        };
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        Self { width, height, pixels: picture.as_raw().par_chunks_exact(3).map(normalise).collect() }
    }

    /// Returns the colours at (x, y), between pixel centres bilinearly; `None` outside.
    fn at(&self, x: f32, y: f32) -> Option<[f32; 3]> {
        let inside = x >= 0.0 && y >= 0.0 && x <= (self.width - 1) as f32 && y <= (self.height - 1) as f32;
        if !inside {
            return None; // also where x or y is not a number
        }
        let (column, row) = (x as usize, y as usize);
        let (fx, fy) = (x - column as f32, y - row as f32);
        let (right, below) = ((column + 1).min(self.width - 1), (row + 1).min(self.height - 1));
        let [a, b, c, d] = [(column, row), (right, row), (column, below), (right, below)]
            .map(|(x, y)| self.pixels[y * self.width + x]);
        Some(std::array::from_fn(|i| {
            (1.0 - fy) * ((1.0 - fx) * a[i] + fx * b[i]) + fy * ((1.0 - fx) * c[i] + fx * d[i])
        }))
    }
}

/// Returns the difference between `first` and `second` warped by `flow`, averaged around each pixel.
fn local_errors(first: &Normalised, second: &Normalised, flow: &FlowField) -> Vec<f32> {
    let (width, height) = (first.width, first.height);
    assert_eq!((flow.width, flow.height), (width, height), "a flow field of another size");
    let error = |i: usize| {
        let [u, v] = flow.uv[i];
        let there = second.at((i % width) as f32 + u, (i / width) as f32 + v);
        there.map_or(OUTSIDE, |there| {
            let robust = |(a, b): (&f32, &f32)| ((a - b).powi(2) + EPSILON_SQUARED).sqrt();
            first.pixels[i].iter().zip(&there).map(robust).sum::<f32>() / 3.0
        })
    };
    let errors: Vec<f32> = (0..width * height).into_par_iter().map(error).collect();
    box_mean(&errors, width)
}

/// Returns the mean over the window around each value, as far as it is in the picture: first along the rows, then down them.
fn box_mean(values: &[f32], width: usize) -> Vec<f32> {
    let height = values.len() / width;
    let reach = WINDOW / 2;
    let around = |at: usize, length: usize| at.saturating_sub(reach)..(at + reach + 1).min(length);
    let along: Vec<f32> = (0..values.len())
        .into_par_iter()
        .map(|i| {
            let columns = around(i % width, width);
            let row = &values[i / width * width..][..width];
            row[columns.clone()].iter().sum::<f32>() / columns.len() as f32
        })
        .collect();
    (0..values.len())
        .into_par_iter()
        .map(|i| {
            let rows = around(i / width, height);
            rows.clone().map(|y| along[y * width + i % width]).sum::<f32>() / rows.len() as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn constant(width: usize, height: usize, uv: [f32; 2]) -> FlowField {
        FlowField::new(width, height, vec![uv; width * height])
    }

    #[test]
    fn each_half_takes_the_flow_that_is_its_own() {
        // The upper half moves by two pixels, the lower half stands.
        let texture = |x: i64, y: i64| Rgb([((x * 37 + y * 91) % 256) as u8, ((x * x * 3 + y) % 256) as u8, 90]);
        let first = RgbImage::from_fn(48, 48, |x, y| texture(x.into(), y.into()));
        let second = RgbImage::from_fn(48, 48, |x, y| texture(i64::from(x) - if y < 24 { 2 } else { 0 }, y.into()));
        let candidates =
            vec![constant(48, 48, [0.0, 0.0]), constant(48, 48, [2.0, 0.0]), constant(48, 48, [f32::NAN; 2])];
        let best = best_explanation(&first, &second, candidates);
        assert_eq!((best.at(20, 8), best.at(20, 40)), ([2.0, 0.0], [0.0, 0.0]));
        assert!(best.uv.iter().all(|uv| FlowField::is_known(*uv)), "unknown flow explains nothing");
    }

    #[test]
    fn flow_that_explains_less_than_none_gives_way_to_none() {
        let texture = |x: i64, y: i64| Rgb([((x * 37 + y * 91) % 256) as u8, ((x * x * 3 + y) % 256) as u8, 90]);
        let first = RgbImage::from_fn(48, 40, |x, y| texture(x.into(), y.into()));
        let second = RgbImage::from_fn(48, 40, |x, y| texture(i64::from(x) - 2, y.into()));
        let kept = |uv: [f32; 2]| better_than_none(&first, &second, constant(48, 40, uv)).at(20, 20);
        assert_eq!(kept([2.0, 0.0]), [2.0, 0.0]);
        assert_eq!(kept([-2.0, 0.0]), [0.0, 0.0]);
        assert_eq!(kept([100.0, 0.0]), [0.0, 0.0], "it leads out of the picture");
        let still = better_than_none(&first, &first, constant(48, 40, [0.4, 0.0]));
        assert_eq!(still.at(20, 20), [0.0, 0.0]);
        // A field that is wrong only in a small part is kept.
        let mut flow = constant(48, 40, [2.0, 0.0]);
        flow.uv[20 * 48 + 20] = [-5.0, 3.0];
        assert_eq!(better_than_none(&first, &second, flow.clone()), flow);
    }

    #[test]
    fn means_at_the_border_are_of_what_is_there() {
        let means = box_mean(&[9.0; 30], 6);
        assert!(means.iter().all(|mean| (mean - 9.0).abs() < 1e-5), "{means:?}");
        let mut values = vec![0.0; 11 * 11];
        values[5 * 11 + 5] = 81.0;
        assert!((box_mean(&values, 11)[12] - 81.0 / 36.0).abs() < 1e-4);
    }
}
