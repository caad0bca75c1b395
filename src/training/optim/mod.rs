//! Optimisers, parameter groups, schedules, and monitoring of the optimisation.

pub(super) mod divergence;
pub(super) mod ema;
mod fused_adam;
pub(super) mod gradient_shares;
pub(super) mod optimizer;
pub(super) mod param_groups;
mod sum_of_squares;
pub(super) mod throughput;
