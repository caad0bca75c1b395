//! The stages of TV-L1, each in its simplest form: the CPU twins of the shaders of the same names, and the reference
//! for the fast [`Tvl1`](super::Tvl1).
//!
//! A pair of pictures passes [`pyramid`]; each level, from the coarsest to the finest, passes [`gradient`], several
//! times [`warp`], per warp [`median`] and many times [`primal`] and [`dual`]; [`upscale`] hands the flow to the next
//! finer level. [`flow`] is that walk.

pub mod dual;
pub mod gradient;
pub mod median;
pub mod primal;
pub mod pyramid;
pub mod upscale;
pub mod warp;

mod component;

pub use component::Component;

use super::Tvl1Parameters;
use crate::flow::Plane;

/// Computes u and v between two grey pictures of one size, stage by stage: slow, but simple enough to verify by
/// reading.
///
/// `initial` is the flow to start from, in pixels of the full size. Iterations run until the sum of squared changes
/// is no longer above ε² per pixel, as in OpenCV's `DualTVL1OpticalFlow`.
pub fn flow(parameters: &Tvl1Parameters, pictures: [&Plane; 2], initial: Option<[&Plane; 2]>) -> [Plane; 2] {
    let levels = pyramid::pyramid(pictures, parameters);
    let (coarsest, ratio) = (&levels[levels.len() - 1][0], parameters.scale_step);
    let mut unknowns: Vec<Plane> = vec![Plane::zeros(coarsest.width, coarsest.height); 3];
    for (unknown, start) in unknowns.iter_mut().zip(initial.into_iter().flatten()) {
        *unknown = (1..levels.len()).fold(start.clone(), |plane, _| pyramid::shrink(&plane, ratio).scaled(ratio));
    }
    if parameters.gamma == 0.0 {
        unknowns.truncate(2);
    }
    for (index, [first, second]) in levels.iter().enumerate().rev() {
        unknowns = level(parameters, first, second, unknowns);
        if index > 0 {
            let (width, height) = levels[index - 1][0].size();
            unknowns = unknowns.iter().map(|u| upscale::upscale(u, width, height)).collect();
            // Displacements grow with the picture; illumination does not.
            unknowns[..2].iter_mut().for_each(|u| *u = u.scaled(1.0 / ratio));
        }
    }
    unknowns.truncate(2);
    unknowns.try_into().expect("there are two of them at least")
}

/// Returns the unknowns of one level after all warps.
fn level(parameters: &Tvl1Parameters, first: &Plane, second: &Plane, unknowns: Vec<Plane>) -> Vec<Plane> {
    let slopes = gradient::gradient(second);
    let stop_below = parameters.stop_below(first.values.len());
    let mut components: Vec<Component> = unknowns.into_iter().map(Component::new).collect();
    for _ in 0..parameters.warps {
        let data = warp::warp(first, second, &slopes, [&components[0].u, &components[1].u]);
        let mut error = f64::INFINITY;
        for _ in 0..parameters.outer_iterations {
            if error <= stop_below {
                break;
            }
            for component in &mut components[..2] {
                component.u = median::median(&component.u, parameters.median);
            }
            for _ in 0..parameters.inner_iterations {
                if error <= stop_below {
                    break;
                }
                error = primal::primal(&data, parameters, &mut components);
                components.iter_mut().for_each(|component| dual::dual(component, parameters.dual_step()));
            }
        }
    }
    components.into_iter().map(|component| component.u).collect()
}
