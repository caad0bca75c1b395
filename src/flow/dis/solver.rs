//! The DIS solver, from the coarsest pyramid level to the finest.

use super::level::Level;
use super::parameters::{DisParameters, DisPreset, PATCH};
use super::search::Patches;
use super::{densify, pyramid, refinement};
use crate::error::{Error, Result};
use crate::flow::{FlowField, Plane};

/// DIS with one of its presets.
///
/// ```
/// use image::{Rgb, RgbImage};
/// use motionscope::flow::FlowEstimator;
/// use motionscope::flow::dis::{Dis, DisPreset};
///
/// // A bright disc that moves by two pixels to the right.
/// let disc = |centre: f32| {
///     RgbImage::from_fn(64, 48, |x, y| {
///         let distance = (x as f32 - centre).hypot(y as f32 - 24.0);
///         Rgb([(255.0 * (-distance * distance / 100.0).exp()) as u8; 3])
///     })
/// };
/// let flow = Dis::new(DisPreset::Medium).estimate(&disc(30.0), &disc(32.0))?;
/// let [u, v] = flow.at(31, 24);
/// assert!((u - 2.0).abs() < 0.3 && v.abs() < 0.3, "{u} {v}");
/// # Ok::<(), motionscope::error::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Dis {
    preset: DisPreset,
}

impl Dis {
    /// Returns a solver with this preset.
    pub fn new(preset: DisPreset) -> Self {
        Self { preset }
    }

    /// Returns the preset in use.
    pub fn preset(&self) -> DisPreset {
        self.preset
    }

    /// Returns the flow from `first` to `second`, grey pictures 0…255 of one size, in pixels.
    ///
    /// The result does not depend on the number of threads. Pictures narrower or lower than a patch of 8 pixels are
    /// continued by their edge.
    ///
    /// # Errors
    /// If the sizes differ, or if there are no pixels, or if one of them is not a finite number.
    pub fn flow(&self, first: &Plane, second: &Plane) -> Result<FlowField> {
        check(first, second)?;
        let (width, height) = first.size();
        let whole = (width.max(PATCH), height.max(PATCH));
        let parameters = self.preset.parameters();
        // One scope around all stages: each stage is then started by a pool thread that is already awake.
        let uv = rayon::scope(|_| {
            if whole == (width, height) {
                solve(first, second, &parameters)
            } else {
                let uv = solve(&continued(first, whole), &continued(second, whole), &parameters);
                uv.chunks(whole.0).take(height).flat_map(|row| &row[..width]).copied().collect()
            }
        });
        Ok(FlowField::new(width, height, uv))
    }
}

/// Solves from the coarsest level to the finest (algorithm 1 of the paper), then enlarges to full size.
fn solve(first: &Plane, second: &Plane, parameters: &DisParameters) -> Vec<[f32; 2]> {
    let (width, height) = first.size();
    let coarsest = pyramid::coarsest_scale((width, height));
    let finest = parameters.finest_scale.min(coarsest);
    let mut levels = levels([first, second], finest..=coarsest);
    for index in (0..levels.len()).rev() {
        let (finer, coarser) = levels.split_at_mut(index);
        let level = &mut coarser[0];
        let patches = Patches::search(level, parameters);
        densify::densify(level, &patches);
        if parameters.refinement_iterations > 0 {
            refinement::refine(level, parameters.refinement_iterations);
        }
        if let Some(finer) = finer.last_mut() {
            pyramid::enlarge(&level.flow, &mut finer.flow, 2.0);
        }
    }
    pyramid::enlarge_to_vectors(&levels[0].flow, (width, height), (1 << finest) as f32)
}

/// Returns the levels of the pyramid, the finest first.
fn levels(pictures: [&Plane; 2], scales: std::ops::RangeInclusive<usize>) -> Vec<Level> {
    let (width, height) = pictures[0].size();
    let finest = *scales.start();
    let mut pair = pictures.map(|picture| pyramid::shrink(picture, width >> finest, height >> finest));
    let mut levels = Vec::new();
    for scale in scales.clone() {
        let [first, second] = &pair;
        let next = (scale < *scales.end())
            .then(|| [first, second].map(|picture| pyramid::shrink(picture, picture.width / 2, picture.height / 2)));
        let [first, second] = match next {
            Some(next) => std::mem::replace(&mut pair, next),
            None => std::mem::take(&mut pair),
        };
        levels.push(Level::new(first, &second));
    }
    levels
}

/// Returns the picture extended to a larger size by repeating its last column and row.
fn continued(picture: &Plane, (width, height): (usize, usize)) -> Plane {
    Plane::from_fn(width, height, |x, y| picture.at(x.min(picture.width - 1), y.min(picture.height - 1)))
}

fn check(first: &Plane, second: &Plane) -> Result<()> {
    let (width, height) = first.size();
    let refused = |subject: &str, cause: String, remedy: &str| Err(Error::new(subject, cause, remedy));
    if width * height == 0 {
        return refused("DIS's pictures", format!("{width}×{height} has no pixels"), "Choose non-empty images");
    }
    if second.size() != first.size() {
        let cause = format!("{}×{} against {width}×{height} of the first picture", second.width, second.height);
        return refused("DIS's second picture", cause, "Use images of the same size");
    }
    if !first.values.iter().chain(&second.values).all(|value| value.is_finite()) {
        return refused("DIS's pictures", "a grey value is not a finite number".into(), "Give values from 0 to 255");
    }
    Ok(())
}
