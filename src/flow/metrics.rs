//! Error metrics and statistics of flow fields.

use serde::{Deserialize, Serialize};

use super::FlowField;

/// An end-point error beyond this many pixels …
const OUTLIER_PX: f64 = 3.0;

/// … and beyond this share of the true vector's length makes an outlier (Menze and Geiger 2015).
const OUTLIER_SHARE: f64 = 0.05;

/// Returns the mean end-point error in pixels, ‖a − b‖ averaged over the pixels that both fields know (Baker et al. 2011).
///
/// Not a number if they have no such pixel in common.
///
/// # Panics
/// If the fields differ in size; [`FlowField::resized`] brings one to the other's.
pub fn end_point_error(a: &FlowField, b: &FlowField) -> f32 {
    let errors = end_point_error_map(a, b);
    let known = errors.iter().filter(|error| !error.is_nan());
    // Summed in f64: a megapixel of small f32 errors would lose its tail.
    let (sum, count) = known.fold((0.0, 0.0), |(sum, count), error| (sum + f64::from(*error), count + 1.0));
    (sum / count) as f32
}

/// ‖a − b‖ of every pixel, row after row; not a number where one of the fields is unknown.
///
/// # Panics
/// If the fields differ in size.
pub fn end_point_error_map(a: &FlowField, b: &FlowField) -> Vec<f32> {
    assert_eq!((a.width, a.height), (b.width, b.height), "fields of different sizes have no common pixels");
    let error = |(a, b): (&[f32; 2], &[f32; 2])| {
        let known = FlowField::is_known(*a) && FlowField::is_known(*b);
        if known { (a[0] - b[0]).hypot(a[1] - b[1]) } else { f32::NAN }
    };
    a.uv.iter().zip(&b.uv).map(error).collect()
}

/// The errors of an estimate over the pixels of a region whose true vector is known.
///
/// Where the estimate is unknown, it counts as zero flow in `epe` and `aae_deg` and as an outlier in `fl`, so that an
/// estimate gains nothing by omitting hard pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RegionErrors {
    /// Mean end-point error in pixels.
    pub epe: f64,
    /// Mean angle between (u, v, 1) and (u′, v′, 1) in degrees (Barron et al. 1994).
    pub aae_deg: f64,
    /// Share of outliers, 0 to 1: KITTI's Fl, more than 3 px and more than 5 % of the true vector.
    pub fl: f64,
    /// Pixels that count: the true vector is known and valid.
    pub pixels: usize,
    /// Share of these pixels that the estimate knows, 0 to 1.
    pub density: f64,
}

/// The errors of an estimate in the whole image and, with an occlusion mask, of its matched (visible in the second image)
/// and unmatched pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FlowErrors {
    /// All pixels.
    pub all: RegionErrors,
    /// Pixels that are not occluded.
    pub matched: Option<RegionErrors>,
    /// Occluded pixels.
    pub unmatched: Option<RegionErrors>,
}

impl FlowErrors {
    /// Returns the errors of `estimate` against `truth` over the pixels that the truth knows and that are `valid`; `None` if
    /// there are none. Masks hold one entry per pixel, row after row.
    ///
    /// # Panics
    /// If the fields differ in size, or a mask has another number of pixels.
    pub fn between(
        estimate: &FlowField,
        truth: &FlowField,
        valid: Option<&[bool]>,
        occluded: Option<&[bool]>,
    ) -> Option<Self> {
        assert_eq!((estimate.width, estimate.height), (truth.width, truth.height), "fields differ in size");
        for mask in [valid, occluded].into_iter().flatten() {
            assert_eq!(mask.len(), truth.uv.len(), "a mask needs one entry per pixel");
        }
        let mut visible = [Sums::default(); 2]; // not occluded, occluded
        for (i, (estimate, truth)) in estimate.uv.iter().zip(&truth.uv).enumerate() {
            if FlowField::is_known(*truth) && valid.is_none_or(|valid| valid[i]) {
                visible[usize::from(occluded.is_some_and(|occluded| occluded[i]))].add(*estimate, *truth);
            }
        }
        let [matched, unmatched] = visible;
        let regions = occluded.map(|_| [matched, unmatched].map(Sums::means)).unwrap_or_default();
        Some(Self { all: matched.plus(unmatched).means()?, matched: regions[0], unmatched: regions[1] })
    }

    /// Returns the errors of several pairs as the benchmarks sum them up: end-point and angular errors are means over pairs, the
    /// share of outliers is that of all pixels together, as in KITTI, and so is the density. `None` if there is no pair.
    pub fn mean(pairs: &[Self]) -> Option<Self> {
        let region = |of: fn(&Self) -> Option<RegionErrors>| {
            RegionErrors::mean(&pairs.iter().filter_map(of).collect::<Vec<_>>())
        };
        Some(Self {
            all: region(|pair| Some(pair.all))?,
            matched: region(|pair| pair.matched),
            unmatched: region(|pair| pair.unmatched),
        })
    }
}

impl RegionErrors {
    fn mean(regions: &[Self]) -> Option<Self> {
        let pixels: usize = regions.iter().map(|region| region.pixels).sum();
        let count = regions.len() as f64;
        let pooled = |share: fn(&Self) -> f64| {
            regions.iter().map(|region| share(region) * region.pixels as f64).sum::<f64>() / pixels as f64
        };
        (pixels > 0).then(|| Self {
            epe: regions.iter().map(|region| region.epe).sum::<f64>() / count,
            aae_deg: regions.iter().map(|region| region.aae_deg).sum::<f64>() / count,
            fl: pooled(|region| region.fl),
            pixels,
            density: pooled(|region| region.density),
        })
    }
}

/// Errors of a region while its pixels are gone through.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    epe: f64,
    aae_deg: f64,
    outliers: usize,
    pixels: usize,
    known: usize,
}

impl Sums {
    fn add(&mut self, estimate: [f32; 2], truth: [f32; 2]) {
        let is_known = FlowField::is_known(estimate);
        let estimate = if is_known { estimate } else { [0.0; 2] };
        let [[u, v], [true_u, true_v]] = [estimate, truth].map(|uv| uv.map(f64::from));
        let error = (u - true_u).hypot(v - true_v);
        let (squared, true_squared) = (u * u + v * v, true_u * true_u + true_v * true_v);
        let cosine = (1.0 + u * true_u + v * true_v) / ((1.0 + squared) * (1.0 + true_squared)).sqrt();
        self.epe += error;
        self.aae_deg += cosine.clamp(-1.0, 1.0).acos().to_degrees(); // rounding leads beyond 1
        let is_far = error > OUTLIER_PX && error > OUTLIER_SHARE * true_squared.sqrt();
        self.outliers += usize::from(is_far || !is_known);
        self.pixels += 1;
        self.known += usize::from(is_known);
    }

    fn plus(self, other: Self) -> Self {
        Self {
            epe: self.epe + other.epe,
            aae_deg: self.aae_deg + other.aae_deg,
            outliers: self.outliers + other.outliers,
            pixels: self.pixels + other.pixels,
            known: self.known + other.known,
        }
    }

    fn means(self) -> Option<RegionErrors> {
        let count = self.pixels as f64;
        (self.pixels > 0).then(|| RegionErrors {
            epe: self.epe / count,
            aae_deg: self.aae_deg / count,
            fl: self.outliers as f64 / count,
            pixels: self.pixels,
            density: self.known as f64 / count,
        })
    }
}

/// Lengths of the known vectors of a field, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Magnitudes {
    /// The mean.
    pub mean: f32,
    /// The middle one (the upper of two).
    pub median: f32,
    /// The 95th percentile.
    pub p95: f32,
    /// The longest.
    pub max: f32,
}

impl Magnitudes {
    /// Returns the lengths of `field`; all 0 if no vector is known.
    pub fn of(field: &FlowField) -> Self {
        let known = field.uv.iter().filter(|uv| FlowField::is_known(**uv));
        let mut lengths: Vec<f32> = known.map(|[u, v]| u.hypot(*v)).collect();
        if lengths.is_empty() {
            return Self::default();
        }
        let mean = lengths.iter().map(|length| f64::from(*length)).sum::<f64>() / lengths.len() as f64;
        let count = lengths.len();
        let mut ranked = |rank: usize| *lengths.select_nth_unstable_by(rank, f32::total_cmp).1;
        // Nearest-rank percentile: the ⌈0.95·n⌉-th.
        let p95 = (count * 95).div_ceil(100) - 1;
        Self { mean: mean as f32, median: ranked(count / 2), p95: ranked(p95), max: ranked(count - 1) }
    }
}

/// Returns the pixels of the first picture that have no partner in the second: going there by `forward` and back by `backward`
/// does not lead to the start, |f + b|² > 0.01·(|f|² + |b|²) + 0.5 (Sundaram et al. 2010; Meister et al. 2018).
///
/// `backward` is read bilinearly at the end of the forward vector. A pixel that leaves the picture or whose vectors are
/// unknown is occluded too.
///
/// # Panics
/// If the fields differ in size.
pub fn forward_backward_occlusion(forward: &FlowField, backward: &FlowField) -> Vec<bool> {
    assert_eq!((forward.width, forward.height), (backward.width, backward.height), "fields differ in size");
    let squared = |[u, v]: [f32; 2]| u * u + v * v;
    let is_occluded = |(i, f): (usize, &[f32; 2])| {
        let end = [(i % forward.width) as f32 + f[0], (i / forward.width) as f32 + f[1]];
        // A vector with NaN has no end point.
        let Some(b) = sample(backward, end).filter(|b| FlowField::is_known(*b)) else { return true };
        squared([f[0] + b[0], f[1] + b[1]]) > 0.01 * (squared(*f) + squared(b)) + 0.5
    };
    forward.uv.iter().enumerate().map(is_occluded).collect()
}

/// Returns the vector of `field` at the position (`x`, `y`), between pixel centres bilinearly; `None` outside.
fn sample(field: &FlowField, [x, y]: [f32; 2]) -> Option<[f32; 2]> {
    let (right, bottom) = (field.width - 1, field.height - 1);
    if !(0.0..=right as f32).contains(&x) || !(0.0..=bottom as f32).contains(&y) {
        return None;
    }
    let (column, row) = (x as usize, y as usize);
    let (fx, fy) = (x - column as f32, y - row as f32);
    let corner = |dx: usize, dy: usize| field.at((column + dx).min(right), (row + dy).min(bottom));
    let [a, b, c, d] = [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)];
    let between = |i: usize| (1.0 - fy) * ((1.0 - fx) * a[i] + fx * b[i]) + fy * ((1.0 - fx) * c[i] + fx * d[i]);
    Some([between(0), between(1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn end_point_errors_are_of_pixels_that_both_know() {
        let a = FlowField::new(3, 1, vec![[3.0, 4.0], [f32::NAN, 0.0], [1.0, 0.0]]);
        let b = FlowField::new(3, 1, vec![[0.0, 0.0], [0.0, 0.0], [1.0, 1e10]]);
        assert_eq!(end_point_error(&a, &b), 5.0);
        let map = end_point_error_map(&a, &b);
        assert!(map[0] == 5.0 && map[1].is_nan() && map[2].is_nan());
        assert_eq!(FlowErrors::between(&a, &b, None, None).map(|errors| errors.all.pixels), Some(2));
        let unknown = FlowField::new(1, 1, vec![[1e10, 0.0]]);
        let still = FlowField::new(1, 1, vec![[0.0; 2]]);
        assert!(end_point_error(&unknown, &still).is_nan());
        assert_eq!(FlowErrors::between(&still, &unknown, None, None), None, "the truth knows nothing");
    }

    #[test]
    fn errors_are_those_computed_by_hand() {
        // (1, 0) for (0, 0): 1 px, the angle between (1, 0, 1) and (0, 0, 1) is 45°.
        // (0, −1) for (0, 1): 2 px, between (0, −1, 1) and (0, 1, 1) 90°.
        // (104, 0) for (100, 0): 4 px are more than 3, but less than 5 %.
        // (44, 0) for (40, 0): 4 px are 10 %.
        let estimate = FlowField::new(2, 2, vec![[1.0, 0.0], [0.0, -1.0], [104.0, 0.0], [44.0, 0.0]]);
        let truth = FlowField::new(2, 2, vec![[0.0, 0.0], [0.0, 1.0], [100.0, 0.0], [40.0, 0.0]]);
        let [small, larger] = [(100f64, 104f64), (40.0, 44.0)].map(|(a, b)| (b.atan() - a.atan()).to_degrees());
        let errors = FlowErrors::between(&estimate, &truth, None, None).expect("all pixels are known");
        assert!(close(errors.all.epe, 11.0 / 4.0) && close(errors.all.fl, 0.25), "{errors:?}");
        assert!((errors.all.aae_deg - (45.0 + 90.0 + small + larger) / 4.0).abs() < 1e-5, "{errors:?}");
        assert!(errors.matched.is_none() && errors.unmatched.is_none() && errors.all.pixels == 4);

        let [valid, occluded] = [[true, false, true, true], [false, false, true, true]];
        let errors = FlowErrors::between(&estimate, &truth, Some(&valid), Some(&occluded)).expect("three pixels");
        let (matched, unmatched) = (errors.matched.expect("a pixel"), errors.unmatched.expect("two pixels"));
        assert!(close(errors.all.epe, 3.0) && errors.all.pixels == 3);
        assert!(close(matched.epe, 1.0) && close(matched.aae_deg, 45.0) && matched.fl == 0.0 && matched.pixels == 1);
        assert!(close(unmatched.epe, 4.0) && close(unmatched.fl, 0.5) && unmatched.pixels == 2);
        let errors = FlowErrors::between(&estimate, &truth, None, Some(&[false; 4])).expect("all pixels are known");
        assert!(errors.matched == Some(errors.all) && errors.unmatched.is_none(), "nothing is occluded");
    }

    /// By hand: (1, 0) for (0, 0) is 1 px; three unknown vectors are 5, 0 and 10 px from the truth and wrong all the same. What the
    /// truth does not know does not count.
    #[test]
    fn what_an_estimate_leaves_out_counts_against_it() {
        let unknown = [[f32::NAN, 0.0], [f32::INFINITY, 0.0], [0.0, 1e10]];
        let estimate = FlowField::new(5, 1, [&unknown[..], &[[1.0, 0.0], [9.0, 9.0]]].concat());
        let truth = FlowField::new(5, 1, vec![[3.0, 4.0], [0.0; 2], [0.0, 10.0], [0.0; 2], [f32::NAN; 2]]);
        let errors = FlowErrors::between(&estimate, &truth, None, None).expect("four pixels").all;
        assert!(close(errors.epe, 4.0) && close(errors.fl, 0.75) && close(errors.density, 0.25), "{errors:?}");
        assert_eq!(errors.pixels, 4);
        let nothing = FlowField::new(5, 1, vec![FlowField::UNKNOWN; 5]);
        let errors = FlowErrors::between(&nothing, &truth, None, None).expect("four pixels").all;
        assert!(close(errors.epe, 15.0 / 4.0) && errors.fl == 1.0 && errors.density == 0.0, "{errors:?}");
    }

    #[test]
    fn outliers_are_pooled_and_errors_averaged_over_pairs() {
        let region =
            |epe: f64, fl: f64, pixels: usize| RegionErrors { epe, aae_deg: 2.0 * epe, fl, pixels, density: 1.0 - fl };
        let errors = |all, matched| FlowErrors { all, matched, unmatched: None };
        let pairs = [errors(region(1.0, 0.5, 10), None), errors(region(3.0, 0.0, 30), Some(region(2.0, 0.0, 5)))];
        let mean = FlowErrors::mean(&pairs).expect("two pairs");
        assert_eq!(mean.all, region(2.0, 0.125, 40));
        assert_eq!((mean.matched, mean.unmatched), (Some(region(2.0, 0.0, 5)), None));
        assert_eq!(FlowErrors::mean(&[]), None);
    }

    #[test]
    fn magnitudes_are_ranked() {
        let mut uv: Vec<[f32; 2]> = (1..=100).rev().map(|length| [0.0, -(length as f32)]).collect();
        uv.push([f32::NAN, 1e9]);
        let magnitudes = Magnitudes::of(&FlowField::new(101, 1, uv));
        assert_eq!(magnitudes, Magnitudes { mean: 50.5, median: 51.0, p95: 95.0, max: 100.0 });
        assert_eq!(Magnitudes::of(&FlowField::new(0, 0, vec![])), Magnitudes::default());
        let single = Magnitudes::of(&FlowField::new(1, 1, vec![[3.0, 4.0]]));
        assert_eq!(single, Magnitudes { mean: 5.0, median: 5.0, p95: 5.0, max: 5.0 });
    }

    #[test]
    fn what_does_not_return_is_occluded() {
        let row = |u: [f32; 4]| FlowField::new(4, 1, u.map(|u| [u, 0.0]).to_vec());
        // Pixel 0 goes to 1 and back, 1 goes to 2, which came from elsewhere, 2 goes half-way to 3 and back, 3 leaves.
        let occluded = forward_backward_occlusion(&row([1.0, 1.0, 0.5, 1.0]), &row([0.0, -1.0, 0.5, -1.5]));
        assert_eq!(occluded, [false, true, false, true]);
        // 0.70² = 0.490 is within 0.5 + 0.01·0.490, 0.72² = 0.518 is not within 0.5 + 0.01·0.518.
        let occluded = forward_backward_occlusion(&row([0.0; 4]), &row([0.70, 0.72, f32::NAN, 1e10]));
        assert_eq!(occluded, [false, true, true, true]);
        assert_eq!(forward_backward_occlusion(&row([f32::NAN; 4]), &row([0.0; 4])), [true; 4]);
    }
}
