//! The unsupervised loss of MotionNet: each frame is reconstructed from the next and compared (paper, section 3.1;
//! spec, section 2).
//!
//! [`action`] is the loss of the streams, which learn from labels. Of the rest, read in this order: the
//! [`loss_images()`] that are compared, the [`warp()`] that reconstructs them, [`ssim`], and [`unsupervised`], which
//! sums the terms over the levels of the pyramid. [`supervised`] compares flow with ground truth.

pub mod action;
mod census;
pub mod distillation;
mod end_point;
pub mod flow3d;
mod intermediates;
mod kernels;
mod level_terms;
pub mod loss_images;
mod penalty;
pub mod ssim;
pub mod supervised;
mod switches;
pub mod taught_flow;
pub mod unsupervised;
pub mod visibility;
pub mod warp;

pub use intermediates::Intermediates;
pub use loss_images::{local_response_normalisation, loss_images};
pub use supervised::{LevelTruth, SupervisedLevel, SupervisedLoss};
pub use switches::{LossSwitches, LossTerm};
pub use unsupervised::{Evidence, LevelLoss, LossPreset, UnsupervisedLoss, Weights};
pub use warp::warp;
