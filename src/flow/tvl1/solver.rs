//! The TV-L1 solver for the CPU.

use super::fast::level::Level;
use super::stages::pyramid;
use super::stages::upscale::upscale_into;
use super::{Tvl1Parameters, stages};
use crate::error::{Error, Result};
use crate::flow::{FlowField, Plane};

/// TV-L1 with its parameters; memory is reused from one pair of pictures to the next.
///
/// ```
/// use image::{Rgb, RgbImage};
/// use motionscope::flow::FlowEstimator;
/// use motionscope::flow::tvl1::{Tvl1, Tvl1Parameters};
///
/// // A bright disc that moves by two pixels to the right.
/// let disc = |centre: f32| {
///     RgbImage::from_fn(64, 48, |x, y| {
///         let distance = (x as f32 - centre).hypot(y as f32 - 24.0);
///         Rgb([(255.0 * (-distance * distance / 100.0).exp()) as u8; 3])
///     })
/// };
/// let mut tvl1 = Tvl1::new(Tvl1Parameters::default())?;
/// let flow = tvl1.estimate(&disc(30.0), &disc(32.0))?;
/// let [u, v] = flow.at(31, 24);
/// assert!((u - 2.0).abs() < 0.3 && v.abs() < 0.3, "{u} {v}");
/// # Ok::<(), motionscope::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Tvl1 {
    parameters: Tvl1Parameters,
    /// The pyramid levels, full size first, allocated for the size of the last pair.
    levels: Vec<Level>,
    /// Maximum number of bands of a picture that are processed in parallel.
    bands: usize,
}

impl Tvl1 {
    /// Returns a solver with these parameters.
    ///
    /// # Errors
    /// If the parameters are not [checked](Tvl1Parameters::checked).
    pub fn new(parameters: Tvl1Parameters) -> Result<Self> {
        Ok(Self { parameters: parameters.checked()?, levels: Vec::new(), bands: rayon::current_num_threads() })
    }

    /// Returns a solver for one core, for callers that solve several pairs in parallel: bands share rows and so cost
    /// extra work.
    pub fn on_one_core(self) -> Self {
        Self { levels: Vec::new(), bands: 1, ..self }
    }

    /// Returns the parameters in use.
    pub fn parameters(&self) -> &Tvl1Parameters {
        &self.parameters
    }

    /// Returns the flow from `first` to `second`, grey pictures 0…255 of one size, in pixels.
    ///
    /// Starts from `initial` where it is given and known, such as the flow of the pair before, else from no motion.
    ///
    /// # Errors
    /// If the sizes differ, or if there are no pixels, or if one of them is not a finite number.
    pub fn flow(&mut self, first: &Plane, second: &Plane, initial: Option<&FlowField>) -> Result<FlowField> {
        self.flow_with(first, second, initial, &mut |_| {})
    }

    /// Like [`Tvl1::flow`]; calls `progress` with the completed fraction.
    pub(super) fn flow_with(
        &mut self,
        first: &Plane,
        second: &Plane,
        initial: Option<&FlowField>,
        progress: &mut dyn FnMut(f64),
    ) -> Result<FlowField> {
        check(first, second, initial)?;
        let initial = initial.map(components);
        let [u, v] = if self.parameters.gamma > 0.0 {
            // Illumination is a third unknown. It is rarely used, so the slow reference implementation is enough.
            stages::flow(&self.parameters, [first, second], initial.as_ref().map(|[u, v]| [u, v]))
        } else {
            self.prepare(first, second);
            self.start(initial);
            self.solve(progress)
        };
        let uv = u.values.iter().zip(&v.values).map(|(&u, &v)| [u, v]).collect();
        Ok(FlowField::new(first.width, first.height, uv))
    }

    /// Fills the pyramids of both pictures.
    fn prepare(&mut self, first: &Plane, second: &Plane) {
        if self.levels.first().is_none_or(|level| level.pictures[0].size() != first.size()) {
            let sizes = pyramid::sizes(first.size(), &self.parameters);
            self.levels = sizes.into_iter().map(|size| Level::new(size, self.parameters, self.bands)).collect();
        }
        let ratio = [1.0 / self.parameters.scale_step; 2];
        for (picture, source) in [first, second].into_iter().enumerate() {
            self.levels[0].pictures[picture].values.copy_from_slice(&source.values);
            for index in 1..self.levels.len() {
                let (finer, coarser) = self.levels.split_at_mut(index);
                pyramid::resample(&finer[index - 1].pictures[picture], &mut coarser[0].pictures[picture], ratio);
            }
        }
    }

    /// Sets the initial flow of the coarsest level.
    fn start(&mut self, initial: Option<[Plane; 2]>) {
        let step = self.parameters.scale_step;
        let steps = self.levels.len() - 1;
        let coarsest = &mut self.levels[steps].flow;
        match initial {
            Some(planes) => {
                *coarsest =
                    planes.map(|plane| (0..steps).fold(plane, |plane, _| pyramid::shrink(&plane, step).scaled(step)));
            }
            None => coarsest.iter_mut().for_each(|plane| plane.values.fill(0.0)),
        }
    }

    /// Solves from the coarsest level to the finest.
    fn solve(&mut self, progress: &mut dyn FnMut(f64)) -> [Plane; 2] {
        // Every level runs the same number of warps, so its cost is proportional to its pixels.
        let pixels = |level: &Level| level.flow[0].values.len() as f64;
        let all: f64 = self.levels.iter().map(pixels).sum();
        let mut done = 0.0;
        for index in (0..self.levels.len()).rev() {
            let (finer, coarser) = self.levels.split_at_mut(index);
            let level = &mut coarser[0];
            let own = pixels(level);
            level.solve(&mut |share| progress((done + share * own) / all));
            done += own;
            let Some(finer) = finer.last_mut() else { break };
            for (plane, larger) in level.flow.iter().zip(&mut finer.flow) {
                upscale_into(plane, larger);
                larger.values.iter_mut().for_each(|value| *value /= self.parameters.scale_step);
            }
        }
        self.levels[0].flow.clone()
    }
}

fn check(first: &Plane, second: &Plane, initial: Option<&FlowField>) -> Result<()> {
    let (width, height) = first.size();
    let refused = |subject: &str, cause: String, remedy: &str| Err(Error::new(subject, cause, remedy));
    if width * height == 0 {
        return refused("TV-L1's pictures", format!("{width}×{height} has no pixels"), "Choose non-empty images");
    }
    for (subject, (w, h)) in std::iter::once(("TV-L1's second picture", second.size()))
        .chain(initial.map(|field| ("TV-L1's initial flow", (field.width, field.height))))
    {
        if (w, h) != (width, height) {
            let cause = format!("{w}×{h} against {width}×{height} of the first picture");
            return refused(subject, cause, "Use images and flow of the same size");
        }
    }
    if !first.values.iter().chain(&second.values).all(|value| value.is_finite()) {
        return refused("TV-L1's pictures", "a grey value is not a finite number".into(), "Give values from 0 to 255");
    }
    Ok(())
}

/// Returns the planes u and v of a field; unknown vectors count as no motion.
fn components(field: &FlowField) -> [Plane; 2] {
    [0, 1].map(|component| {
        let known = |uv: &[f32; 2]| if FlowField::is_known(*uv) { uv[component] } else { 0.0 };
        Plane::new(field.width, field.height, field.uv.iter().map(known).collect())
    })
}
