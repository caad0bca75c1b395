//! Optimisers, groups of parameters, schedules, and what watches over them.

pub(super) mod divergence;
pub(super) mod ema;
pub(super) mod gradient_shares;
pub(super) mod optimizer;
pub(super) mod param_groups;
pub(super) mod throughput;
