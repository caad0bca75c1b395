//! Dense Inverse Search (Kroeger, Timofte, Dai, Van Gool: *Fast Optical Flow using Dense Inverse Search*, ECCV 2016) with
//! the presets of OpenCV's `DISOpticalFlow`.
//!
//! The fast flow method without learning, where [TV-L1](super::tvl1) is the accurate one. On every level of a
//! pyramid patches are searched in the second picture (`search.rs`), their motions become a flow of every pixel
//! (`densify.rs`), and a variational refinement makes it smooth (`refinement`). [`Dis`] is the solver.

mod densify;
mod estimator;
mod level;
mod parameters;
mod pyramid;
mod refinement;
mod search;
mod solver;
#[cfg(test)]
mod tests;

pub use parameters::DisPreset;
pub use refinement::refined;
pub use solver::Dis;
